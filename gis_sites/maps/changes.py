"""What a load changed, as one HTML file: a map of how it was and how it is, with the list of cases beside it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from markupsafe import Markup

from gis_sites.intake.compare import KINDS, Case, LayerChanges, Side
from gis_sites.maps.casewords import names, reasons, spoken
from gis_sites.maps.overlays import TOLERANCE_M, drawn_size, geojson
from gis_sites.maps.page import blank_map, collection, framed, leaflet, name_element, scripts_of, templates
from gis_sites.maps.preface import cautions
from gis_sites.maps.words import both, long_date, moment, numeral, plain
from gis_sites.store.comparison import NEW, OLD
from gis_sites.store.loads import Load
from gis_sites.words import say

if TYPE_CHECKING:
    import folium
    import geopandas as gpd

MOST_BYTES = 10_000_000
OWN_BYTES = 60_000
"""How large the file may be, and what its frame, script and style take of it."""
ENTRY_BYTES = 700
"""What a case takes in the list beside its words."""
MANY = 600
"""Outlines above which what only changed is switched off at first: it would hide what came and went."""
COLORS = {"split": "#b0478f", "merged": "#d09a1c", "regrouped": "#4fa3d8", "renumbered": "#77818a",
          "added": "#12805c", "removed": "#c8501e", "changed": "#3f6fb5"}  # fmt: skip
WAS = {"color": "#7a2e06", "weight": 2, "dashArray": "5 4", "lineCap": "butt", "fill": False}
IS = {"color": "#0b2c4a", "weight": 1.5, "fill": False}
AROUND = {"color": "#a3abb1", "weight": 0.7, "fill": False}


@dataclass(frozen=True)
class Entry:
    """A case on the page: its place in the list, its words, its outlines as GeoJSON."""

    at: int
    case: Case
    names: Markup
    reasons: tuple[Markup, ...]
    was: str | None
    now: str | None


@dataclass(frozen=True)
class Section:
    """What changed in one layer, by kind."""

    changes: LayerChanges
    kinds: tuple[tuple[str, tuple[Entry, ...]], ...]

    @property
    def left_out(self) -> int:
        """How many rows that differ are not on the page one by one."""
        return self.changes.differing - sum(one.case.rows for _, entries in self.kinds for one in entries)


def change_map(
    load: Load,
    changes: Sequence[LayerChanges],
    around: "gpd.GeoSeries",
    *,
    lang: Literal["pl", "en"] = "pl",
    max_bytes: int = MOST_BYTES,
) -> str:
    """Return the page as HTML that opens anywhere and asks nobody; `lang` is the language it opens in.

    `around` holds outlines to draw behind the cases, in the CRS of these. Above `max_bytes` the first cases are
    told, and the page says so.
    """
    context = [one for one in geojson(around.simplify(TOLERANCE_M)) if one]
    room = max_bytes - OWN_BYTES - sum(map(len, leaflet())) - sum(map(drawn_size, context))
    sections = list(_sections(changes, around.crs, room))
    entries = [one for section in sections for _, found in section.kinds for one in found]
    element, script = scripts_of(_chart(entries, context))
    return (
        templates()
        .get_template("changes.html")
        .render(
            **framed("changes", script, _data(entries), styles=["handout.css", "changes.css"]),
            load=load,
            at=moment(load.at.isoformat()),
            dated=long_date(load.dated),
            sections=sections,
            notices=list(_notices(sections)),
            cautions=cautions(),
            element=element,
            lang=lang,
            colors=COLORS,
            classes={"new": NEW, "old": OLD},
            spoken=spoken,
            numeral=numeral,
            both=both,
        )
    )


def _sections(changes: Sequence[LayerChanges], crs: Any, room: int) -> Iterator[Section]:  # noqa: ANN401 - any CRS
    """Put the cases into words and shapes, as many as there is room for."""
    at = 0
    for one in changes:
        drawn = [_drawn(case) for case in one.cases]
        shapes = (_outlines([sides[place] for sides in drawn], crs) for place in (0, 1))
        entries: list[Entry] = []
        for case, was, now in zip(one.cases, *shapes, strict=True):
            said = tuple(reasons(one.layer, case))
            room -= drawn_size(was) + drawn_size(now) + sum(map(len, said)) + ENTRY_BYTES
            if room < 0:
                break
            entries.append(Entry(at, case, names(one.layer, case), said, was, now))
            at += 1
        grouped = groupby(entries, key=lambda entry: entry.case.kind)
        yield Section(one, tuple((kind, tuple(found)) for kind, found in grouped))


def _drawn(case: Case) -> tuple[Sequence[Side], Sequence[Side]]:
    """Choose what of a case is drawn: where a number stays, what went into it, or came off it, and not all of it."""
    stay = case.stays
    if stay and case.kind == "merged":
        return [side for side in case.before if side.key not in stay], case.after
    if stay and case.kind == "split":
        return case.before, [side for side in case.after if side.key not in stay]
    return case.before, case.after


def _outlines(sides: Sequence[Sequence[Any]], crs: Any) -> list[str | None]:  # noqa: ANN401 - any CRS
    """Return the rows of each case as one GeoJSON geometry for the screen."""
    import geopandas as gpd
    import shapely

    if not sides:
        return []
    shapes = [[part for row in rows for part in shapely.get_parts(row.shape)] for rows in sides]
    whole = np.array([shapely.geometrycollections(parts) if parts else None for parts in shapes], dtype=object)
    return geojson(gpd.GeoSeries(shapely.simplify(whole, TOLERANCE_M), crs=crs))


def _notices(sections: Sequence[Section]) -> Iterator[Markup]:
    """Say what is not on the page, and whom the page is for."""
    for one in sections:
        changes, title = one.changes, one.changes.layer.title
        if changes.base is None:
            yield spoken("first", layer=title)
        elif not changes.kept:
            yield spoken("not_kept", layer=title, base=changes.base, revision=changes.revision)
        elif one.left_out:
            yield spoken("left_out", layer=title, count=one.left_out, whole=changes.differing)
    hidden = [one.changes.layer.title for one in sections if one.changes.layer.public != "geometry"]
    if hidden:
        yield both(lambda lang: say("changes.internal", lang, layers=", ".join(title.say(lang) for title in hidden)))


# ---- the map -------------------------------------------------------------------------------------------


def _chart(entries: Sequence[Entry], context: Sequence[str]) -> "folium.Map":
    """Build the map: what stays in grey below, one layer a kind above, and the control that switches them."""
    import folium

    chart = blank_map()
    background = [{"type": "Feature", "properties": {}, "geometry": json.loads(one)} for one in context]
    if background:
        layer = folium.GeoJson(collection(background), lambda feature: AROUND, control=False, interactive=False)
        name_element(layer.add_to(chart), "around")
    for kind in KINDS:
        features = [one for entry in entries if entry.case.kind == kind for one in _features(entry)]
        if features:
            layer = folium.GeoJson(
                collection(features), _style, name=_control(kind), marker=folium.CircleMarker(radius=5),
                show=kind != "changed" or len(features) <= MANY, smooth_factor=0.2,
                on_each_feature=folium.JsCode("(feature, layer) => changes.feature(feature, layer)"),
            )  # fmt: skip
            name_element(layer.add_to(chart), kind)
    if entries:
        name_element(folium.LayerControl(collapsed=False).add_to(chart), "kinds")
    return chart


def _features(entry: Entry) -> Iterator[dict[str, Any]]:
    """Yield what is, so that it lies below, then what was; filled is what came, or went into what stays."""
    filled = "was" if entry.now is None or (entry.case.kind == "merged" and entry.case.stays) else "now"
    for side, shape in (("now", entry.now), ("was", entry.was)):
        if shape:
            properties = {"at": entry.at, "side": side, "kind": entry.case.kind, "filled": side == filled}
            yield {"type": "Feature", "properties": properties, "geometry": json.loads(shape)}


def _style(feature: dict[str, Any]) -> dict[str, Any]:
    about = feature["properties"]
    filled = {"fill": True, "fillColor": COLORS[about["kind"]], "fillOpacity": 0.35} if about["filled"] else {}
    return {**(IS if about["side"] == "now" else WAS), **filled}


def _control(kind: str) -> str:
    """Return how the control calls a kind, as HTML that folium's templates leave alone."""
    swatch = f'<i class="dot" style="background: {COLORS[kind]}"></i>'
    return f'<span class="key">{swatch}{spoken("kind_" + kind)}</span>'


def _data(entries: Sequence[Entry]) -> dict[str, Any]:
    """Return what the page's script needs to know."""
    words = {name: plain(lambda lang, key=f"map.{name}": say(key, lang)) for name in ("zoom_in", "zoom_out", "close")}  # type: ignore[misc]
    words |= {name: plain(lambda lang, key=f"changes.{name}": say(key, lang)) for name in ("heading", "map_label")}  # type: ignore[misc]
    return {"kinds": [one.case.kind for one in entries], "colors": COLORS, "words": words}
