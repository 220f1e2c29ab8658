"""A QGIS project that opens the layers of OGC API Features, drawn as the legends of the layer files say."""

from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from pyproj import Transformer

from api.map_data import BELOW, SHOWN
from gis_sites.catalogue import UNKNOWN, Catalogue
from gis_sites.layer import Layer, Legend
from gis_sites.maps.overlays import color_of
from gis_sites.store.drawing import column_of
from gis_sites.store.published import Published
from gis_sites.words import LANGUAGES, say

VERSION = "3.22.0"
"""The oldest QGIS the project is written for."""
HEAD = b"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
KINDS = {"POLYGON": ("fill", "Polygon"), "LINESTRING": ("line", "Line"), "POINT": ("marker", "Point")}
FILLS = {"solid": "solid", "hatch": "b_diagonal", "dots": "dense6", "dash": "horizontal", "cross": "diagonal_x"}
LINES = {"solid": "solid", "hatch": "dash dot", "dots": "dot", "dash": "dash", "cross": "dash dot dot"}
MARKERS = {"solid": "circle", "hatch": "square", "dots": "diamond", "dash": "triangle", "cross": "cross2"}
ALPHA = 110
"""How opaque an area is, of 255: what lies below is seen."""


def in_order(catalogue: Catalogue, held: Mapping[str, Published]) -> list[tuple[Published, Layer]]:
    """Return what is published, from above to below: points, lines, areas with the large ones last, lists."""
    kinds = {"marker": 0, "line": 1, "fill": 2}
    below = {name: place for place, name in enumerate(BELOW)}

    def place(view: Published) -> tuple[int, int, str]:
        return kinds.get(_kind(view)[0] or "", 3), -below.get(view.name, len(below)), view.name

    return [(one, catalogue.layers[one.name]) for one in sorted(held.values(), key=place)]


def project(
    views: Sequence[tuple[Published, Layer]],
    *,
    url: str,
    crs: str,
    lang: str,
) -> bytes:
    """Return the project.

    Args:
        views: What is published, from above to below.
        url: Where the API is, as QGIS sees it.
        crs: The CRS of the map, `EPSG:n`.
        lang: The language of the titles; the abstract of a layer has every one.
    """
    title = say("ogc.city", lang)
    root = ET.Element("qgis", projectname=title, version=VERSION)
    _text(root, "title", title)
    _crs(ET.SubElement(root, "projectCrs"), crs)
    tree = ET.SubElement(root, "layer-tree-group")
    canvas = ET.SubElement(root, "mapcanvas", name="theMapCanvas")
    _text(canvas, "units", "meters")
    if extent := next((one.extent for one, _ in views if one.name == "parcel"), None):
        turned = Transformer.from_crs(4326, crs, always_xy=True).transform_bounds(*extent)
        box = ET.SubElement(canvas, "extent")
        for name, value in zip(("xmin", "ymin", "xmax", "ymax"), turned, strict=True):
            _text(box, name, f"{value:.2f}")
    _crs(ET.SubElement(canvas, "destinationsrs"), crs)
    layers = ET.SubElement(root, "projectlayers")
    for view, layer in views:
        source = datasource(url, view.name)
        entry = {"id": view.name, "name": layer.title.say(lang), "source": source, "providerKey": "OAPIF"}
        checked = "Qt::Checked" if view.name in SHOWN else "Qt::Unchecked"
        ET.SubElement(tree, "layer-tree-layer", entry, checked=checked, expanded="0")
        _layer(layers, view, layer, source=source, lang=lang)
    ET.indent(root)
    text: bytes = ET.tostring(root, encoding="utf-8")
    return HEAD + text


def datasource(url: str, name: str) -> str:
    """Write where a layer is, as QGIS's provider of OGC API Features reads it.

    >>> datasource("https://example.org/ogc", "parcel")
    "pageSize='1000' pagingEnabled='true' restrictToRequestBBOX='1' typename='parcel' url='https://example.org/ogc/'"
    """
    where = url.replace("'", "%27")
    return f"pageSize='1000' pagingEnabled='true' restrictToRequestBBOX='1' typename='{name}' url='{where}/'"


def _layer(parent: ET.Element, view: Published, layer: Layer, *, source: str, lang: str) -> None:
    kind, shape = _kind(view)
    made = ET.SubElement(parent, "maplayer", type="vector", geometry=shape)
    _text(made, "id", view.name)
    _text(made, "datasource", source)
    _text(made, "layername", layer.title.say(lang))
    _text(made, "abstract", " / ".join(layer.title.say(one) for one in LANGUAGES))
    _crs(ET.SubElement(made, "srs"), "EPSG:4326")
    ET.SubElement(made, "provider", encoding="UTF-8").text = "OAPIF"
    if kind:
        _renderer(made, layer, kind=kind, lang=lang)


