"""What the list can be narrowed by: any public attribute, and those of `facets.toml` with options to choose from.

A choice is a range of a number or of days, or codes, any of which will do. In an address a range is written `..500`,
`500..` or `100..500`, days as `2027-01-01`, codes are parted by commas.
"""

import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import numpy as np

from gis_sites.catalogue import Attribute, Catalogue
from gis_sites.columns import NONE
from gis_sites.matching.phrases import one_value, required_text
from gis_sites.words import capital, say

Json = dict[str, Any]
LADDER = (0.05, 0.1, 0.25, 0.5, 1.0)
"""Which parts of the distance that its layer's scale speaks of are offered."""
USUAL_M = 2000.0
"""The distance for a layer without a scale."""
NUMBER = r"-?\d{1,15}(?:\.\d{1,20})?"
RANGE = re.compile(rf"({NUMBER})?\.\.({NUMBER})?", re.ASCII)
DAY = r"\d{4}-\d\d-\d\d"
DAYS = re.compile(rf"({DAY})?\.\.({DAY})?", re.ASCII)
LONGEST, MOST_CODES = 80, 40
KINDS = ("number", "date", "code", "text", "flag")
"""Of attributes of these kinds something can be chosen."""
FLAGS = {"yes": True, "no": False}
STEPS = ("steps", "until_years", "beyond_years")
"""What `facets.toml` may say of the options of a number or a day."""


@dataclass(frozen=True, order=True)
class Span:
    """A range of a number, both ends included; an open end is infinite."""

    low: float = -math.inf
    high: float = math.inf

    def __str__(self) -> str:
        ends = ("" if math.isinf(end) else np.format_float_positional(end, trim="-") for end in (self.low, self.high))
        return "..".join(ends)

    @property
    def said(self) -> Mapping[str, float | date]:
        """The range as the bounds of a must."""
        ends = {"min": self.low, "max": self.high}
        return {key: float(end) for key, end in ends.items() if not math.isinf(end)}


@dataclass(frozen=True, order=True)
class Days(Span):
    """A range of days, both included; each is its ordinal."""

    @classmethod
    def between(cls, first: date | None = None, last: date | None = None) -> "Days":
        """Return the range from a day to a day; None: open."""
        return cls(first.toordinal() if first else -math.inf, last.toordinal() if last else math.inf)

    def __str__(self) -> str:
        return "..".join(self.said[end].isoformat() if end in self.said else "" for end in ("min", "max"))

    @property
    def said(self) -> Mapping[str, date]:
        """The range as the bounds of a must."""
        ends = {"min": self.low, "max": self.high}
        return {key: date.fromordinal(int(end)) for key, end in ends.items() if not math.isinf(end)}


Choice = Span | tuple[str, ...]


