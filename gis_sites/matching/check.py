"""Hold a requirement against the catalogue: names, codes, kinds of values, scales."""

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import islice

from gis_sites.catalogue import Attribute, Catalogue
from gis_sites.matching import ahp
from gis_sites.matching.reading import MOST_FAULTS, refusal
from gis_sites.matching.requirement import Criterion, Requirement, Want
from gis_sites.matching.settle import settle
from gis_sites.vocabulary import nearest
from gis_sites.words import Said

KEYS = {
    "number": ("min", "max"), "date": ("min", "max"), "flag": ("is",),
    "code": ("any_of", "none_of"), "text": ("any_of", "none_of"),
}  # fmt: skip
"""What may be required of an attribute, by the kind of its values."""


def check(requirement: Requirement, catalogue: Catalogue) -> Requirement:
    """Return the requirement with the layers' default scales written in, so that it stands by itself.

    Raises:
        RequirementError: names or codes the catalogue does not know, or criteria that do not suit their attribute.
    """
    requirement = settle(requirement, catalogue)
    faults = list(islice(_faults(requirement, catalogue), MOST_FAULTS + 1))
    if faults:
        raise refusal(faults)
    wants = {name: with_scale(want, catalogue.attributes[name]) for name, want in requirement.want.items()}
    return ahp.weighted(requirement.model_copy(update={"want": wants}))


def criteria(requirement: Requirement) -> Iterator[tuple[str, str, Criterion]]:
    """Yield every must as (place, attribute, criterion), those inside alternatives too."""
    for name, criterion in requirement.must.items():
        yield f'must."{name}"', name, criterion
    for number, either in enumerate(requirement.either, 1):
        for option, group in enumerate(either.any, 1):
            for name, criterion in group.items():
                yield f'either[{number}].any[{option}]."{name}"', name, criterion


def with_scale(want: Want, attribute: Attribute) -> Want:
    """Write the layer's default scale into a want that has none of its own."""
    scale = attribute.spec.scale
    if want.has_scale or scale is None:
        return want
    if isinstance(scale.worth, dict):
        return want.model_copy(update={"worth": scale.worth})
    return want.model_copy(update={"at": scale.at, "worth": scale.worth})


def _faults(requirement: Requirement, catalogue: Catalogue) -> Iterator[Said]:
    known = catalogue.attributes
    for place, name, criterion in criteria(requirement):
        if name in known:
            yield from _criterion(place, known[name], criterion)
        else:
            yield _stranger(place, name, known)
    for name, want in requirement.want.items():
        if name in known:
            yield from _want(f'want."{name}"', known[name], want)
        else:
            yield _stranger(f'want."{name}"', name, known)
    yield from ahp.faults(requirement)
    for number, ask in enumerate(requirement.ask, 1):
        if ask.attribute is not None and ask.attribute not in known:
            yield _stranger(f"ask[{number}].attribute", ask.attribute, known)


def _stranger(place: str, name: str, known: Iterable[str]) -> Said:
    return Said("match.unknown_attribute", {"place": place, "name": name, "hint": nearest(name, known)})


def _criterion(place: str, attribute: Attribute, criterion: Criterion) -> Iterator[Said]:
    for key in criterion.said:
        if key not in KEYS[attribute.kind]:
            yield _misfit(place, key, attribute, KEYS[attribute.kind])
            return
    bounds = [value for value in (criterion.min, criterion.max) if value is not None]
    yield from _numbers(place, attribute, bounds)
    yield from _codes(place, attribute, (*(criterion.any_of or ()), *(criterion.none_of or ())))


def _want(place: str, attribute: Attribute, want: Want) -> Iterator[Said]:
    if not want.has_scale and attribute.spec.scale is None:
        wanted = _scale_of(attribute)
        yield Said("match.no_scale", {"place": place, "attribute": attribute.name, "wanted": wanted})
        return
    suits = {
        "number": isinstance(want.worth, tuple), "date": isinstance(want.worth, tuple), "flag": want.is_ is not None,
    }.get(attribute.kind, want.any_of is not None or isinstance(want.worth, dict))  # fmt: skip
    if want.has_scale and not suits:
        said = "is" if want.is_ is not None else "any_of" if want.any_of is not None else "worth"
        yield _misfit(place, said, attribute, (_scale_of(attribute),))
        return
    yield from _numbers(place, attribute, want.at or ())
    codes = want.worth if isinstance(want.worth, dict) else want.any_of or ()
    yield from _codes(place, attribute, codes)


def _scale_of(attribute: Attribute) -> str:
    """Write an example of a scale that suits the attribute."""
    if attribute.kind == "flag":
        return "is = true"
    if attribute.kind in {"code", "text"}:
        return f"worth = {{ {attribute.codes[0]} = 1 }}" if attribute.codes else 'any_of = ["..."]'
    if attribute.kind == "date":
        return "at = [2027-01-01, 2029-01-01], worth = [1, 0]"
    return "at = [0, 1], worth = [0, 1]" if attribute.unit == "share" else "at = [0, 800], worth = [1, 0]"


def _misfit(place: str, key: str, attribute: Attribute, allowed: Iterable[str]) -> Said:
    values = {"place": place, "said": key, "attribute": attribute.name, "allowed": ", ".join(allowed)}
    return Said(f"match.misfit_{attribute.kind}", values)


def _numbers(place: str, attribute: Attribute, bounds: Iterable[float | date]) -> Iterator[Said]:
    for bound in bounds:
        values = {"place": place, "attribute": attribute.name, "value": bound}
        if isinstance(bound, date) != (attribute.kind == "date"):
            yield Said(f"match.bound_{attribute.kind}", values)
            return
        if attribute.unit == "share" and not 0 <= float(bound) <= 1:  # type: ignore[arg-type]
            yield Said("match.share_out", values)
            return


def _codes(place: str, attribute: Attribute, codes: Iterable[str]) -> Iterator[Said]:
    if attribute.kind == "code":
        for code in codes:
            if code not in attribute.codes:
                values = {"place": place, "attribute": attribute.name, "name": code}
                yield Said("match.unknown_code", {**values, "hint": nearest(code, attribute.codes)})
