"""A requirement's form as the page shows it: titles, units and codes in words, faults beside their fields."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from api import need_fields
from api.need_fields import Json
from api.need_form import Form, Row, entry
from api.need_parts import ADDRESSEES, ASSEMBLY, HALL, SCOPES
from api.texts import Speech, stopped
from gis_sites.catalogue import Attribute, Catalogue
from gis_sites.errors import RequirementError
from gis_sites.matching.bigger import Assembly
from gis_sites.matching.phrases import addressee, one_value, remarks, required_text
from gis_sites.matching.quantity import unit_text
from gis_sites.matching.requirement import FOOTPRINT
from gis_sites.matching.sentences import title_text
from gis_sites.words import Said, capital, number, say, sentences

SPARE = {"number": 2, "date": 2}
"""Knots of a scale that stand there even when empty."""
HALL_PLACE = f"must.{FOOTPRINT}"


@dataclass(frozen=True)
class Fault:
    """What is wrong, and with which field of which row; no row: with the requirement as a whole."""

    row: str
    field: str
    sentence: str


@dataclass
class Shown:
    """A row in words."""

    id: str
    row: Row
    was: str
    place: str
    title: str = ""
    kind: str = ""
    units: list[tuple[str, str]] = field(default_factory=list)
    codes: list[tuple[str, str]] = field(default_factory=list)
    knots: int = 0
    remarks: str = ""
    fixed: str = ""
    """What it says, where no field can."""
    share: str = ""
    """Of a want: how many of the hundred points hang on it."""
    faults: dict[str, str] = field(default_factory=dict)


def shown(form: Form, catalogue: Catalogue, speech: Speech, faults: Sequence[Said] = ()) -> Json:
    """Return what the page says of a form; faults stand at the rows they are about."""
    rows = [_shown(number, row, catalogue, speech) for number, row in enumerate(_whole(form).rows)]
    _shares(rows, speech)
    told = [_told(fault, rows, speech) for fault in faults]
    by_id = {one.id: one for one in rows}
    for fault in told:
        if fault.row:
            by_id[fault.row].faults.setdefault(fault.field, fault.sentence)
    kinds = ("head", "must", "hall", "want", "ask", "assembly")
    return {
        **{kind: [one for one in rows if one.row.kind == kind] for kind in kinds},
        "groups": _groups(rows),
        "faults": [(one, by_id[one.row].title if one.row else "") for one in told],
        "hall_fields": HALL, "assembly_fields": ASSEMBLY, "scopes": SCOPES, "usual": _usual(speech.lang),
        "addressees": [(one, addressee(one, speech.lang)) for one in ADDRESSEES],
    }  # fmt: skip


def faults_of(error: RequirementError) -> list[Said]:
    """Return what is wrong, a sentence a fault."""
    found = error.values.get("faults")
    if error.key == "match.faults" and isinstance(found, tuple):
        return list(found)
    return [Said(error.key, error.values)]


def _usual(lang: str) -> dict[str, str]:
    """Return what is taken where nothing is said of assemblies."""
    return {key: need_fields.plain(Assembly.model_fields[key].default, lang) for key in ASSEMBLY}


def _whole(form: Form) -> Form:
    """Add what every form has: its head, a hall, assemblies, and room for one more question."""
    have = {row.part for row in form.rows}
    single = [Row(part, "", {"scope.parcels": "1"} if part == "head" else {}) for part in ("head", "hall", "assembly")]
    asks = len(form.of_kind("ask"))
    return Form((*form.rows, *(one for one in single if one.part not in have), Row(f"ask.{asks}", "", {})))


def _shown(at: int, row: Row, catalogue: Catalogue, speech: Speech) -> Shown:
    made = Shown(f"row-{at}", row, json.dumps(row.was, ensure_ascii=False), _place(row))
    if (attribute := catalogue.attributes.get(row.name)) is None:
        made.title = speech.say(f"need_part_{row.kind}")
        return made
    lang = speech.lang
    made.title, made.kind = title_text(attribute, lang), attribute.kind
    made.units = _units(row, attribute)
    made.codes = [(code, one_value(code, attribute, lang)) for code in attribute.codes]
    knots = sum(key.startswith("at.") for key in row.fields)
    made.knots = max(knots, SPARE.get(attribute.kind, 0)) if row.kind == "want" else 0
    noted = entry(row, catalogue, lang)
    made.remarks = " · ".join(remarks({"remarks": {k: noted[k] for k in need_fields.REMARKS if k in noted}}, lang))
    if row.kind != "want" and row.was.get("any_of") and row.was.get("none_of"):
        made.fixed = required_text({k: row.was[k] for k in ("any_of", "none_of")}, attribute, lang)
    return made


def _place(row: Row) -> str:
    """Return what the sentences about faults call the row's entry."""
    numbers = [int(one) + 1 for one in row.part.split(".")[1:]]
    match row.kind:
        case "must" | "want":
            return f'{row.kind}."{row.name}"'
        case "either":
            return f'either[{numbers[0]}].any[{numbers[1]}]."{row.name}"'
        case "ask":
            return f"ask[{numbers[0]}]"
        case "group":
            return f"either[{numbers[0]}]"
        case "hall":
            return HALL_PLACE
    return row.kind


