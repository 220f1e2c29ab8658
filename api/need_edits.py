"""What the buttons of a requirement's form do besides sending it: add, remove, make a must a want and back."""

from collections.abc import Mapping
from dataclasses import replace

from api import need_fields
from api.need_fields import Fields
from api.need_form import Form, Row
from gis_sites.catalogue import Attribute, Catalogue

FIRST: Mapping[str | None, tuple[tuple[str, str], tuple[str, str]]] = {
    "m": (("0", "1"), ("1000", "0")), "m2": (("0", "0"), ("1", "1")), "share": (("0", "0"), ("100", "1")),
}  # fmt: skip
"""Knots to begin with, in the usual unit, where a layer has no scale of its own: near is good, much is good."""


def edited(form: Form, deed: str, fields: Mapping[str, str], catalogue: Catalogue, lang: str) -> tuple[Form, str]:
    """Do what a button asks; return the form and the key of the row to go on with."""
    what, _, key = deed.partition(":")
    row = next((one for one in form.rows if one.key == key), None)
    if what in {"add_must", "add_want"} and fields.get("add", "") in catalogue.attributes:
        return _put(form, _blank(what.removeprefix("add_"), catalogue.attributes[fields["add"]], lang))
    if row is None or (not row.name and row.kind != "ask"):
        return form, ""
    rest = Form(tuple(one for one in form.rows if one is not row))
    if what == "remove":
        return rest.tidy(), ""
    if what in {"must", "want"} and row.kind in {"must", "want"}:
        attribute = catalogue.attributes[row.name]
        turned = _as_want(row.fields, attribute, lang) if what == "want" else _as_must(row.fields, attribute)
        return _put(rest, Row(what, row.name, turned))
    return form, ""


def _put(form: Form, row: Row) -> tuple[Form, str]:
    """Put a row in; one of the same name is there already and stays."""
    if all(one.key != row.key for one in form.rows):
        form = replace(form, rows=(*form.rows, row))
    return form, row.key


def _blank(part: str, attribute: Attribute, lang: str) -> Row:
    unit = next(iter(need_fields.units(attribute)), "")
    fields: Fields = {"unit": unit} if unit else {}
    if part == "want":
        fields = {**fields, "weight": "1", **_scale(attribute, lang)}
    return Row(part, attribute.name, fields)


def _scale(attribute: Attribute, lang: str) -> Fields:
    """Return the layer's own scale as fields, or one to begin with."""
    if (scale := attribute.spec.scale) is not None:
        entry = {"at": scale.at, "worth": scale.worth}
        return {k: v for k, v in (need_fields.write_want(entry, attribute, lang) or {}).items() if k != "weight"}
    if attribute.kind != "number":
        return {"is": "yes"} if attribute.kind == "flag" else {}
    knots = FIRST.get(attribute.unit, (("0", "0"), ("100", "1")))
    return {f"{key}.{place}": text for place, knot in enumerate(knots)
            for key, text in zip(("at", "worth"), knot, strict=True)}  # fmt: skip


def _as_want(fields: Fields, attribute: Attribute, lang: str) -> Fields:
    """Make a scale of bounds: nothing at the bound's far side, all at its near one."""
    made = {**{k: v for k, v in fields.items() if k in {"unit", "is", "lines"}}, "weight": "1"}
    codes = {f"worth.{key.removeprefix('code.')}": "1" for key in fields if key.startswith("code.")}
    low, high = fields.get("min", "").strip(), fields.get("max", "").strip()
    if attribute.kind not in {"number", "date"}:
        return {**made, **(codes if fields.get("mode") != "none_of" else {})}
    if low and high:
        return {**made, "at.0": low, "worth.0": "0", "at.1": high, "worth.1": "1"}
    if attribute.kind == "date" or not (low or high):
        return {**made, **_scale(attribute, lang)}
    ends = ("1", "0") if high else ("0", "1")
    return {**made, "at.0": "0", "worth.0": ends[0], "at.1": high or low, "worth.1": ends[1]}


def _as_must(fields: Fields, attribute: Attribute) -> Fields:
    """Make a bound of a scale: of one that falls the last place, of one that rises too."""
    made = {k: v for k, v in fields.items() if k in {"unit", "is", "lines"}}
    if attribute.kind not in {"number", "date"}:
        codes = {f"code.{key.removeprefix('worth.')}": "1" for key, text in fields.items()
                 if key.startswith("worth.") and text.strip() not in {"", "0"}}  # fmt: skip
        return {**made, "mode": "any_of", **codes}
    knots = [fields[key] for key in sorted(fields) if key.startswith("at.") and fields[key].strip()]
    worths = [need_fields.said(fields[key]) for key in sorted(fields) if key.startswith("worth.")]
    rises = len(worths) > 1 and str(worths[0]) < str(worths[-1])
    return {**made, "min" if rises else "max": knots[-1]} if knots else made