def _kind(view: Published) -> tuple[str | None, str]:
    """Return the kind of symbol of a view and QGIS's word for its geometry; no symbol where shapes are mixed."""
    if view.shape is None:
        return None, "No geometry"
    return KINDS.get(view.shape.removeprefix("MULTI"), (None, "Unknown geometry"))


def _renderer(parent: ET.Element, layer: Layer, *, kind: str, lang: str) -> None:
    """Draw each row by the first entry of the legend that speaks of it."""
    plain = {"color": color_of(layer), "width": 1.0, "pattern": "solid"}
    looks = [({"color": one.color, "width": one.width, "pattern": one.pattern}, one.title) for one in layer.legend]
    last = looks[-1][0] if layer.legend and not layer.legend[-1].when else plain
    if all(not one.when for one in layer.legend):
        made = ET.SubElement(parent, "renderer-v2", type="singleSymbol", symbollevels="0", forceraster="0")
        _symbol(ET.SubElement(made, "symbols"), "0", kind, last)
        return
    told = [(look, title.say(lang)) for look, title in looks]
    if layer.legend[-1].when:
        told.append((plain, say("ogc.other", lang)))
    attributes = {"type": "categorizedSymbol", "attr": step(layer), "symbollevels": "0", "forceraster": "0"}
    made = ET.SubElement(parent, "renderer-v2", attributes)
    categories, symbols = ET.SubElement(made, "categories"), ET.SubElement(made, "symbols")
    for at, (look, title) in enumerate(told):
        entry = {"value": str(at), "type": "long", "label": title, "symbol": str(at), "render": "true"}
        ET.SubElement(categories, "category", entry)
        _symbol(symbols, str(at), kind, look)


def step(layer: Layer) -> str:
    """Write which entry of the legend speaks of a row, as an expression of QGIS: the first that fits."""
    cases = [f"WHEN {_fits(layer, one)} THEN {at}" for at, one in enumerate(layer.legend)]
    return f"CASE {' '.join(cases)} ELSE {len(layer.legend)} END"


def _fits(layer: Layer, entry: Legend) -> str:
    terms = [_among(layer, name, codes if isinstance(codes, tuple) else (codes,)) for name, codes in entry.when.items()]
    return " AND ".join(terms) or "true"


def _among(layer: Layer, name: str, codes: Sequence[object]) -> str:
    spec = layer.fields[name]
    held = column_of(name, spec)
    column = f'"{held}"'
    words = ", ".join(_literal(one) for one in codes if one != UNKNOWN)
    terms = [f"{column} IS NULL"] if UNKNOWN in codes else []
    if words and held != name:
        # The classes a printed symbol allows, parted by blanks.
        terms.append(f"array_intersect(string_to_array({column}, ' '), array({words}))")
    elif words:
        terms.append(f"{column} IN ({words})")
    return f"coalesce({' OR '.join(terms)}, false)"


def _literal(code: object) -> str:
    return str(code).lower() if isinstance(code, bool) else "'" + str(code).replace("'", "''") + "'"


def _symbol(parent: ET.Element, name: str, kind: str, look: dict[str, Any]) -> None:
    red, green, blue = bytes.fromhex(look["color"].removeprefix("#"))
    color, width, pattern = f"{red},{green},{blue}", str(look["width"] / 4), look["pattern"]
    options = {
        "fill": {"color": f"{color},{ALPHA}", "style": FILLS[pattern], "outline_color": f"{color},255",
                 "outline_width": width, "outline_style": "solid"},
        "line": {"line_color": f"{color},255", "line_style": LINES[pattern], "line_width": width},
        "marker": {"color": f"{color},255", "name": MARKERS[pattern], "outline_color": "255,255,255,255", "size": "3"},
    }[kind]  # fmt: skip
    made = ET.SubElement(parent, "symbol", type=kind, name=name, alpha="1", clip_to_extent="1")
    drawn = {"fill": "SimpleFill", "line": "SimpleLine", "marker": "SimpleMarker"}[kind]
    layer = ET.SubElement(made, "layer", {"class": drawn, "enabled": "1", "locked": "0", "pass": "0"})
    held = ET.SubElement(layer, "Option", type="Map")
    for key, value in options.items():
        ET.SubElement(held, "Option", name=key, type="QString", value=value)


def _crs(parent: ET.Element, crs: str) -> None:
    made = ET.SubElement(parent, "spatialrefsys")
    _text(made, "srid", crs.removeprefix("EPSG:"))
    _text(made, "authid", crs)


def _text(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = text
