"""Plan symbols: printed forms, legal regimes, the city's own rows; what nobody knows stays undecided."""

import csv
import dataclasses
from pathlib import Path

import pytest

from gis_sites.catalogue import load_catalogue, own_layers
from gis_sites.errors import CatalogueError
from gis_sites.symbols import PRACTICE, SymbolTable, Uses, letters, load_table

TABLE = own_layers() / "tables" / "symbol_uses.csv"
HEAD = "regime,symbol,yes,text\n"


@pytest.fixture(scope="module")
def table() -> SymbolTable:
    return load_table(TABLE)


def uses(yes: str = "", text: str = "") -> Uses:
    return Uses(frozenset(yes.split()), frozenset(text.split()))


def own(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "own.csv"
    path.write_text(HEAD + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


PRINTED = {
    ("P", "2021"): uses("production logistics"),
    ("P", "2003"): uses("production logistics", "office"),
    ("1P/U", "2003"): uses("production services", "logistics office retail"),
    ("1P/U", None): uses("production services", "logistics office retail"),
    ("3PU", "2021"): uses("production services", "logistics office retail"),
    ("P-U", "2003"): uses("production services", "logistics office retail"),
    ("2.MN-3", "2021"): uses("housing"),
    ("2.MN-3", "2003"): uses("housing", "services"),
    (" 12 KD-L ", "2003"): uses(),
    ("U/S", "2003"): uses("services logistics", "office retail"),
    ("U,MN", "2021"): uses("services office retail housing"),
    ("P, U", "2021"): uses("production logistics services office retail"),
    ("teren produkcji,teren usług", "2021"): uses("production logistics services office retail"),
    ("Teren  Składów i magazynów", "2021"): uses("logistics"),
    ("RZM", "2021"): uses("farm", "housing"),
}


@pytest.mark.parametrize(("printed", "regime"), PRINTED)
def test_what_a_printed_symbol_allows(table: SymbolTable, printed: str, regime: str | None) -> None:
    assert table.uses(printed, regime) == PRINTED[printed, regime]


@pytest.mark.parametrize(
    ("printed", "regime"),
    [
        ("XYZ", "2021"), ("P/XYZ", "2021"), ("teren produkcji, teren nieznany", "2021"), ("12", "2003"), ("", None),
        ("P", "before_2003"), ("U", "2026"), ("P/", "2026"), ("RZM", "2003"), ("---", "2003"),
    ],
)  # fmt: skip
def test_what_nobody_knows(table: SymbolTable, printed: str, regime: str | None) -> None:
    assert table.uses(printed, regime) is None


def test_without_a_regime_only_what_all_regimes_agree_on_is_decided(table: SymbolTable) -> None:
    assert table.uses("P", None) == uses("production logistics", "office")
    assert table.uses("U", None) == uses("services", "office retail")
    assert table.uses("MN", None) == uses("housing", "services")
    assert table.uses("RZM", None) == table.uses("RZM", "2021")


def test_rows_of_practice_stand_in_where_the_regime_has_none(table: SymbolTable) -> None:
    assert ("2003", "UO") not in table.rows
    assert table.uses("UO", "2003") == table.rows[PRACTICE, "UO"]
    assert table.uses("UA", "2021") == table.rows["2021", "UA"]


def test_letters_that_can_be_read_both_ways_are_decided_where_the_readings_agree(table: SymbolTable) -> None:
    assert table.rows["2021", "PS"] == uses("logistics")
    assert table.uses("PS", "2021") == uses("logistics")
    assert table.uses("P-S", "2021") == uses("logistics", "production")
    assert table.uses("P/S", "2021") == uses("production logistics")


def test_the_citys_own_rows_go_before_the_national_ones(table: SymbolTable, tmp_path: Path) -> None:
    rows = ["2003,U,services office,retail", "any,IA-1,production,", "any,PU,services,production", "any,XYZ,farm,"]
    both = table.after(load_table(own(tmp_path, *rows)))
    assert both.uses("1U", "2003") == uses("services office", "retail")
    assert both.uses("U", "2021") == table.uses("U", "2021")
    assert both.uses("IA-1", None) == uses("production")
    assert both.uses("IA-2", None) is None
    assert both.uses("P-U", "2003") == uses("services", "production")
    assert both.uses("P/U", "2003") == table.uses("P/U", "2003")
    assert both.uses("4XYZ", "2026") == uses("farm")
    assert table.uses("XYZ", "2026") is None
    assert both.uses("teren produkcji", "2021") == table.uses("P", "2021")


def test_the_latest_own_rows_go_first(table: SymbolTable, tmp_path: Path) -> None:
    first = load_table(own(tmp_path, "any,U,farm,"))
    second = load_table(own(tmp_path, "any,U,housing,"))
    assert table.after(first).after(second).uses("U", "2003") == uses("housing")


def test_own_symbols_are_read_with_the_catalogue(tmp_path: Path) -> None:
    loaded = load_catalogue(symbols=own(tmp_path, "any,IA-1,production,logistics"))
    assert loaded.tables["symbol_uses"].uses("IA-1", "2021") == uses("production", "logistics")
    with pytest.raises(CatalogueError, match=r"own\.csv.*“produktion”; did you mean “production”"):
        load_catalogue(symbols=own(tmp_path, "any,IA-1,produktion,"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("regime,symbol,yes\nany,P,\n", "own.csv: there is no column text"),
        (HEAD + "any,P,production,\nany,P,,\n", "own.csv: line 3: symbol “P” of regime “any” stands twice"),
        (HEAD + "any,P,production,production\n", "own.csv: line 2: “production” cannot be both yes and text"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "own.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogueError) as caught:
        load_table(path)
    assert sentence in caught.value.sentence("en")
    assert caught.value.sentence("pl") != caught.value.sentence("en")


def test_a_table_saved_by_a_spreadsheet_is_read(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_bytes(b"\xef\xbb\xbf" + HEAD.encode() + b"any,Q,farm,\r\n")
    assert load_table(path).uses("Q", None) == uses("farm")


def test_the_table_says_how_sure_it_is() -> None:
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 100
    assert {row["regime"] for row in rows} == {"2003", "2021", PRACTICE}
    for row in rows:
        assert all(
            row[column] for column in ("regime", "symbol", "pl", "en", "symbol_confidence", "uses_confidence")
        ), row
        assert row["symbol_confidence"] in {"secondary", "from-memory"}


def test_the_table_knows_the_uses_of_the_contract(table: SymbolTable) -> None:
    named = "production logistics services office retail large_retail housing farm"
    assert set(table.classes) == set(named.split())


def test_symbols_of_a_general_plan_are_all_known(table: SymbolTable) -> None:
    """The classes a zone's lists may name, by the ministry's own tool."""
    listed = "MW U K ZP ZD I MN H ZN L W ML RZM RZP RA RZW RN PEB PS PEF P C UR UHD G UH UL UG UA UN US UK UT UE UZ ZB"
    listed += " PEW PEO PEG KDA KDS KDR KDG KK KKL KW KL KO KDZ"
    assert [symbol for symbol in listed.split() if ("2021", symbol) not in table.rows] == []
    assert table.uses(listed.replace(" ", ","), "2021") is not None


def test_rows_cannot_be_changed(table: SymbolTable) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        table.rows = {}  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        uses().yes = frozenset()  # type: ignore[misc]


def test_letters() -> None:
    assert letters("12.KD-L3") == ["KD", "L"]
    assert letters("Ł1") == ["Ł"]
