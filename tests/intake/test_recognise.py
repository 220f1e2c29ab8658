"""Recognition: by name, columns, geometry and values, with reasons; and what is asked, ready to be typed."""

import re
import shlex
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from gis_sites.catalogue import Catalogue
from gis_sites.errors import Refused
from gis_sites.intake.names import quoted
from gis_sites.intake.note import Note, note_of
from gis_sites.intake.plan import ImportPlan, read_source
from gis_sites.intake.recognise import HALF, SURE, Recognised, recognise
from gis_sites.intake.samples import looking
from gis_sites.intake.source import SourceTable, open_source
from gis_sites.store.connect import Store
from tests.intake.support import box, line, parcel_id, take, write

INVENTORIES = tomllib.loads((Path(__file__).parent / "inventories.toml").read_text(encoding="utf-8"))
TABLES = [(title, name, one) for title, tables in INVENTORIES.items() for name, one in tables.items()]


def table(name: str, geometry: str | None = "MultiLineString", columns: str = "") -> SourceTable:
    """Describe a table that need not exist."""
    return SourceTable(name, geometry, dict.fromkeys(columns.split(), "str"), 1, "EPSG:2177")


def feeds(found: Recognised) -> set[str]:
    return {match.layer for match in found.feeds}


# --- what municipal folders hold ---


def test_the_inventories_are_many_and_different() -> None:
    assert len(INVENTORIES) >= 25
    assert len(TABLES) >= 450
    assert len({layer for *_, one in TABLES for layer in one["is"].split()}) >= 25


@pytest.mark.parametrize("title", INVENTORIES)
def test_no_table_is_taken_for_what_it_is_not(catalogue: Catalogue, title: str) -> None:
    for name, one in INVENTORIES[title].items():
        found = recognise(catalogue, table(name, one.get("geometry"), one["columns"]), Note())
        assert feeds(found) <= set(one["is"].split()), name


def test_most_tables_of_ours_are_known_and_the_rest_is_asked(catalogue: Catalogue) -> None:
    told: Counter[str] = Counter()
    for _, name, one in TABLES:
        found = recognise(catalogue, table(name, one.get("geometry"), one["columns"]), Note())
        right = set(one["is"].split())
        told["ours" if right else "others"] += 1
        told["known"] += bool(right) and feeds(found) == right
        told["partly"] += bool(feeds(found)) and feeds(found) < right
        assert all(match.confidence < SURE or not found.feeds for match in found.maybe)
    assert told["known"] >= 0.8 * told["ours"]
    assert told["partly"] == 0


# --- the reasons ---


@pytest.mark.parametrize(
    ("made", "reasons"),
    [
        (
            table("GES_PrzewodGazowy", columns="lokalnyId"),
            "called GES_PrzewodGazowy; columns .* layer's fields: lokalnyId",
        ),
        (table("Sieć wodociągowa"), r"name fits \*wodoc\*"),
        (table("drogi_krajowe"), r"name fits \*drog\*; the geometry is the layer's: lines"),
    ],
)
def test_reasons_are_sentences(catalogue: Catalogue, made: SourceTable, reasons: str) -> None:
    (match,) = recognise(catalogue, made, Note()).feeds
    said = "; ".join(reason.say("en") for reason in match.reasons)
    assert re.search(reasons, said), said
    assert all(reason.say("pl") != reason.say("en") for reason in match.reasons)


def test_a_name_that_says_more_is_not_enough(catalogue: Catalogue) -> None:
    (match,) = recognise(catalogue, table("drogi_rowerowe"), Note()).maybe
    assert (match.layer, match.confidence) == ("road", HALF)
    assert "the name also says rowerowe, which is not understood" in [reason.say("en") for reason in match.reasons]


def test_columns_and_a_full_name_make_it_surer(catalogue: Catalogue) -> None:
    bare = recognise(catalogue, table("wodociag"), Note()).feeds[0].confidence
    more = recognise(catalogue, table("wodociag", columns="id srednica status funkcja"), Note()).feeds[0].confidence
    full = recognise(catalogue, table("GES_PrzewodWodociagowy"), Note()).feeds[0].confidence
    assert SURE <= bare < more < full < 1
    assert recognise(catalogue, table("x"), Note(layer={"x": "water"})).feeds[0].confidence == 1


# --- by values ---


def recognised(catalogue: Catalogue, path: Path) -> Recognised:
    """Recognise the first table of a file, with a look at its values."""
    source = open_source(path)
    return recognise(catalogue, source.tables[0], Note(), look=looking(source, None))


def test_values_tell_the_column_where_its_name_does_not(catalogue: Catalogue, tmp_path: Path) -> None:
    columns = {"fid_zrodla": ["a", "b", "c"], "nr_w_ewid": [parcel_id(n) for n in (1, 2, 3)]}
    path = write(tmp_path / "p.gpkg", "dzialki_2024", columns, [box(20 * n, 0) for n in range(3)])
    (match,) = recognised(catalogue, path).feeds
    assert {name: one.column for name, one in match.seen.items()} == {"id": "nr_w_ewid"}
    assert "3 of 3 values read of column nr_w_ewid have the form of parcel.id" in map(str, match.reasons)
    assert recognise(catalogue, open_source(path).tables[0], Note()).feeds == ()


def test_plan_symbols_are_known_by_their_form(catalogue: Catalogue, tmp_path: Path) -> None:
    columns = {"kol_1": ["1MN", "2.U", "3P/U", "4KD-L"], "kol_2": ["a1", "b2", "c3", "d4"]}
    path = write(tmp_path / "p.gpkg", "mpzp", columns, [box(20 * n, 0) for n in range(4)])
    (match,) = recognised(catalogue, path).feeds
    assert match.seen["symbol"].column == "kol_1"


