"""What Arrow reads of a column at once is what the reader of the field reads text by text."""

import math
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis_sites.catalogue import Catalogue, FieldSpec
from gis_sites.intake import texts
from gis_sites.intake.cells import words
from gis_sites.intake.values import clean, compiled, reader
from gis_sites.store.tables import TYPES

ODD = [
    "12 /\u00a03",
    "１２/3",
    "a  b",
    "a\tb",
    "KZ1A/00012345/6",
    "80010112345",
    "1.5",
    "-0,5",
    "1e5",
    "007",
    "1 234",
    "x",
]
TEXT = st.one_of(
    st.sampled_from(ODD),
    st.text("0123456789/.-+ eE\u00a0\u2009kKżŻAZ_", min_size=1, max_size=14),
    st.from_regex(r"\A30\d{4}_1\.\d{4}\.([1-9]\d{0,3})(/[1-9]\d?)?\Z"),
).filter(lambda text: clean(text) is not None)


def _alike(one: Any, other: Any) -> bool:
    return one == other or (
        isinstance(one, float) and isinstance(other, float) and math.isnan(one) and math.isnan(other)
    )


@pytest.mark.parametrize(("kind", "key"), [("text", False), ("text", True), ("number", False)])
@given(said=st.lists(TEXT, max_size=12))
def test_plain_texts_read_as_one_by_one(kind: Any, key: bool, said: list[str]) -> None:
    spec = FieldSpec(type=kind)
    cleaned = [str(clean(text)) for text in said]
    reading = reader(spec, key=key, factor=1.0)
    values, noticed = texts.read(
        pa.array(cleaned, pa.string()), reading, texts.plain_of(spec, key=key), TYPES[kind].arrow
    )
    wanted = [reading(text) for text in cleaned]
    assert all(_alike(one, cell.value) for one, cell in zip(values.to_pylist(), wanted, strict=True))
    assert noticed == {place: cell for place, cell in enumerate(wanted) if cell.issue is not None}


@given(said=st.lists(st.one_of(st.none(), st.text("a \t\u00a0\u2009\ufeffNone", max_size=6)), max_size=12))
def test_blanks_fall_away_as_one_by_one(said: list[str | None]) -> None:
    found = words(pa.array(said, pa.string()))
    wanted = [None if text is None else clean(text) for text in said]
    assert [None if place < 0 else found.texts[place] for place in found.index.tolist()] == wanted
    assert len(set(found.texts)) == len(found.texts)


@given(said=st.lists(TEXT, max_size=12))
def test_groups_of_patterns_are_those_of_python(catalogue: Catalogue, said: list[str]) -> None:
    for layer in catalogue:
        for spec in layer.fields.values():
            if spec.pattern:
                _same_groups(spec.pattern, said)


def _same_groups(pattern: str, said: list[str]) -> None:
    found = texts.groups(pa.array(said, pa.string()), pattern)
    matches = [compiled(pattern).fullmatch(text) for text in said]
    assert found[""].to_pylist() == [match and match.string for match in matches]
    for name in compiled(pattern).groupindex:
        assert found[name].to_pylist() == [match and (match[name] or None) for match in matches]


def test_a_pattern_arrow_cannot_say_is_read_by_python() -> None:
    found = texts.groups(pa.array(["aa", "ab"]), r"(?P<one>.)(?P=one)")
    assert (found[""].to_pylist(), found["one"].to_pylist()) == (["aa", None], ["a", None])
