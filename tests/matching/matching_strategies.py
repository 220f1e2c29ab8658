"""Profiles and requirements of every shape, for property tests."""

from typing import Any

from hypothesis import strategies as st
from matching_fakes import CATALOGUE

from gis_sites.catalogue import Attribute

ATTRIBUTES = {
    name: one for name, one in CATALOGUE.attributes.items() if one.kind in {"number", "code", "flag"} and one.public
}
ANY = st.floats(0, 1, allow_subnormal=False)


def cells(attribute: Attribute, numbers: st.SearchStrategy[float]) -> st.SearchStrategy[Any]:
    """One cell of an attribute: known, a range, none or unknown."""
    if attribute.kind == "flag":
        return st.sampled_from([True, False, "unknown"])
    if attribute.kind == "code":
        return st.sampled_from([*attribute.codes, "unknown"])
    ranges = st.lists(numbers, min_size=2, max_size=2).map(sorted)
    odd = ["unknown", "none"]
    if attribute.none == float("inf"):
        ranges |= numbers.map(lambda low: [low, float("inf")])
    return st.one_of(numbers, ranges, st.sampled_from(odd))


@st.composite
def profiles(draw: st.DrawFn, numbers: st.SearchStrategy[float] = ANY, most: int = 12) -> dict[str, list[Any]]:
    """A table of cells for a few parcels."""
    ids = draw(st.lists(st.text("ab/1ż", min_size=1, max_size=4), min_size=1, max_size=most, unique=True))
    n = len(ids)
    names = draw(st.lists(st.sampled_from(sorted(ATTRIBUTES)), min_size=1, max_size=6, unique=True))
    table = {name: draw(st.lists(cells(ATTRIBUTES[name], numbers), min_size=n, max_size=n)) for name in names}
    return {"id": ids, **table}


def criteria(attribute: Attribute, numbers: st.SearchStrategy[float]) -> st.SearchStrategy[dict[str, Any]]:
    """A criterion that suits an attribute."""
    unknown = st.sampled_from([{}, {"unknown": "failed"}])
    if attribute.kind == "flag":
        said = st.booleans().map(lambda value: {"is": value})
    elif attribute.kind == "code":
        codes = st.lists(st.sampled_from(attribute.codes), min_size=1, max_size=2, unique=True)
        said = st.builds(lambda key, some: {key: some}, st.sampled_from(["any_of", "none_of"]), codes)
    else:
        pair = st.lists(numbers, min_size=2, max_size=2).map(sorted)
        said = st.one_of(
            numbers.map(lambda value: {"min": value}),
            numbers.map(lambda value: {"max": value}),
            pair.map(lambda ends: {"min": ends[0], "max": ends[1]}),
        )
    return st.builds(lambda one, other: {**one, **other}, said, unknown)


@st.composite
def wants(
    draw: st.DrawFn, attribute: Attribute, numbers: st.SearchStrategy[float], weights: st.SearchStrategy[float]
) -> dict[str, Any]:
    """A want with a scale that suits an attribute."""
    weight = {"weight": draw(weights)}
    if attribute.kind == "flag":
        return {"is": draw(st.booleans()), **weight}
    if attribute.kind == "code":
        codes = draw(st.lists(st.sampled_from(attribute.codes), min_size=1, max_size=3, unique=True))
        return {"worth": {code: draw(numbers) for code in codes}, **weight}
    at = sorted(draw(st.lists(numbers, min_size=1, max_size=4, unique=True)))
    return {"at": at, "worth": draw(st.lists(numbers, min_size=len(at), max_size=len(at))), **weight}


@st.composite
def requirements(
    draw: st.DrawFn,
    numbers: st.SearchStrategy[float] = ANY,
    weights: st.SearchStrategy[float] = st.floats(0.1, 9),  # noqa: B008 - strategies are immutable
) -> dict[str, Any]:
    """A requirement of a few musts, alternatives and wants."""
    names = st.lists(st.sampled_from(sorted(ATTRIBUTES)), max_size=3, unique=True)
    group = names.filter(len).flatmap(
        lambda some: st.fixed_dictionaries({name: criteria(ATTRIBUTES[name], numbers) for name in some})
    )
    either = st.lists(group, min_size=1, max_size=2).map(lambda some: {"any": some})
    return {
        "format": 1,
        "must": {name: draw(criteria(ATTRIBUTES[name], numbers)) for name in draw(names)},
        "either": draw(st.lists(either, max_size=1)),
        "want": {name: draw(wants(ATTRIBUTES[name], numbers, weights)) for name in draw(names)},
    }