@pytest.mark.parametrize(
    "columns",
    [
        {"a": [parcel_id(1)], "b": [parcel_id(2)]},  # two columns that could be it
        {"a": ["12/3"]},  # none
        {"nr_kw": [parcel_id(1)]},  # personal by its name: never read
    ],
)
def test_values_that_do_not_decide_decide_nothing(
    catalogue: Catalogue, tmp_path: Path, columns: dict[str, list[str]]
) -> None:
    assert recognised(catalogue, write(tmp_path / "p.gpkg", "dzialki", columns, [box(0, 0)])).feeds == ()


def test_values_alone_make_no_layer_of_a_table_but_a_question(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    path = write(tmp_path / "x.gpkg", "warstwa 1", {"co": [parcel_id(1)]}, [box(0, 0)])
    with pytest.raises(Refused) as refused:
        read_source(store, catalogue, path, Note())
    sentence = refused.value.sentence("en")
    assert "1 of 1 values read of column co have the form of parcel.id" in sentence
    plan = typed(store, catalogue, path, sentence)
    assert [(one.layer.name, one.fit.columns["id"]) for one in plan.loads] == [("parcel", "co")]


def test_values_tell_the_column_of_a_stated_layer(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = write(tmp_path / "x.gpkg", "warstwa 1", {"nr": ["1"], "co": [parcel_id(1)]}, [box(0, 0)])
    report = take(store, catalogue, path, layer={"warstwa 1": "parcel"}).loads[0]
    assert {one.column: one.field for one in report.columns} == {"nr": None, "co": "id"}
    assert len(report.reasons) == 2


# --- what is asked can be typed ---


def typed(store: Store, catalogue: Catalogue, path: Path, sentence: str) -> ImportPlan:
    """Type the options that a refusal names, as a shell reads them."""
    words = shlex.split(sentence.split("becomes of them: ")[1].split(" (a layer's name", maxsplit=1)[0])
    said: dict[str, list[str]] = {}
    for option, word in zip(words[::2], words[1::2], strict=True):
        said.setdefault(option.removeprefix("--"), []).append(word)
    return read_source(store, catalogue, path, note_of(**said))  # type: ignore[arg-type]


NAMES = ["oczyszczone$", 'a"b', "x'; DROP TABLE parcels;--", "a.b=c", "ąę 1", "a\\b", "it's"]
WORSE = ["$(reboot)", "`id`", "!x", "a\nb"]
"""Names no GeoPackage can have."""


def test_every_open_table_is_named_with_options_a_shell_reads(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    path = tmp_path / "n.gpkg"
    for name in NAMES:
        write(path, name, {"k": [1]}, [line((0, 0), (5, 5))])
    write(path, "drogi_rowerowe", {"id": ["a"]}, [line((0, 0), (5, 5))])
    with pytest.raises(Refused) as refused:
        read_source(store, catalogue, path, Note())
    plan = typed(store, catalogue, path, refused.value.sentence("en"))
    assert sorted(plan.left_out) == sorted(NAMES)
    assert [(one.table.name, one.layer.name) for one in plan.loads] == [("drogi_rowerowe", "road")]
    assert "--rest skip" in refused.value.sentence("pl")


@pytest.mark.parametrize("name", [*NAMES, *WORSE])
def test_a_quoted_word_is_read_back_as_it_is(name: str) -> None:
    assert shlex.split(quoted(name)) == [name]


def test_a_torn_table_is_asked_about_with_every_choice(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = write(tmp_path / "n.gpkg", "drogi_tory", {"id": ["a"]}, [line((0, 0), (5, 5))])
    write(path, "cos", {"id": ["a"]}, [line((0, 0), (5, 5))])
    with pytest.raises(Refused) as refused:
        read_source(store, catalogue, path, Note())
    sentence = refused.value.sentence("en")
    for choice in ("rail", "road", "skip"):
        assert f'--layer "drogi_tory={choice}"' in sentence
    assert '--layer "cos=skip"' in sentence
    assert take(store, catalogue, path, rest="skip", layer={"drogi_tory": "road"}).left_out == ["cos"]


def test_a_table_two_layers_share_is_offered_to_both(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    path = write(tmp_path / "n.gpkg", "kanalizacja_rypinek", {"id": ["a"]}, [line((0, 0), (5, 5))])
    with pytest.raises(Refused, match='--layer "kanalizacja_rypinek=sewer,stormwater"'):
        read_source(store, catalogue, path, Note())


def test_a_table_left_out_with_the_rest_is_told_where_it_may_be_a_layer(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    path = write(tmp_path / "n.gpkg", "wodociag_rypinek", {"id": ["a"]}, [line((0, 0), (5, 5))])
    write(path, "drogi_rowerowe", {"id": ["a"]}, [line((0, 0), (5, 5))])
    write(path, "cos", {"id": ["a"]}, [line((0, 0), (5, 5))])
    write(path, "wodociag", {"id": ["a"]}, [line((0, 0), (5, 5))])
    report = take(store, catalogue, path, rest="skip", layer={"drogi_rowerowe": "skip"})
    assert report.left_out == ["wodociag_rypinek", "drogi_rowerowe", "cos"]
    (kind,) = report.findings
    assert (kind["type"], kind["count"]) == ("table_left_out", 1)
    assert '--layer "wodociag_rypinek=water"' in kind["examples"][0]["sentence"]
