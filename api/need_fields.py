"""Entries of a requirement as fields of a form, and back: texts in, texts out, nothing guessed.

Every row keeps the entry it was made from. Fields nobody changed give that entry back as it was, with its remarks;
a bound that was changed is the asker's own number, and what was remarked on the old one falls away.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from gis_sites.catalogue import Attribute

Json = dict[str, Any]
Fields = dict[str, str]
UNITS = {
    "m": ("m", "km"), "m2": ("ha", "m2"), "share": ("%",), "kW": ("kW", "MW"), "kV": ("kV",),
    "m3/d": ("m3/d", "m3/h"), "Nm3/h": ("Nm3/h",), "PLN/m2": ("PLN/m2",), "1": (),
}  # fmt: skip
"""Units to choose from, the usual one first."""
REMARKS = ("note", "source", "confidence")
TEXTS = frozenset({"lines", "text", "title", "note", "of"})
"""Fields whose commas mean something."""
SPACES = " \u00a0\u202f"
_NUMBER = re.compile(rf"[+-]?\d[\d{SPACES}]*([.,]\d+)?", re.ASCII)
_PLAIN = re.compile(r"[+-]?\d+([.,]\d+)?(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
"""A comma or a point that may part thousands or decimals."""


def units(attribute: Attribute) -> tuple[str, ...]:
    """Return the units to choose from."""
    return UNITS.get(attribute.unit or "1", (attribute.unit or "",)) if attribute.kind == "number" else ()


def plain(value: float, lang: str) -> str:
    """Write a number so that it is read as the same again.

    >>> plain(25000.0, "pl"), plain(0.9, "pl"), plain(1.234, "en")
    ('25000', '0,9', '1.2340')
    """
    text = repr(float(value)).removesuffix(".0")
    text = f"{text}0" if _THOUSANDS.fullmatch(text) else text
    return text.replace(".", ",") if lang == "pl" else text


def said(text: str, unit: str = "") -> float | str:
    """Read a number as it was typed, its unit beside it; what is none is left for the requirement to refuse.

    >>> said("5", "ha"), said("0,9"), said("5000 m2", "ha"), said("1,234")
    ('5 ha', 0.9, '5000 m2', '1,234')
    """
    text = text.strip()
    if unit and _NUMBER.fullmatch(text):
        return f"{text} {unit}"
    closed = re.sub(f"[{SPACES}]", "", text)
    if _PLAIN.fullmatch(closed) and not _THOUSANDS.fullmatch(closed):
        return float(closed.replace(",", "."))
    return text


def parted(values: Iterable[Any], lang: str) -> tuple[list[str], str]:
    """Write the numbers of one row with one unit between them; one said in another unit holds it itself."""
    listed = list(values)
    pairs = [_pair(value) if isinstance(value, str) else None for value in listed]
    bare = any(isinstance(value, int | float) for value in listed)
    unit = "" if bare else next((pair[1] for pair in reversed(pairs) if pair), "")
    texts = [
        "" if value is None else plain(value, lang) if pair is None and not isinstance(value, str)
        else pair[0] if pair and pair[1] == unit else str(value)
        for value, pair in zip(listed, pairs, strict=True)
    ]  # fmt: skip
    return texts, unit


def _pair(value: str) -> tuple[str, str] | None:
    """Return number and unit of an amount that a field and a choice of units would say in the same letters."""
    number, _, unit = value.rpartition(" ")
    return (number, unit) if unit[:1].isalpha() | (unit[:1] in {"%", "‰"}) and _NUMBER.fullmatch(number) else None


def same(one: Mapping[str, str], other: Mapping[str, str], but: Iterable[str] = ()) -> bool:
    """Tell whether two sets of fields say the same, whichever mark parts their decimals and lines."""
    left, right = ({k: _folded(k, v) for k, v in fields.items() if k not in set(but)} for fields in (one, other))
    return {k: v for k, v in left.items() if v} == {k: v for k, v in right.items() if v}


def _folded(key: str, text: str) -> str:
    text = text.replace("\r\n", "\n").strip()
    return text if key in TEXTS else text.replace(",", ".")


# ---- musts ---------------------------------------------------------------------------------------------


def write_must(entry: Mapping[str, Any], attribute: Attribute, lang: str) -> Fields | None:
    """Return a must as fields; None: no form says it, it stays as it is."""
    fields: Fields = {"strict": "1"} if entry.get("unknown") == "failed" else {}
    match attribute.kind:
        case "number":
            (low, high), unit = parted((entry.get("min"), entry.get("max")), lang)
            return {**fields, "min": low, "max": high, "unit": unit}
        case "date":
            return {**fields, "min": str(entry.get("min") or ""), "max": str(entry.get("max") or "")}
        case "flag":
            return {**fields, "is": _flag(entry.get("is"))}
    if entry.get("any_of") and entry.get("none_of"):
        return None
    mode = "none_of" if entry.get("none_of") else "any_of"
    listed = _codes(entry.get(mode) or (), attribute)
    return None if listed is None else {**fields, "mode": mode, **listed}


def read_must(fields: Mapping[str, str], attribute: Attribute) -> Json:
    """Return the must that fields say."""
    entry: Json = {}
    for key in ("min", "max"):
        if text := fields.get(key, "").strip():
            entry[key] = said(text, fields.get("unit", "")) if attribute.kind == "number" else text
    if fields.get("is"):
        entry["is"] = fields["is"] == "yes"
    if attribute.kind in {"code", "text"} and (listed := _listed(fields, attribute)):
        entry["none_of" if fields.get("mode") == "none_of" else "any_of"] = listed
    return {**entry, **({"unknown": "failed"} if fields.get("strict") else {})}


def _flag(value: bool | None) -> str:
    return "" if value is None else "yes" if value else "no"


def _codes(codes: Iterable[str], attribute: Attribute) -> Fields | None:
    """Return codes as boxes, free texts a line each; None where that would not give them back."""
    if attribute.kind == "code":
        return {f"code.{code}": "1" for code in codes}
    listed = list(codes)
    plain_lines = all(one and one == " ".join(one.split()) for one in listed)
    return {"lines": "\n".join(listed)} if plain_lines else None


def _listed(fields: Mapping[str, str], attribute: Attribute) -> list[str]:
    if attribute.kind == "text":
        return [line.strip() for line in fields.get("lines", "").splitlines() if line.strip()]
    return [code for code in attribute.codes if fields.get(f"code.{code}")]


# ---- wants ---------------------------------------------------------------------------------------------


def write_want(entry: Mapping[str, Any], attribute: Attribute, lang: str) -> Fields | None:
    """Return a want as fields; None: no form says it, it stays as it is but for its weight."""
    fields: Fields = {"weight": plain(entry.get("weight", 1.0), lang)}
    worth, at = entry.get("worth"), entry.get("at") or ()
    match attribute.kind:
        case "number" | "date":
            knots, unit = parted(at, lang) if attribute.kind == "number" else ([str(one) for one in at], "")
            worths = worth if isinstance(worth, list | tuple) else ()
            for place, (knot, one) in enumerate(zip(knots, worths, strict=False)):
                fields |= {f"at.{place}": knot, f"worth.{place}": plain(one, lang)}
            return {**fields, "unit": unit} if attribute.kind == "number" else fields
        case "flag":
            return {**fields, "is": _flag(entry.get("is"))}
        case "code":
            by_code = worth if isinstance(worth, Mapping) else dict.fromkeys(entry.get("any_of") or (), 1.0)
            return {**fields, **{f"worth.{code}": plain(one, lang) for code, one in by_code.items()}}
    listed = _codes(entry.get("any_of") or (), attribute)
    return None if listed is None or worth is not None else {**fields, **listed}


def read_want(fields: Mapping[str, str], attribute: Attribute) -> Json:
    """Return the want that fields say."""
    entry: Json = {}
    match attribute.kind:
        case "number" | "date":
            knots = [(fields.get(f"at.{n}", ""), fields.get(f"worth.{n}", "")) for n in range(_places(fields))]
            knots = [(at, worth) for at, worth in knots if at.strip() or worth.strip()]
            unit = fields.get("unit", "")
            told = [at.strip() if attribute.kind == "date" else said(at, unit) for at, _ in knots if at.strip()]
            entry = {"at": told, "worth": [said(one) for _, one in knots if one.strip()]} if knots else {}
        case "flag":
            entry = {"is": fields["is"] == "yes"} if fields.get("is") else {}
        case "code":
            worths = {code: fields.get(f"worth.{code}", "").strip() for code in attribute.codes}
            told_worths = {code: said(text) for code, text in worths.items() if text}
            entry = {"worth": told_worths} if told_worths else {}
        case _:
            entry = {"any_of": listed} if (listed := _listed(fields, attribute)) else {}
    weight = said(fields.get("weight", "")) if fields.get("weight", "").strip() else 1.0
    return entry if weight == 1.0 else {**entry, "weight": weight}


def _places(fields: Mapping[str, str]) -> int:
    """Return how many knots the fields have room for."""
    found = [key.removeprefix("at.") for key in fields if key.startswith("at.")]
    return max((int(one) + 1 for one in found if one.isdecimal() and len(one) < 3), default=0)
