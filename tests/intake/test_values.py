"""Cells: every form a file may write, and what is made of it."""

import doctest
import importlib
from datetime import date

import pytest

from gis_sites.catalogue import FieldSpec
from gis_sites.findings import FindingType
from gis_sites.intake.values import clean, is_placeholder, read_date, read_name, read_number, read_text, reader


@pytest.mark.parametrize("name", ["names", "values", "keys", "crs", "parcels"])
def test_the_examples_in_the_docstrings_run(name: str) -> None:
    failed, attempted = doctest.testmod(importlib.import_module(f"gis_sites.intake.{name}"))
    assert attempted
    assert not failed


@pytest.mark.parametrize("text", ["", " ", "\u00a0", "\u202f\t", "None", "<Null>", " NULL ", "nan", "\ufeff"])
def test_blanks_and_words_of_programs_are_empty(text: str) -> None:
    assert clean(text) is None


@pytest.mark.parametrize("key", ["---", "-", "0", "00", "brak", "BRAK", "n/a", "?", ".."])
def test_placeholders_are_no_identifiers(key: str) -> None:
    assert is_placeholder(key)


@pytest.mark.parametrize("key", ["10", "A", "12/0", "--R", "brakowska"])
def test_odd_identifiers_are_still_identifiers(key: str) -> None:
    assert not is_placeholder(key)


@pytest.mark.parametrize(
    ("text", "unit", "value", "mended"),
    [
        ("12", None, 12.0, False),
        ("-1.5e3", None, -1500.0, False),
        ("1 234,56", None, 1234.56, True),
        ("1\u00a0234", None, 1234.0, True),
        ("1.234,5", None, 1234.5, True),
        ("1,234,567", None, 1234567.0, True),
        ("0,2420 ha", "m2", 2420.0, True),
        ("35 m", "m", 35.0, True),
        ("110mm", "mm", 110.0, True),
        ("30 %", "share", 0.3, True),
        ("１２", None, 12.0, True),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, unit: str | None, value: float, mended: bool) -> None:
    cell = read_number(text, unit)
    assert cell.value == value
    assert (cell.issue is FindingType.VALUE_REPAIRED) == mended


@pytest.mark.parametrize(
    ("text", "unit"), [("abc", None), ("12 ha", None), ("10-15", "m"), ("1e400", None), ("30", "share"), ("DN", "mm")]
)
def test_what_is_no_number_is_unknown(text: str, unit: str | None) -> None:
    assert read_number(text, unit).value is None
    assert read_number(text, unit).issue is FindingType.VALUE_UNREADABLE


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-12-31", date(2024, 12, 31)),
        ("2024-12-31T10:00:00Z", date(2024, 12, 31)),
        ("31.12.2024", date(2024, 12, 31)),
        ("1.2.2024 r.", date(2024, 2, 1)),
        ("31/12/2024", date(2024, 12, 31)),
        ("20241231", date(2024, 12, 31)),
        ("12/31/2024", None),
        ("2024-02-30", None),
        ("9999-12-31", None),
        ("soon", None),
    ],
)
def test_days_are_read_in_the_polish_order(text: str, day: date | None) -> None:
    assert read_date(text).value == day


def test_codes_are_found_whatever_their_capitals_and_diacritics() -> None:
    spec = FieldSpec(type="code", codes={"existing": ("i", "istniejący"), "Ł": ("L",)})
    read = reader(spec, key=False, factor=1.0)
    assert [read(text).value for text in ("I", "ISTNIEJACY", "istniejący ", "ł", "l")] == ["existing"] * 3 + ["Ł"] * 2
    assert read("x").issue is FindingType.CODE_UNKNOWN


def test_codes_that_differ_by_capitals_only_must_be_written_exactly() -> None:
    read = reader(FieldSpec(type="code", codes={"Ps": (), "PS": ()}), key=False, factor=1.0)
    assert [read(text).value for text in ("Ps", "PS", "ps")] == ["Ps", "PS", None]


def test_flags_know_the_layers_own_words_first() -> None:
    own = reader(FieldSpec(type="flag", codes={"true": ("c",), "false": ("n",)}), key=False, factor=1.0)
    usual = reader(FieldSpec(type="flag"), key=False, factor=1.0)
    assert [own(text).value for text in ("c", "N", "true", "tak")] == [True, False, True, None]
    assert [usual(text).value for text in ("TAK", "nie", "1", "f")] == [True, False, True, False]


def test_land_register_and_pesel_numbers_never_enter() -> None:
    cell = read_text("wpis KZ1A/00012345/6, 80010112345")
    assert cell.value == "wpis ***, ***"
    assert cell.issue is FindingType.VALUE_MASKED


def test_an_identifier_in_odd_letters_is_written_in_usual_ones() -> None:
    assert read_name("３０６１\u00a0/２").value == "3061 /2"
    assert read_name("3061/2").issue is None
