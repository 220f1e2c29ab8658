"""Cells: every form a file may write, and what is made of it."""

import doctest
import importlib
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gis_sites.catalogue import FieldSpec
from gis_sites.findings import FindingType
from gis_sites.intake.cells import read_days, read_in_units, read_numbers, words
from gis_sites.intake.values import (
    UNITS,
    clean,
    code_reader,
    is_placeholder,
    read_date,
    read_name,
    read_number,
    read_text,
    reader,
    tight,
)

LEAST = settings(deadline=None)


@pytest.mark.parametrize("name", ["names", "values", "days", "keys", "crs", "axes"])
def test_the_examples_in_the_docstrings_run(name: str) -> None:
    failed, attempted = doctest.testmod(importlib.import_module(f"gis_sites.intake.{name}"))
    assert attempted
    assert not failed


@pytest.mark.parametrize(
    "text", ["", " ", "\u00a0", "\u202f\t", "None", "none", "<Null>", " NULL ", "(null)", "nan", "#N/D!", "\ufeff"]
)
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
        ("1\u2009234,5", None, 1234.5, True),
        ("1\u202f234\u202f567", None, 1234567.0, True),
        ("12'500", None, 12500.0, True),
        ("12\u2019500,75", None, 12500.75, True),
        ("1,234.5", None, 1234.5, True),
        ("1.234.567", None, 1234567.0, True),
        ("\u221212,5", None, -12.5, True),
        ("12,", None, 12.0, True),
        (",5", None, 0.5, True),
        (".5", None, 0.5, False),
        ("1,5 km", "m", 1500.0, True),
        ("200 mm", "mm", 200.0, True),
        ("DN 200", "mm", 200.0, True),
        ("DN200 mm", "mm", 200.0, True),
        ("Ø 110", "mm", 110.0, True),
        ("fi 63", "mm", 63.0, True),
        ("śr. 0,2 m", "mm", 200.0, True),
        ("1 250 m²", "m2", 1250.0, True),
        ("300 m kw.", "m2", 300.0, True),
        ("2 a", "m2", 200.0, True),
        ("2420 m2", "ha", 0.242, True),
        ("1,5 MW", "kW", 1500.0, True),
        ("120 zł/m²", "PLN/m2", 120.0, True),
        ("12,5 proc.", "share", 0.125, True),
        ("0,3", "share", 0.3, True),
        ("0", "share", 0.0, False),
        ("0", "m", 0.0, False),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, unit: str | None, value: float, mended: bool) -> None:
    cell = read_number(text, unit)
    assert cell.value == value
    assert (cell.issue is FindingType.VALUE_REPAIRED) == mended


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("abc", None), ("12 ha", None), ("10-15", "m"), ("10–15", "m"), ("1e400", None), ("30", "share"), ("DN", "mm"),
        ("DN 200", "m"), ("ok. 200", "mm"), ("do 12", "m"), ("12 34", None), ("1 23", None), ("12,5,3", None),
        ("1.2.3", None), ("10²", None), ("1/2", None), ("½", None), ("2 x 110", "mm"), ("12 h", "m"),
        ("120 %", "share"), ("-1 %", "share"), ("-0,01 ha", "m2"), ("0", "ha"), ("0,00", "mm"), ("-3", "m"),
        ("-", None), ("brak", "m"), ("=1+1", None), ("1_000", None), ("0x10", None), ("∞", None),
    ],
)  # fmt: skip
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
        ("2024-12-31T00:00:00Z", date(2024, 12, 31)),
        ("2024-12-31T23:30:00.000+01:00", date(2024, 12, 31)),
        ("20260819T010000", date(2026, 8, 19)),
        ("2024/12/31", date(2024, 12, 31)),
        ("2024-1-5", date(2024, 1, 5)),
        ("31 grudnia 2024", date(2024, 12, 31)),
        ("31\u00a0GRUDNIA\u00a02024 r.", date(2024, 12, 31)),
        ("1 października 2023 roku", date(2023, 10, 1)),
        ("1 pazdziernika 2023", date(2023, 10, 1)),
        ("31 XII 2024", date(2024, 12, 31)),
        ("3.IX.1999 r.", date(1999, 9, 3)),
        ("31-gru-2024", date(2024, 12, 31)),
        ("31 - 12 - 2024", date(2024, 12, 31)),
        ("３１.１２.２０２４", date(2024, 12, 31)),
        ("31.12.24", None),
        ("24-12-31", None),
        ("31 grudnia 24", None),
        ("31 grudzieńca 2024", None),
        ("31.12.9999", None),
        ("01.01.0001", None),
        ("2024-12-31 i dalej", None),
        ("45657", None),
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


