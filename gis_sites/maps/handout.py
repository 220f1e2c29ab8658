"""The hand-out: one HTML file with the shortlist, its reasons and a map, which opens anywhere and asks nobody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from markupsafe import Markup

from gis_sites.catalogue import Catalogue, Layer
from gis_sites.maps import scale
from gis_sites.maps.answers import answers
from gis_sites.maps.cards import Card, Sources, card
from gis_sites.maps.footprints import drawn_footprints
from gis_sites.maps.overlays import Drawn, Overlay, draw, drawn_size, geojson, layers_concerned, pattern_id
from gis_sites.maps.page import folium_map, framed, leaflet, scripts_of, templates
from gis_sites.maps.preface import notices, preface
from gis_sites.maps.words import both, in_language, plain, spoken
from gis_sites.words import say

if TYPE_CHECKING:
    import geopandas as gpd

MOST_FEATURES = 2000
"""How many candidates, and how many rows of one other layer, are drawn at most."""
MOST_BYTES = 10_000_000
"""How large the file may be."""
OWN_BYTES = 60_000
"""What our own script, style and the page's frame take of it."""


@dataclass(frozen=True)
class Listed:
    """The candidates that found room: in words, as HTML, as GeoJSON features, and where each stands."""

    cards: list[Card]
    texts: list[Markup]
    features: list[dict[str, Any]]
    shapes: "gpd.GeoDataFrame"
    undrawn: int


def hand_out(
    shortlist: Mapping[str, Any],
    sites: "gpd.GeoDataFrame",
    overlays: Sequence[Overlay],
    catalogue: Catalogue,
    *,
    lang: Literal["pl", "en"] = "pl",
    max_features: int = MOST_FEATURES,
    max_bytes: int = MOST_BYTES,
) -> str:
    """Return the hand-out of a shortlist as HTML; `lang` is the language it opens in.

    `sites` holds `id` and the geometry of each candidate, or of each of its parcels. Only layers whose geometry is
    public are drawn, only public attributes are told. Above `max_features` or `max_bytes` the first are drawn, and the
    page says so.
    """
    sources = Sources(catalogue)
    answered = answers(shortlist, catalogue)
    room = max_bytes - OWN_BYTES - sum(map(len, leaflet())) - len(answered.encode())
    for_sites = room * 7 // 10 if overlays else room
    listed = _listed(shortlist, sites, catalogue, sources, most=max_features, room=for_sites)
    each = (room - for_sites) // max(len(overlays), 1)
    drawn = [
        draw(one, listed.shapes, catalogue, most=max_features, room=each)
        for one in overlays
        if one.layer.public == "geometry"
    ]
    standing = drawn_footprints(shortlist.get("candidates", [])[: len(listed.cards)])
    names = map(_overlay_name, drawn)
    element, script = scripts_of(folium_map(listed.features, drawn, list(names), footprints=standing))
    context = {
        **preface(shortlist, catalogue),
        **_legend(drawn, [catalogue.layers[name] for name in layers_concerned(shortlist, catalogue, public="values")]),
        "cards": listed.texts,
        "answers": answered,
        "sources": sources.texts,
        "notices": notices(shortlist, catalogue, drawn, cards=len(listed.cards), undrawn=listed.undrawn),
        "element": element,
        "lang": lang,
        **framed("handout", script, _data(listed.cards, drawn, shortlist), styles=["handout.css"]),
    }
    return templates().get_template("handout.html").render(**context, spoken=spoken)


def _listed(
    shortlist: Mapping[str, Any],
    sites: "gpd.GeoDataFrame",
    catalogue: Catalogue,
    sources: Sources,
    *,
    most: int,
    room: int,
) -> Listed:
    """Put the first candidates into words and shapes, as many as there is room for."""
    chosen = list(shortlist.get("candidates", []))[:most]
    shapes = site_shapes(chosen, sites)
    texts = geojson(_outlined(chosen, sites, shapes))
    asks = list(shortlist.get("asks", []))
    template = templates().get_template("card.html")
    cards: list[Card] = []
    lines: list[Markup] = []
    used = 0
    for at, (one, shape) in enumerate(zip(chosen, texts, strict=True)):
        made = card(at, one, asks, catalogue, sources)
        line = Markup(template.render(one=made, spoken=spoken))  # noqa: S704 - escaped by the template
        used += len(line.encode()) + drawn_size(shape)
        if used > room and cards:
            break
        cards.append(made)
        lines.append(line)
    features = [_feature(one, shape) for one, shape in zip(cards, texts, strict=False) if shape]
    return Listed(
        cards, lines, features, shapes.iloc[: len(cards)].dropna(subset="geometry"), len(cards) - len(features)
    )


