"""What was measured is merged section by section; the page shows wins, losses, load and what came to no end."""

import doctest
import json
import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks import code_size, measure, page, records, table
from benchmarks.goals import AGAIN, GOALS, IMPORT, NOTHING, TOPSIS, goals_of
from benchmarks.machine import busy, commit, machine
from benchmarks.measure import Measured, contest
from benchmarks.parts import PARTS
from benchmarks.records import Section
from benchmarks.scale import EACH
from benchmarks.table import Row, versus
from tests.contestants import endless, lost, ours, slow

DOCS = Path(__file__).parent.parent / "docs"
COMMIT = "0123abc"


def section(
    *rows: Row, date: str = "2026-01-02", commit: str = COMMIT, load: float = 0.2, busy: float = 0.01
) -> Section:
    return Section(date, commit, load, busy, "2 cores of a processor", "Python 3.11, PostGIS 3.3", rows)


def imported(ours: float, theirs: float) -> Row:
    return Row(IMPORT, ours, 50 << 20, "ogr2ogr", theirs, 20 << 20, runs=3, their_runs=3)


HELD = {
    "import": {100_000: section(imported(2.0, 1.0)), 450_000: section(imported(10.0, 2.0), date="2026-01-03")},
    "scale": {
        100_000: section(Row(NOTHING, 100.0, 2**30), Row(EACH, 0.002)),
        1_000_000: section(Row(NOTHING, 1250.0, 2 * 2**30), Row(EACH, 0.003), load=4.5, busy=0.6),
    },
    "mutations": {0: section(Row("the slowest of 1,000 damaged files", 5.0, 100 << 20))},
}


