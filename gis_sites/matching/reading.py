"""Read a requirement from a file, a text or a table, and say what is wrong with it in words."""

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from gis_sites.errors import NoRequirement, RequirementError
from gis_sites.matching.bigger import Assembly, Footprint
from gis_sites.matching.entries import Words
from gis_sites.matching.limits import LARGEST_SHORTLIST, SHORTLIST, hold_table, hold_text, too_deep, too_long
from gis_sites.matching.requirement import FOOTPRINT, Ask, Criterion, Either, Requirement, Want, flat
from gis_sites.memory import uncollected
from gis_sites.vocabulary import nearest
from gis_sites.words import Said

MOST_FAULTS = 20
"""How many faults one sentence tells of; who mends these will see the others."""


def read_requirement(source: Path | str | Mapping[str, Any], *, template: str | None = None) -> Requirement:
    """Read a requirement from a file or a table; a shortlist stands for the requirement it answers.

    Entries of the source go before those of the template, by attribute.

    Raises:
        RequirementError: it is no requirement; the sentence says where and what to do.
    """
    table = dict(source) if isinstance(source, Mapping) else _read_file(Path(source))
    if table.get("format") == SHORTLIST:
        asked = table.get("requirement")
        table = dict(asked) if isinstance(asked, Mapping) else {}
    return understand(_over(parse(template_text(template)), table) if template else table)


def understand(table: Mapping[str, Any]) -> Requirement:
    """Make a requirement of a table.

    Raises:
        RequirementError: all that is wrong, each with its place.
    """
    hold_table(table)
    try:
        return Requirement.model_validate(table)
    except ValidationError as error:
        raise refusal(_faults(error)) from error


def refusal(faults: Sequence[Said]) -> RequirementError:
    """Make one error of all that is wrong."""
    if len(faults) == 1:
        return RequirementError(faults[0].key, **faults[0].values)
    if len(faults) > MOST_FAULTS:
        faults = [*faults[:MOST_FAULTS], Said("match.more_faults")]
    return RequirementError("match.faults", faults=tuple(faults))


def templates() -> tuple[str, ...]:
    """Return the names of the sector templates."""
    folder = files("gis_sites.matching") / "templates"
    return tuple(sorted(one.name.removesuffix(".toml") for one in folder.iterdir() if one.name.endswith(".toml")))


def template_text(name: str) -> str:
    """Return a sector template as the text people edit.

    Raises:
        RequirementError: there is none of that name.
    """
    if name not in templates():
        raise RequirementError("match.no_template", name=name, hint=nearest(name, templates()))
    return (files("gis_sites.matching") / "templates" / f"{name}.toml").read_text(encoding="utf-8")


def template_title(name: str, lang: str) -> str:
    """Return what a sector template is called."""
    title: dict[str, str] = parse(template_text(name))["title"]
    return title[lang]


def parse(text: str, *, name: str = "-") -> dict[str, Any]:
    """Parse TOML, or JSON where the text begins with a brace.

    Raises:
        RequirementError: it is neither, or no requirement is so long or so deep; the sentence names the line.
    """
    hold_text(text, name=name)
    form = "json" if text.lstrip().startswith("{") else "toml"
    try:
        # A text of millions of small lists would have the collector walk all that the process holds over and over.
        with uncollected():
            table: dict[str, Any] = (
                json.loads(text, object_pairs_hook=_each_key_once) if form == "json" else tomllib.loads(text)
            )
    except RecursionError:
        raise too_deep() from None
    except ValueError as error:
        shown = {"file": name, "line": _line(error, text), "fault": str(error)[:200]}
        raise RequirementError(f"match.bad_{form}", **shown) from error
    return table


def _line(error: Exception, text: str) -> int:
    """Return the line a parser complains of; the last one where it names none."""
    said = re.search(r"line (\d+)", str(error))
    return int(said[1]) if said else text.count("\n") + 1