def test_a_code_nobody_knows_names_the_nearest_first_and_takes_none() -> None:
    spec = FieldSpec(type="code", codes={"designed": ("projektowany",), "existing": ("istniejący",), "other": ()})
    read = reader(spec, key=False, factor=1.0)
    near = {text: read(text) for text in ("istniejacy w terenie", "projekt", "othr")}
    assert [cell.value for cell in near.values()] == [None] * 3
    assert [cell.shown.split(", ")[0] for cell in near.values()] == ["existing", "designed", "other"]
    assert all(set(cell.shown.split(", ")) == {"designed", "existing", "other"} for cell in near.values())
    assert reader(FieldSpec(type="flag"), key=False, factor=1.0)("takk").shown.startswith("tak, ")
    secret = reader(spec.model_copy(update={"public": False}), key=False, factor=1.0)
    assert secret("othr").shown == secret("projekt").shown == "designed, existing, other"


def test_a_column_of_other_things_altogether_is_read_quickly() -> None:
    read = code_reader(FieldSpec(type="code", codes={f"code_{n}": (f"kod {n}",) for n in range(30)}))
    assert {read(f"tekst numer {n}").issue for n in range(20_000)} == {FindingType.CODE_UNKNOWN}


def test_an_identifier_is_read_whatever_blanks_stand_in_it() -> None:
    assert tight("306101_1.\u00a00012 . 45 / 3") == "306101_1.0012.45/3"


# --- what is printed is read ---

WHOLE = st.integers(0, 10**12)
DECIMALS = st.text("0123456789", min_size=1, max_size=4)
BLANK = st.sampled_from([" ", "\u00a0", "\u2009", "\u202f", "'"])
SIGN = st.sampled_from(["", "-", "\u2212"])


@LEAST
@given(whole=WHOLE, decimals=DECIMALS, blank=BLANK, sign=SIGN)
def test_a_number_printed_the_polish_way_is_read_back(whole: int, decimals: str, blank: str, sign: str) -> None:
    printed = f"{sign}{whole:,}".replace(",", blank) + f",{decimals}"
    assert read_number(printed).value == float(f"{'-' if sign else ''}{whole}.{decimals}")


@LEAST
@given(whole=WHOLE, decimals=DECIMALS, sign=SIGN)
def test_a_number_printed_the_english_way_is_read_back(whole: int, decimals: str, sign: str) -> None:
    value = float(f"{'-' if sign else ''}{whole}.{decimals}")
    assert read_number(f"{sign}{whole:,}.{decimals}").value == value
    assert read_number(f"{sign}{whole}.{decimals}").value == value


@LEAST
@given(st.floats(-1e12, 1e12).map(lambda value: round(value, 6)))
def test_a_number_as_programs_print_it_is_read_to_the_last_bit(value: float) -> None:
    assert read_number(repr(value)).value == value
    assert read_number(repr(value).replace(".", ",")).value == value


@LEAST
@given(st.dates(date(1800, 1, 1), date(2200, 12, 31)))
def test_a_day_printed_in_any_form_is_read_back(day: date) -> None:
    months = "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października listopada grudnia"
    month = months.split(" ")[day.month - 1]
    forms = [
        day.isoformat(), f"{day.isoformat()}T00:00:00Z", f"{day:%Y%m%d}", f"{day.day}.{day.month}.{day.year}",
        f"{day:%d.%m.%Y} r.", f"{day:%d/%m/%Y}", f"{day:%d-%m-%Y}", f"{day.day} {month} {day.year} r.",
    ]  # fmt: skip
    assert [read_date(form).value for form in forms] == [day] * len(forms)
    assert read_date(day.isoformat()).issue is None
    assert {read_date(form).issue for form in forms[2:]} == {FindingType.VALUE_REPAIRED}