def cells(text: str, *start: str) -> list[str]:
    """The first row of a table that begins with these cells."""
    lines = (
        [cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")
    )
    return next(row for row in lines if row[: len(start)] == list(start))


def under(text: str, heading: str) -> str:
    """What stands under a heading, to the next one."""
    return re.split(r"^#+ ", text.split(f"{heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]


def test_one_section_is_replaced_and_all_others_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "benchmarks.md"
    page.write(file, HELD)
    before = file.read_text("utf-8")
    again = section(imported(6.0, 2.0), date="2026-02-01", commit="4567def")
    page.write(file, records.merged(records.read(page.beside(file)), "import", 450_000, again))
    after = file.read_text("utf-8")
    assert "2026-02-01, code `4567def`" in under(after, "### import, 450,000 parcels")
    assert "2026-01-03" not in after
    for other in ("### import, 100,000 parcels", "### scale, 1,000,000 parcels", "### mutations, any size"):
        assert under(after, other) == under(before, other)
    assert records.read(page.beside(file)) == {**HELD, "import": {100_000: HELD["import"][100_000], 450_000: again}}


def test_the_order_of_measuring_changes_no_byte(tmp_path: Path) -> None:
    written = []
    every = [(part, size, one) for part, sizes in HELD.items() for size, one in sizes.items()]
    for nth, order in enumerate((every, every[::-1])):
        file = tmp_path / f"{nth}.md"
        for part, size, one in order:
            page.write(file, records.merged(records.read(page.beside(file)), part, size, one))
        written.append((file.read_bytes(), page.beside(file).read_bytes()))
    assert written[0] == written[1]
    assert list(json.loads(written[0][1])["import"]) == ["0100000", "0450000"]


def test_numbers_are_kept_to_six_digits(tmp_path: Path) -> None:
    page.write(tmp_path / "a.md", {"import": {2000: section(Row(IMPORT, 1.23456789, 1234567890), load=1.23456)}})
    (row,) = records.read(tmp_path / "a.json")["import"][2000].rows
    assert (row.ours, row.memory) == (1.23457, 1234567890)
    assert '"load": 1.23,' in (tmp_path / "a.json").read_text("utf-8")


def test_wins_and_losses_stand_with_their_bounds() -> None:
    text = page.text(HELD)
    bounds = under(text, "## Bounds")
    assert cells(bounds, "import", "import", "ogr2ogr")[3:] == [
        "450,000",
        "4 x as long or less",
        "5 x as long",
        "**MISSED**",
    ]
    assert cells(bounds, "scale", f"{NOTHING} (growth)")[3:] == [
        "1,000,000",
        "time x 11.0 or less",
        "time x 12.5",
        "**MISSED**",
    ]
    assert cells(bounds, "scale", f"{NOTHING} (memory)")[3:] == ["1,000,000", "3,072 MB or less", "2,048 MB", "kept"]
    assert cells(bounds, "mutations", "the slowest of 1,000 damaged files")[3:] == [
        "",
        "10.00 s or less",
        "5.00 s",
        "kept",
    ]
    assert cells(bounds, "reimport", AGAIN, "ogr2ogr alone")[3:] == [
        "450,000",
        "2.5 x as long or less",
        "",
        "not measured",
    ]
    row = cells(under(text, "### import, 450,000 parcels"), "import", "ogr2ogr")
    assert row[3:] == ["10.00 s", "2.00 s", "5 x as long", "4 x as long or less: **MISSED**", "50 MB", "20 MB", "3 / 3"]
    assert (
        cells(under(text, "### import, 100,000 parcels"), "import", "ogr2ogr")[6] == ""
    )  # the bound is not for that size


def test_how_cost_grows_is_told_from_size_to_size() -> None:
    text = page.text(HELD)
    assert cells(text, "import", "100,000 to 450,000")[2:] == ["x 4.50", "x 5.00", "1.11", "ogr2ogr x 2.00"]
    assert cells(text, NOTHING, "100,000 to 1,000,000")[2:] == ["x 10.00", "x 12.50", "1.25", ""]
    three = {**HELD["import"], 1_000_000: section(imported(20.0, 4.0))}
    assert cells(page.text({"import": three}), "import", "100,000 to 1,000,000")[3] == "x 10.00"
    assert "grows" not in page.text({"mutations": HELD["mutations"]})


def test_a_figure_taken_under_load_says_so() -> None:
    text = page.text(HELD)
    busy = under(text, "### scale, 1,000,000 parcels")
    assert "load average 4.5 at the start. **Under load**: 60% of" in busy
    assert text.count("**Under load**") == 1
    assert "Pomiary zrobione na obciążonej maszynie: 1 z 5" in text


def test_the_country_is_reckoned_from_the_largest_size() -> None:
    assert cells(under(page.text(HELD), "## A whole country"), "16") == ["16", f"{38_000_000 * 0.003 / 16 / 3600:,.1f}"]
    assert "Not measured yet" in under(page.text({}), "## A whole country")


def test_each_machine_is_told_with_what_was_measured_there() -> None:
    other = replace(section(imported(1.0, 1.0)), machine="8 cores of another")
    text = under(
        page.text({"import": {100_000: other, 450_000: section(imported(1.0, 1.0))}}), "## Machines and versions"
    )
    assert "import 100,000: 8 cores of another; Python" in text
    assert "import 450,000: 2 cores of a processor; Python" in text


def test_the_page_in_the_documentation_is_what_was_measured() -> None:
    held = records.read(DOCS / "benchmarks.json")
    assert (DOCS / "benchmarks.md").read_text("utf-8") == page.text(held), (
        "run python -m benchmarks.page docs/benchmarks.md"
    )
    assert set(held) <= set(PARTS)


def test_every_bound_is_for_a_row_that_is_measured() -> None:
    assert {goal.part for goal in GOALS} <= set(PARTS)
    assert len({(goal.part, goal.what, goal.beside, goal.kind) for goal in GOALS}) == len(GOALS)
    row = Row("twelve wants", 1.0, beside=TOPSIS, theirs=29.0)
    (goal,) = goals_of("score", row, 1_000_000)
    assert goal.found(row) == 1 / 29 > goal.most
    assert list(goals_of("score", row, 450_000)) == []


def test_it_is_said_on_what_and_nothing_names_the_machine() -> None:
    import socket

    assert re.match(r"\d+ cores of .+, \d+ GB, .+, Linux \d", machine())
    assert socket.gethostname() not in machine()
    assert re.match(r"[\w.-]+( with changes)?$", commit()) or commit().startswith("version ")
    assert 0.0 <= busy() <= 1.0


@pytest.mark.parametrize("module", [table, code_size])
def test_examples_hold(module: ModuleType) -> None:
    done = doctest.testmod(module)
    assert done.attempted > 0 == done.failed


def test_the_size_of_the_code_is_counted() -> None:
    short = "def f():\n    return 1\n"
    long = 'class A:\n    def g(self):\n        """Say."""\n        a = 1\n\n        return a\n'
    assert code_size.row("0123456789abcdef", {"short.py": short, "long.py": long}) == (
        "0123456789ab", "2", "8", "2", "2", "3", "3", "long.py: g",
    )  # fmt: skip


def test_what_comes_to_no_end_is_a_row_that_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "MOST_S", 0.2)
    found = contest({"ours": ours, "endless": endless, "lost": lost}, runs=2, seconds=600.0)
    assert [len(one.seconds) for one in found.values()] == [2, 0, 0]
    assert found["endless"].given_up == "endless does not end within 0 s"
    assert found["lost"].given_up == "lost was ended by the system (-9)"
    row = versus("work", found["ours"], "endless", found["endless"], note="so many")
    assert (row.theirs, row.ratio, row.their_runs) == (None, None, 0)
    shown = cells("\n".join(page.section("profile", 450_000, section(row))), "work")
    assert shown[:3] == ["work", "endless", "so many; endless does not end within 0 s"]
    assert shown[4:6] == ["", ""]
    (goal,) = (one for one in GOALS if one.beside == "geopandas")
    lost_row = replace(row, what=goal.what, beside=goal.beside)
    text = page.text({"profile": {450_000: section(lost_row)}})
    assert cells(text, "profile", goal.what, goal.beside)[5:] == ["", "not measured"]
    assert cells(text, goal.what, goal.beside)[4:7] == ["", "", ""]


def test_another_tool_takes_one_turn_where_turns_are_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "LONG_S", 0.05)
    found = contest({"ours": slow, "theirs": slow}, runs=2, warm=1, seconds=0.1)
    assert [len(one.seconds) for one in found.values()] == [2, 1]
    assert versus("work", found["ours"], "theirs", found["theirs"]).their_runs == 1


def test_ours_must_come_to_an_end() -> None:
    with pytest.raises(measure.GivenUp):
        contest({"ours": lost}, runs=1, seconds=0.0)
    assert Measured([3.0, 1.0, 2.0]).median == 2.0