def _read_file(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_SHORTLIST + 1)
        if len(content) > LARGEST_SHORTLIST:
            raise too_long(path.name, LARGEST_SHORTLIST)
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise NoRequirement("match.no_file", file=path, fault=error.strerror) from error
    except UnicodeDecodeError as error:
        raise RequirementError("match.not_utf8", file=path) from error
    return parse(text, name=path.name)


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    for key, value in pairs:
        if key in table:
            raise RequirementError("match.twice", place="JSON", name=key)
        table[key] = value
    return table


def _over(template: Mapping[str, Any], table: Mapping[str, Any]) -> dict[str, Any]:
    """Lay a requirement over a template: its must and want entries replace those of the same name."""
    joined = {**template, **table}
    for part in ("must", "want"):
        if part in template and isinstance(table.get(part), Mapping):
            try:
                joined[part] = _laid(template[part], table[part])
            except ValueError:  # the fault is told when the table itself is understood
                joined[part] = table[part]
    return joined


def _laid(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Join the entries of two tables by full name, the footprint among them."""
    whole = {key: side[key] for side in (under, over) for key in side if key == FOOTPRINT}
    names = [flat({key: value for key, value in side.items() if key != FOOTPRINT}) for side in (under, over)]
    return {**names[0], **names[1], **whole}


def _faults(error: ValidationError) -> list[Said]:
    """Turn what pydantic found into our sentences; a place is told once."""
    told: dict[str, Said] = {}
    for one in error.errors():
        place = _place(one["loc"])
        told.setdefault(place, _fault(one["type"], place, one))
        if len(told) > MOST_FAULTS:
            break
    return list(told.values())


WANTED = {
    "string_type": "text", "bool_type": "flag", "tuple_type": "list", "dict_type": "table", "model_type": "table",
    "missing": "key", "too_long": "fewer",
}  # fmt: skip
"""What should have stood there, by pydantic's name of the fault."""


def _fault(kind: str, place: str, error: Mapping[str, Any]) -> Said:
    shown = {"place": place or "requirement", "value": _short(error["input"])}
    if kind.startswith("match."):
        values = {name: _short(value) for name, value in error["ctx"].items() if name != "key"}
        return Said(kind, {"place": shown["place"], **values})
    if kind == "extra_forbidden":
        *owner, key = error["loc"]
        return Said("match.unknown_key", {"place": place, "name": key, "hint": nearest(str(key), _keys(owner))})
    if place == "format":
        return Said("match.wants_format", shown)
    if kind == "literal_error":
        allowed = str(error["ctx"]["expected"]).replace(" or ", ", ").replace("'", "")
        return Said("match.wants_one_of", {**shown, "allowed": allowed})
    if kind in WANTED:
        return Said(f"match.wants_{WANTED[kind]}", shown)
    return Said("match.wants_other", {**shown, "fault": error["msg"]})


_BRANCHES = frozenset({"str", "float", "Words"})


def _place(loc: tuple[int | str, ...]) -> str:
    """Write where a fault is, as people would write the key; branches of a union are no place."""
    if loc[:1] == (FOOTPRINT,):
        loc = ("must", *loc)
    steps = [f"[{step + 1}]" if isinstance(step, int) else _quoted(step) for step in loc if step not in _BRANCHES]
    return "".join(steps).removeprefix(".")


def _quoted(step: str) -> str:
    return f'."{step}"' if "." in step else f".{step}"


def _keys(loc: Sequence[int | str]) -> list[str]:
    """Return the keys allowed where an unknown one was found."""
    match loc:
        case ("footprint", *_):
            model: type[BaseModel] = Footprint
        case ("assembly", *_):
            model = Assembly
        case ("must", *_) | ("either", _, "any", *_):
            model = Criterion
        case ("either", *_):
            model = Either
        case ("want", *_):
            model = Want
        case ("ask", _, "text", *_) | ("title" | "note", *_):
            model = Words
        case ("ask", *_):
            model = Ask
        case _:
            model = Requirement
    return [field.alias or name for name, field in model.model_fields.items()]


def _short(value: object) -> str:
    try:
        text = str(int(value)) if type(value) is float and value.is_integer() else str(value)
    except ValueError:  # an integer of more digits than Python writes
        text = "..."
    return text if len(text) <= 60 else text[:57] + "..."
