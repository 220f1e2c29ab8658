"""What happened to a row, in words: identifiers before and after, how far it moved, which fields differ."""

from collections.abc import Iterator
from typing import Any

from markupsafe import Markup

from gis_sites.catalogue import Layer, Title
from gis_sites.intake.compare import Case, Side
from gis_sites.maps.overlays import cell_text
from gis_sites.maps.words import both
from gis_sites.store.loads import MASKED
from gis_sites.words import number, say

DIGEST = 24
"""Hex digits of a key made of a row's content."""
NOTHING = "–"


def spoken(key: str, **values: object) -> Markup:
    """Return the sentence `changes.<key>` in every language, its numbers and titles too."""

    def make(lang: str) -> str:
        return say(f"changes.{key}", lang, **{name: _told(value, lang) for name, value in values.items()})

    return both(make)


def _told(value: object, lang: str) -> object:
    if isinstance(value, Title):
        return value.say(lang)
    return number(value, lang) if isinstance(value, int | float) else value


def names(layer: Layer, case: Case) -> Markup:
    """Return the identifiers: what it was, an arrow, what it is."""
    was, now = (", ".join(name(layer, side) for side in sides) for sides in (case.before, case.after))
    return both(lambda lang: f"{was} → {now}" if was and now and was != now else now or was)


def name(layer: Layer, side: Side) -> str:
    """Return how a row is called; one told apart by its content alone has a short mark of that."""
    if any(not layer.fields[field].public for field in layer.key_fields):
        return MASKED
    nameless = len(side.key.partition("-")[0]) == DIGEST and set(side.key[:DIGEST]) <= set("0123456789abcdef")
    return f"#{side.key[:6]}" if nameless else side.key


def reasons(layer: Layer, case: Case) -> Iterator[Markup]:
    """Say how far the outline moved, what became of the area, and of every field that differs."""
    if case.moved_m is not None:
        yield spoken("moved", metres=case.moved_m)
    if layer.geometry == "polygon":
        yield from _area(case)
    for field in case.fields:
        yield _field(layer, field, case)


def _area(case: Case) -> Iterator[Markup]:
    grown = case.area_change_m2
    if grown is None:
        return
    was, now = (sum(float(side.shape.area) for side in sides) for sides in (case.before, case.after))
    if not case.before or not case.after:
        yield spoken("area", area=was + now)
    elif abs(grown) >= 0.005:
        sign = "+" if grown > 0 else "−"
        yield both(lambda lang: say("changes.area_change", lang, before=number(was, lang), after=number(now, lang),
                                    change=sign + number(abs(grown), lang)))  # fmt: skip


def _field(layer: Layer, field: str, case: Case) -> Markup:
    """Say what a field was and is; of one that is not public only that it differs."""
    spec = layer.fields.get(field)
    was, now = case.before[0].cells, case.after[0].cells

    def make(lang: str) -> str:
        title = spec.title.say(lang) if spec and spec.title else field
        if field not in was or field not in now:
            return say("changes.field_hidden", lang, field=title)
        before, after = (_cell(layer, field, cells[field], lang) for cells in (was, now))
        return say("changes.field", lang, field=title, before=before, after=after)

    return both(make)


def _cell(layer: Layer, field: str, cell: Any, lang: str) -> str:  # noqa: ANN401 - a cell of any type
    if field not in layer.fields:
        return str(cell or NOTHING)
    text = cell_text(layer, field, cell)
    return text[lang != "pl"] if isinstance(text, list) else text or NOTHING