@dataclass(frozen=True)
class Facet:
    """Something to choose by: an attribute, or (`any`) alternatives for each of some classes."""

    name: str
    """What the address calls it: the attribute."""
    attribute: Attribute | None
    steps: tuple[float, ...] = ()
    until_years: tuple[int, ...] = ()
    """Offered is at the latest the end of the year so many years on,"""
    beyond_years: tuple[int, ...] = ()
    """or that end at the earliest."""
    titles: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Polish and English title of the facet (under its name) and of each class."""
    any: Mapping[str, Sequence[Json]] = field(default_factory=dict)
    """Class -> its alternatives."""

    def title(self, lang: str) -> str:
        """Call it by its layer and what of it is meant; an attribute of the parcel by its own name."""
        if self.attribute is None:
            return self.titles[self.name][lang != "pl"]
        own = self.attribute.layer.name == "parcel"
        return capital(self.attribute.own_title(lang) if own else self.attribute.title(lang))

    def options(self, day: date) -> list[Choice]:
        """Return what is offered of itself on a day; of texts nothing is known here."""
        attribute = self.attribute
        if attribute is None:
            return [(code,) for code in self.any]
        if attribute.kind in {"code", "flag"}:
            return [(code,) for code in (attribute.codes or FLAGS)]
        if self.steps:
            ends = (-math.inf, *map(float, self.steps), math.inf)
            return [Span(low, high) for low, high in pairwise(ends)]
        if attribute.spec.measure == "nearest_distance":
            scale = attribute.spec.scale
            most = scale.at[-1] if scale and scale.at else USUAL_M
            return [Span(high=most * step) for step in LADDER]
        if attribute.unit == "share" and attribute.spec.measure != "extreme_covering":
            return [Span(high=0.0), Span(low=0.5), Span(low=0.9)]
        until = [Days.between(last=date(day.year + years, 12, 31)) for years in self.until_years]
        return [*until, *(Days.between(date(day.year + years, 12, 31)) for years in self.beyond_years)]

    def say(self, choice: Choice, lang: str) -> str:
        """Put a choice into words."""
        if isinstance(choice, Span):
            assert self.attribute is not None
            if {"min", "max"} == choice.said.keys():
                return "–".join(one_value(end, self.attribute, lang) for end in choice.said.values())
            return required_text(choice.said, self.attribute, lang) if choice.said else ""
        return ", ".join(self._call(code, lang) for code in choice)

    def _call(self, code: str, lang: str) -> str:
        if self.attribute is None:
            return self.titles[code][lang != "pl"]
        if self.attribute.kind == "flag":
            return say(f"match.{code}", lang)
        if code == NONE:
            return say("match.value_none", lang)
        return self.attribute.label(code, lang) if self.attribute.kind == "code" else code

    def read(self, text: str) -> Choice | None:
        """Understand a choice as an address writes it; None where it makes no sense."""
        if self.attribute is not None and self.attribute.kind == "date":
            return _days(text)
        if self.attribute is not None and self.attribute.kind == "number":
            found = RANGE.fullmatch(text)
            if found is None or found[0] == "..":
                return None
            low, high = found.groups()
            return Span(float(low) if low else -math.inf, float(high) if high else math.inf)
        codes = dict.fromkeys(one for one in parted(text) if self._knows(one))
        return tuple(sorted(codes)[:MOST_CODES]) or None

    def _knows(self, code: str) -> bool:
        if self.attribute is None:
            return code in self.any
        known = {"flag": tuple(FLAGS), "code": self.attribute.codes}.get(self.attribute.kind)
        return code in known if known is not None else 0 < len(code) <= LONGEST

    def table(self, choice: Choice) -> Json:
        """Return a choice as (part of) the table of a requirement."""
        if self.attribute is None:
            assert not isinstance(choice, Span)
            return {"either": [{"any": [one for code in choice for one in self.any[code]]}]}
        if isinstance(choice, Span):
            return {"must": {self.name: choice.said}}
        if self.attribute.kind == "flag":
            return {"must": {self.name: {"is": FLAGS[choice[0]]}}} if len(choice) == 1 else {}
        return {"must": {self.name: {"any_of": list(choice)}}}


def _days(text: str) -> Days | None:
    found = DAYS.fullmatch(text)
    if found is None or found[0] == "..":
        return None
    try:
        first, last = (date.fromisoformat(one) if one else None for one in found.groups())
    except ValueError:
        return None
    return Days.between(first, last)


def _named(group: Mapping[str, Mapping[str, float]], code: str) -> Json:
    return {name.replace("{}", code): dict(bounds) for name, bounds in group.items()}


def joined(words: Sequence[str]) -> str:
    """Write several words as one, parted by commas.

    >>> joined(["a", "b,c"]), parted("a,b%2Cc")
    ('a,b%2Cc', ['a', 'b,c'])
    """
    return ",".join(quote(word, safe="/:._-") for word in words)


def parted(text: str) -> list[str]:
    """Read several words written as one."""
    return [unquote(word) for word in text.split(",") if word]


class Facets:
    """The facets of one catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        known = [one for one in catalogue.attributes.values() if one.kind in KINDS]
        self.every = {one.name: Facet(one.name, one) for one in known}
        self.offered: list[str] = []
        """Those with options to choose from, in the order of the page."""
        for entry in _declared():
            facet = _composed(entry, catalogue) if "any" in entry else self.every.get(entry["attribute"])
            if facet is not None:
                steps, until, beyond = (tuple(entry.get(name, ())) for name in STEPS)
                self.every[facet.name] = replace(facet, steps=steps, until_years=until, beyond_years=beyond)
                self.offered.append(facet.name)
        self.first = len(self.offered)
        """How many of them were declared; the others are each further layer's first."""
        for layer in catalogue:
            own = [name for name, one in self.every.items() if one.attribute and one.attribute.layer.name == layer.name]
            if not set(own) & set(self.offered):
                self.offered += [name for name in own if self.every[name].options(date.min)][:1]

    def __getitem__(self, name: str) -> Facet:
        return self.every[name]


@cache
def _declared() -> list[Json]:
    with Path(__file__).with_name("facets.toml").open("rb") as file:
        declared: list[Json] = tomllib.load(file)["facet"]
    return declared


def _composed(entry: Json, catalogue: Catalogue) -> Facet | None:
    """Return a facet of alternatives, without those the catalogue does not know; the first makes the class."""
    layer = catalogue.layers.get(entry["legend"])
    titles = {entry["name"]: (entry["title"]["pl"], entry["title"]["en"])}
    found: dict[str, list[Json]] = {}
    for legend in layer.legend if layer else ():
        for code in (one for one in legend.when.values() if isinstance(one, str)):
            groups = [_named(one, code) for one in entry["any"]]
            if set(groups[0]) <= set(catalogue.attributes):
                titles.setdefault(code, (legend.title.pl, legend.title.en))
                found.setdefault(code, [one for one in groups if set(one) <= set(catalogue.attributes)])
    return Facet(entry["name"], None, titles=titles, any=found) if found else None
