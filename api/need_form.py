"""The form of a requirement: rows of fields, what its buttons do to them, and the requirement they say.

The rows are what a browser sends and what the page shows; a requirement is made of them only when it is to be
answered, so that half a form can be worked on, and a fault stands beside its field.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from api import need_fields, need_parts
from api.need_fields import REMARKS, Fields, Json
from gis_sites.catalogue import Attribute, Catalogue
from gis_sites.errors import RequirementError
from gis_sites.matching.bigger import Assembly, Footprint
from gis_sites.matching.entries import Entry, Model
from gis_sites.matching.limits import LONGEST_KEY, hold_table
from gis_sites.matching.requirement import FOOTPRINT, MOST_CRITERIA, Ask, Criterion, Requirement, Want

MOST_ROWS = 3 * MOST_CRITERIA
WAS = "was"
OPTION = re.compile(r"either\.(\d{1,3})\.(\d{1,3})", re.ASCII)
NUMBERED = re.compile(r"(ask|group)\.(\d{1,3})", re.ASCII)
SINGLE = ("head", "hall", "assembly")
WRITERS = {"head": need_parts.write_head, "hall": need_parts.write_numbers, "assembly": need_parts.write_numbers,
           "ask": need_parts.write_ask, "group": need_parts.write_nothing}  # fmt: skip
READERS = {"head": need_parts.read_head, "hall": need_parts.read_numbers, "assembly": need_parts.read_numbers,
           "ask": need_parts.read_ask, "group": need_parts.read_nothing}  # fmt: skip
MODELS: Mapping[str, type[Model]] = {"must": Criterion, "either": Criterion, "want": Want, "hall": Footprint,
                                     "assembly": Assembly, "ask": Ask, "group": Entry}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """Fields that say one entry: `part` is must, want, either.<group>.<option>, head, hall, assembly, ask.<n>."""

    part: str
    name: str
    fields: Fields
    was: Json = field(default_factory=dict)
    """The entry it was made from."""

    @property
    def kind(self) -> str:
        """The part without its numbers."""
        return self.part.partition(".")[0]

    @property
    def key(self) -> str:
        """What its fields are called before their own name."""
        return f"{self.part}|{self.name}"


@dataclass(frozen=True)
class Form:
    """All rows, in the order of the page."""

    rows: tuple[Row, ...]

    @classmethod
    def of(cls, requirement: Requirement, catalogue: Catalogue, lang: str) -> "Form":
        """Write a requirement into a form."""
        return cls(tuple(_written(one, catalogue, lang) for one in _entries(requirement.echo())))

    @classmethod
    def sent(cls, fields: Mapping[str, str], catalogue: Catalogue) -> "Form":
        """Read the fields a browser sends; rows about no attribute of the catalogue are none of ours."""
        found: dict[tuple[str, str], Fields] = {}
        for key, text in fields.items():
            part, first, rest = key.partition("|")
            name, second, short = rest.rpartition("|")
            if first and second and _known(part, name, catalogue) and len(found) <= MOST_ROWS:
                found.setdefault((part, name), {})[short] = text
        rows = [
            Row(*place, {k: v for k, v in own.items() if k != WAS}, _entry_sent(place[0], own.get(WAS, "")))
            for place, own in found.items()
        ]
        return cls(tuple(rows)).tidy()

    def tidy(self) -> "Form":
        """Drop questions without a text, and number questions, groups and options anew."""
        kept = [row for row in self.rows if row.kind != "ask" or row.fields.get("text", "").strip()]
        groups = list(dict.fromkeys(found[1] for row in kept if (found := OPTION.fullmatch(row.part))))
        options = list(dict.fromkeys(row.part for row in kept if row.kind == "either"))
        asks = [row.part for row in kept if row.kind == "ask"]
        names = {part: f"ask.{number}" for number, part in enumerate(asks)}
        names |= {f"group.{old}": f"group.{number}" for number, old in enumerate(groups)}
        for number, old in enumerate(groups):
            mine = [part for part in options if part.startswith(f"either.{old}.")]
            names |= {part: f"either.{number}.{place}" for place, part in enumerate(mine)}
        kept = [row for row in kept if row.kind != "group" or row.part in names]
        return Form(tuple(replace(row, part=names.get(row.part, row.part)) for row in kept))

    def of_kind(self, kind: str) -> list[Row]:
        """Return the rows of one kind."""
        return [row for row in self.rows if row.kind == kind]

    def table(self, catalogue: Catalogue, lang: str) -> Json:
        """Return the table of the requirement that the form says."""
        told = {kind: [(row, entry(row, catalogue, lang)) for row in self.of_kind(kind)] for kind in
                ("head", "must", "want", "hall", "assembly", "ask", "either", "group")}  # fmt: skip
        made: Json = {"format": 1, **(told["head"][0][1] if told["head"] else {})}
        compared = made.pop("compare", None)
        if must := _named(told["must"]) | (
            {FOOTPRINT: told["hall"][0][1]} if told["hall"] and told["hall"][0][1] else {}
        ):
            made["must"] = must
        if groups := _groups(told["group"], told["either"]):
            made["either"] = groups
        if told["want"]:
            made["want"] = _named(told["want"])
        if compared and _compares(compared) == set(made.get("want", {})):
            made["compare"] = compared
        if asks := [one for _, one in told["ask"] if one]:
            made["ask"] = asks
        if told["assembly"] and told["assembly"][0][1] and "assemblies" in made.get("scope", ()):
            made["assembly"] = told["assembly"][0][1]
        return made


def entry(row: Row, catalogue: Catalogue, lang: str) -> Json:
    """Return the entry a row says: the one it was made from where nothing was changed."""
    before = write(row.kind, row.was, catalogue.attributes.get(row.name), lang)
    now = row.fields
    if row.kind in READERS:
        return READERS[row.kind](row.was, before or {}, now)
    attribute = catalogue.attributes[row.name]
    if before is None or (row.was and need_fields.same(before, now)):
        return row.was
    made = need_fields.read_want(now, attribute) if row.kind == "want" else need_fields.read_must(now, attribute)
    if row.was and need_fields.same(before, now, ("weight", "strict")):
        own = {"weight", "unknown"}
        made = {**{k: v for k, v in row.was.items() if k not in own}, **{k: v for k, v in made.items() if k in own}}
    return made


def write(kind: str, was: Json, attribute: Attribute | None, lang: str) -> Fields | None:
    """Return an entry as fields."""
    if kind in WRITERS:
        return WRITERS[kind](was, lang)
    assert attribute is not None
    return (need_fields.write_want if kind == "want" else need_fields.write_must)(was, attribute, lang)


def _written(row: Row, catalogue: Catalogue, lang: str) -> Row:
    return replace(row, fields=write(row.kind, row.was, catalogue.attributes.get(row.name), lang) or {})


def _entries(said: Json) -> Iterator[Row]:
    """Yield the entries of a requirement in the order of the page, each still without fields."""
    apart = ("format", "must", "either", "want", "ask", "assembly")
    yield Row("head", "", {}, {key: value for key, value in said.items() if key not in apart})
    must = said.get("must", {})
    yield from (Row("must", name, {}, one) for name, one in must.items() if name != FOOTPRINT)
    for number, group in enumerate(said.get("either", ())):
        yield Row(f"group.{number}", "", {}, {key: value for key, value in group.items() if key != "any"})
        for place, option in enumerate(group["any"]):
            yield from (Row(f"either.{number}.{place}", name, {}, one) for name, one in option.items())
    yield Row("hall", "", {}, must.get(FOOTPRINT, {}))
    yield from (Row("want", name, {}, one) for name, one in said.get("want", {}).items())
    yield from (Row(f"ask.{number}", "", {}, one) for number, one in enumerate(said.get("ask", ())))
    # One that says no number is told from none by saying what it means.
    usual = {"max_parcels": Assembly.model_fields["max_parcels"].default} if "assembly" in said else {}
    yield Row("assembly", "", {}, {**usual, **said.get("assembly", {})})


def _known(part: str, name: str, catalogue: Catalogue) -> bool:
    if part in SINGLE or NUMBERED.fullmatch(part):
        return not name
    return (part in {"must", "want"} or bool(OPTION.fullmatch(part))) and name[:LONGEST_KEY] in catalogue.attributes


def _entry_sent(part: str, text: str) -> Json:
    """Return the entry a row was made from; a browser that sends what is none made it of nothing."""
    try:
        found = json.loads(text or "{}")
        hold_table(found)
        if part == "head":
            Requirement.model_validate({"format": 1, **found})
        else:
            MODELS[part.partition(".")[0]].model_validate(found)
    except (ValueError, TypeError, AttributeError, RecursionError, RequirementError):
        return {}
    made: Json = found
    return made


def _named(told: Sequence[tuple[Row, Json]]) -> Json:
    return {row.name: one for row, one in told}


def _groups(remarks: Sequence[tuple[Row, Json]], told: Sequence[tuple[Row, Json]]) -> list[Json]:
    groups: dict[str, dict[str, Json]] = {}
    for row, one in told:
        group, option = row.part.split(".")[1:]
        groups.setdefault(group, {}).setdefault(option, {})[row.name] = one
    noted = {row.part.split(".")[1]: {k: v for k, v in one.items() if k in REMARKS} for row, one in remarks}
    return [{**noted.get(group, {}), "any": list(options.values())} for group, options in groups.items()]


def _compares(compared: Any) -> set[str]:  # noqa: ANN401 - what a browser may send
    if not isinstance(compared, dict):
        return set()
    inner = {name for one in compared.values() if isinstance(one, dict) for name in one}
    return {*compared, *inner}