def site_shapes(candidates: Sequence[Mapping[str, Any]], sites: "gpd.GeoDataFrame") -> "gpd.GeoDataFrame":
    """Return each candidate's geometry, by its own id or else united from its parcels; None where there is none."""
    import geopandas as gpd
    import shapely

    known = dict(zip(sites["id"].astype(str), sites.geometry, strict=True))
    shapes = []
    for one in candidates:
        parts = [known.get(str(parcel)) for parcel in one.get("parcels") or []]
        united = shapely.union_all(parts) if parts and None not in parts else None
        shapes.append(known.get(str(one["id"])) or united)
    ids = [str(one["id"]) for one in candidates]
    return gpd.GeoDataFrame({"id": ids}, geometry=gpd.GeoSeries(shapes, crs=sites.crs), crs=sites.crs)


def _outlined(
    candidates: Sequence[Mapping[str, Any]], sites: "gpd.GeoDataFrame", shapes: "gpd.GeoDataFrame"
) -> "gpd.GeoSeries":
    """Return the geometries to draw: of assemblies those of their parcels, so that each has its outline."""
    import geopandas as gpd

    known = dict(zip(sites["id"].astype(str), sites.geometry, strict=True))
    drawn = [
        side_by_side([known.get(str(parcel)) for parcel in one["parcels"]]) if one.get("kind") == "assembly" else shape
        for one, shape in zip(candidates, shapes.geometry, strict=True)
    ]
    return gpd.GeoSeries(drawn, crs=sites.crs)


def side_by_side(shapes: Sequence[Any]) -> Any:  # noqa: ANN401 - shapely has no one type for it
    """Return some polygons as one geometry that keeps the outline of each; None if one is missing."""
    import shapely

    if not shapes or any(one is None for one in shapes):
        return None
    return shapely.multipolygons(shapely.get_parts(list(shapes)))


DASHES = {"solid": None, "dash": "6 4", "dot": "1.5 5"}


def _feature(one: Card, shape: str) -> dict[str, Any]:
    import json

    style = {"color": "#10202e", "weight": 2, "dashArray": DASHES[one.look.line], "lineCap": "butt",
             "fillColor": one.look.fill, "fillOpacity": 0.95}  # fmt: skip
    properties = {"style": {name: value for name, value in style.items() if value is not None}}
    return {"type": "Feature", "id": str(one.at), "properties": properties, "geometry": json.loads(shape)}


def _legend(drawn: Sequence[Drawn], left_out: Sequence[Layer]) -> dict[str, Any]:
    return {
        "classes": scale.classes(),
        "patterns": [
            (pattern_id(one.layer.name, step), entry.pattern, entry.color)
            for one in drawn
            for step, entry in one.legend
            if entry and entry.pattern != "solid"
        ],
        "left_out": both(lambda lang: ", ".join(layer.title.say(lang) for layer in left_out)) if left_out else None,
    }


def _overlay_name(drawn: Drawn) -> str:
    """Return an overlay's title with its legend, as HTML that folium's templates leave alone."""
    html = templates().get_template("overlay.html").render(drawn=drawn, pattern_id=pattern_id, spoken=spoken, both=both)
    return html.replace("{", "&#123;").replace("}", "&#125;").replace("\n", "")


def _data(cards: Sequence[Card], drawn: Sequence[Drawn], shortlist: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the page's script needs: how marks look, what overlays hold, words for attributes."""
    names = ("zoom_in", "zoom_out", "close", "map_label", "heading")
    words = {name: plain(partial(say, f"map.{name}")) for name in names}
    if title := shortlist.get("requirement", {}).get("title"):
        words["heading"] = plain(lambda lang: in_language(title, lang))
    return {
        "marks": [[one.rank, one.look.fill, one.look.ink, one.look.line, one.tier] for one in cards],
        "overlays": [
            {"title": plain(one.layer.title.say), "fields": _field_titles(one), "rows": one.rows} for one in drawn
        ],
        "words": words,
    }


def _field_titles(drawn: Drawn) -> list[dict[str, str]]:
    titles = [(name, drawn.layer.fields[name].title) for name in drawn.columns]
    return [plain(title.say) if title else {"pl": name, "en": name} for name, title in titles]