@LEAST
@given(st.dates(), st.sampled_from(["%d.%m.%y", "%y-%m-%d", "%d/%m/%y"]))
def test_a_year_of_two_digits_is_never_guessed(day: date, form: str) -> None:
    assert read_date(day.strftime(form)).value is None


@LEAST
@given(st.text(max_size=40), st.sampled_from([None, *UNITS]))
@example("1" * 5000, None)
@example("1," * 500, "m")
@example("DN" + " " * 200, "mm")
def test_no_text_makes_a_reader_fail(text: str, unit: str | None) -> None:
    number, day = read_number(text, unit), read_date(text)
    assert (number.value is None) == (number.issue is FindingType.VALUE_UNREADABLE)
    assert day.value is None or 1800 <= day.value.year <= 2200
    spec = FieldSpec(type="code", codes={"a": ("b",)})
    for read in (read_text, read_name, reader(spec, key=False, factor=1.0)):
        assert read(text) is not None


def test_whole_numbers_no_float_holds_are_taken_for_the_nearest() -> None:
    column = pa.array([2**53 + 1, None, 3])
    assert read_numbers(column, 1.0, unit="m").values.to_pylist() == [2.0**53, None, 3.0]
    units = words(pa.array(["m", "m", "km"]))
    assert read_in_units(column, units, {"m": 1.0, "km": 1e3}, unit="m").values.to_pylist() == [2.0**53, None, 3e3]


@pytest.mark.parametrize(("unit", "least"), [("ha", 1e-9), ("mm", 1e-9), ("m", 0.0), (None, -1.0), ("share", 0.0)])
def test_a_number_its_unit_cannot_be_is_unknown(unit: str | None, least: float) -> None:
    numbers = [-1.0, 0.0, 1e-9, 1.0, 2.0, float("nan"), float("inf")]
    most = 1.0 if unit == "share" else 2.0
    right = [number if least <= number <= most else None for number in numbers]
    named = words(pa.array(["there"] * len(numbers)))
    for found in (
        read_numbers(pa.array(numbers), 1.0, unit=unit),
        read_in_units(pa.array(numbers), named, {"there": 1.0}, unit=unit),
    ):
        assert found.values.to_pylist() == right
        assert sum(len(issue.rows) for issue in found.issues) == right.count(None) - 1  # NaN is empty
    assert [read_number(str(number), unit).value for number in numbers[:5]] == right[:5]


@pytest.mark.parametrize("kind", [pa.date32(), pa.timestamp("ms"), pa.timestamp("ms", "UTC"), pa.timestamp("us")])
def test_days_no_calendar_has_are_unreadable(kind: pa.DataType) -> None:
    a_day = 1 if kind == pa.date32() else {"ms": 86_400_000, "us": 86_400_000_000}[kind.unit]
    far, before = 3_789_548 * a_day, -735_524 * a_day  # in the years 12345 and -44
    column = pa.array([far, 19_723 * a_day, None, before], pa.int64()).cast(pa.int32() if a_day == 1 else pa.int64())
    days = read_days(column.cast(kind))
    assert days.values.to_pylist() == [None, date(2024, 1, 1), None, None]
    assert [(issue.type, issue.rows.tolist()) for issue in days.issues] == [
        (FindingType.VALUE_UNREADABLE, [0]),
        (FindingType.VALUE_UNREADABLE, [3]),
    ]
    assert [bool(one) for one in words(column.cast(kind)).texts] == [True] * 3


def test_a_moment_to_the_nanosecond_is_of_its_day() -> None:
    moment = int(datetime(2024, 1, 1, 23, 59, tzinfo=UTC).timestamp()) * 10**9 + 1
    assert read_days(pa.array([moment], pa.timestamp("ns"))).values.to_pylist() == [date(2024, 1, 1)]