def _units(row: Row, attribute: Attribute) -> list[tuple[str, str]]:
    """Return the units to choose from, the row's own among them; none said: the attribute's own."""
    choices = list(need_fields.units(attribute))
    unit = row.fields.get("unit", choices[0] if choices else "")
    if choices and unit not in choices:
        choices = [*choices, unit]
    return [(one, _unit_word(one or attribute.unit or "")) for one in choices]


def _unit_word(unit: str) -> str:
    return "0–1" if unit == "share" else unit_text(unit)


def _shares(rows: Sequence[Shown], speech: Speech) -> None:
    """Say of each want how many of the hundred points hang on it."""
    weights = {one.id: need_fields.said(one.row.fields.get("weight", "1")) for one in rows if one.row.kind == "want"}
    known = {id: weight for id, weight in weights.items() if isinstance(weight, float) and weight > 0}
    for one in rows:
        if one.id in known:
            one.share = number(100 * known[one.id] / sum(known.values()), speech.lang, 0)


def _groups(rows: Sequence[Shown]) -> list[Json]:
    """Return the musts with alternatives: what is remarked of each, and its options."""
    groups: dict[str, Json] = {}
    for one in rows:
        if one.row.kind in {"either", "group"}:
            number = one.row.part.split(".")[1]
            group = groups.setdefault(number, {"number": int(number) + 1, "about": None, "options": {}})
            if one.row.kind == "group":
                group["about"] = one
            else:
                group["options"].setdefault(one.row.part, []).append(one)
    return [{**group, "options": list(group["options"].values())} for group in groups.values() if group["options"]]


# ---- faults --------------------------------------------------------------------------------------------


def _told(fault: Said, rows: Sequence[Shown], speech: Speech) -> Fault:
    place = str(fault.values.get("place", ""))
    sentence = _sentence(fault, place, speech.lang)
    if fault.key == "match.footprint_too_many":
        place = HALL_PLACE
    for one in rows:
        for key in _about(one, place):
            return Fault(one.id, key, sentence)
    return Fault("", "", sentence)


def _about(one: Shown, place: str) -> Iterator[str]:
    """Yield the field of a row that a place speaks of, if it does of the row."""
    if one.row.kind == "head":
        first = place.partition(".")[0].partition("[")[0]
        if first in {"title", "note", "needed_from", "scope", "compare"}:
            yield first
    elif place == one.place:
        yield ""
    elif place.startswith((f"{one.place}.", f"{one.place}[")):
        key, _, number = place.removeprefix(one.place).lstrip(".").partition("[")
        yield f"{key}.{int(number[:-1]) - 1}" if number[:-1].isdecimal() else key


def _sentence(fault: Said, place: str, lang: str) -> str:
    """Say a fault without its place: it stands there."""
    own = f"page.need_{fault.key.partition('.')[2]}"
    values: dict[str, Any] = fault.values
    text = say(own if own in sentences(lang) else fault.key, lang, **values)
    text = text.removeprefix(place or HALL_PLACE).lstrip(": ")
    return stopped(capital(text))
