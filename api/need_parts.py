"""The parts of a requirement's form that are about no attribute: its head, the hall, assemblies, questions.

Here each field is compared with what it was: what nobody changed stays as it was said, in every language.
"""

from collections.abc import Callable, Mapping
from typing import Any

from api.need_fields import Fields, Json, plain, said, same
from gis_sites.maps.words import in_language

SCOPES = ("parcels", "offers", "assemblies")
HALL = ("length_m", "width_m", "height_m", "setback_m", "count", "apart_m")
ASSEMBLY = ("max_parcels", "max_gap_m", "points_per_extra_parcel")
ADDRESSEES = ("operator", "city", "owner", "investor")


def write_head(was: Mapping[str, Any], lang: str) -> Fields:
    """Write title, note, day and scope."""
    texts = {key: in_language(was[key], lang) if key in was else "" for key in ("title", "note")}
    scope = was.get("scope", SCOPES[:1])
    return {
        **texts,
        "needed_from": str(was.get("needed_from", "")),
        **{f"scope.{one}": "1" for one in SCOPES if one in scope},
        **({"compare": "1"} if "compare" in was else {}),
    }


def read_head(was: Json, before: Fields, now: Mapping[str, str]) -> Json:
    """Return the head that fields say."""
    made = _laid(was, before, now, {"title": _text, "note": _text, "needed_from": _text})
    chosen = [one for one in SCOPES if now.get(f"scope.{one}")]
    if any(bool(now.get(f"scope.{one}")) != bool(before.get(f"scope.{one}")) for one in SCOPES):
        made["scope"] = chosen
    if not now.get("compare"):
        made.pop("compare", None)
    return made


def write_numbers(was: Mapping[str, Any], lang: str) -> Fields:
    """Write the numbers of the hall, or of assemblies."""
    shown = {key: value for key, value in was.items() if key in {*HALL, *ASSEMBLY}}
    fields = {key: value if isinstance(value, str) else plain(value, lang) for key, value in shown.items()}
    ticks = {"strict": was.get("unknown") == "failed", "across_roads": was.get("across_roads") is True}
    return fields | {key: "1" for key, ticked in ticks.items() if ticked}


def read_numbers(was: Json, before: Fields, now: Mapping[str, str]) -> Json:
    """Return the hall, or how parcels are joined; nothing where nothing is said."""
    if not any(text.strip() for key, text in now.items() if key in {*HALL, *ASSEMBLY, "across_roads"}):
        return {}
    made = _laid(was, before, now, dict.fromkeys((*HALL, *ASSEMBLY), said))
    for key, entry, value in (("strict", "unknown", "failed"), ("across_roads", "across_roads", True)):
        if bool(now.get(key)) != bool(before.get(key)):
            made = {**made, entry: value} if now.get(key) else {k: v for k, v in made.items() if k != entry}
    return made


def write_ask(was: Mapping[str, Any], lang: str) -> Fields:
    """Write a question and who is to answer it."""
    return {"text": in_language(was.get("text", ""), lang), "of": str(was.get("of", ADDRESSEES[0]))}


def read_ask(was: Json, before: Fields, now: Mapping[str, str]) -> Json:
    """Return the question that fields say; nothing where it has no text."""
    if not now.get("text", "").strip():
        return {}
    made = _laid(was, before, now, {"text": _text, "of": _text})
    return made if "of" in made else {**made, "of": ADDRESSEES[0]}


def write_nothing(was: Mapping[str, Any], lang: str) -> Fields:
    """Write what has no fields."""
    return {}


def read_nothing(was: Json, before: Fields, now: Mapping[str, str]) -> Json:
    """Return it as it was."""
    return was


def _text(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _laid(was: Json, before: Fields, now: Mapping[str, str], keys: Mapping[str, Callable[[str], Any]]) -> Json:
    """Lay the fields that were changed over what was."""
    made = dict(was)
    for key, read in keys.items():
        if not same({key: before.get(key, "")}, {key: now.get(key, "")}):
            made[key] = read(now.get(key, ""))
            if not now.get(key, "").strip():
                del made[key]
    return made
