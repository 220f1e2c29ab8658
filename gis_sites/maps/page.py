"""The folium map inside our own page: Leaflet and nothing else, every script and style inlined, no address asked.

Folium renders what it is given as templates, so nothing a person wrote may pass through it: it gets numbers, styles
and names of ours; texts stand in the page around it, escaped.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from gis_sites.assets import asset
from gis_sites.maps.overlays import Drawn

if TYPE_CHECKING:
    import folium
    import jinja2

MAP_SCRIPT = """
{% macro header(this, kwargs) %}{% endmacro %}
{% macro html(this, kwargs) %}<div class="folium-map" id="{{ this.get_name() }}"></div>{% endmacro %}
{% macro script(this, kwargs) %}
L_NO_TOUCH = false; L_DISABLE_3D = false;
var {{ this.get_name() }} = L.map({{ this.get_name()|tojson }}, {
    center: {{ this.location|tojson }}, crs: L.CRS.{{ this.crs }}, ...{{ this.options|tojavascript }}
});
L.control.zoom({position: "bottomright"}).addTo({{ this.get_name() }});
L.control.scale({imperial: false}).addTo({{ this.get_name() }});
{% endmacro %}
"""
MIDDLE_OF_POLAND = (52.07, 19.48)


@cache
def templates() -> "jinja2.Environment":
    """Return the templates of this room; everything put into them is escaped."""
    import jinja2

    return jinja2.Environment(
        loader=jinja2.PackageLoader("gis_sites.maps"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def folium_map(
    sites: list[dict[str, Any]],
    overlays: Sequence[Drawn],
    names: Sequence[str],
    *,
    footprints: Sequence[Mapping[str, Any]] = (),
) -> "folium.Map":
    """Build the map: overlays below in their order, the candidates above, one control that switches the overlays.

    `sites` and `footprints`, which lie on top, are GeoJSON features whose property `style` is theirs; `names` are
    the overlays' titles as HTML.
    """
    import folium

    chart = blank_map()
    name_element(folium.map.CustomPane("sites", z_index=450, pointer_events=True).add_to(chart), "sites")
    marker = folium.CircleMarker(radius=5)
    for place, (drawn, name) in enumerate(zip(overlays, names, strict=True)):
        layer = folium.GeoJson(
            collection(drawn.features), drawn.style, name=name, marker=marker, show=place < 3, smooth_factor=0.5,
            on_each_feature=folium.JsCode(f"(feature, layer) => handout.overlay({place}, feature, layer)"),
        )  # fmt: skip
        name_element(layer.add_to(chart), f"overlay_{place}")
    layer = folium.GeoJson(
        collection(sites), _own_style, control=False, pane="sites", smooth_factor=0.2,
        on_each_feature=folium.JsCode("(feature, layer) => handout.site(feature, layer)"),
    )  # fmt: skip
    name_element(layer.add_to(chart), "sites")
    if footprints:
        standing = folium.GeoJson(collection(footprints), _own_style, control=False, pane="sites", smooth_factor=0.0)
        name_element(standing.add_to(chart), "footprints")
    if overlays:
        name_element(folium.LayerControl(collapsed=False).add_to(chart), "overlays")
    return chart


def collection(features: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return GeoJSON features as one document."""
    return {"type": "FeatureCollection", "features": list(features)}


def _own_style(feature: Mapping[str, Any]) -> Any:  # noqa: ANN401 - in Leaflet's words
    return feature["properties"]["style"]


def blank_map() -> "folium.Map":
    """Make a map that shows nothing yet; its script calls it `map_sites`."""
    chart = _map_class()(location=MIDDLE_OF_POLAND, tiles=None, zoom_start=6, min_zoom=5, max_zoom=21, zoom_snap=0.5,
                         zoom_control=False, attribution_control=False)  # fmt: skip
    name_element(chart, "sites")
    return chart


def name_element(element: Any, name: str) -> None:  # noqa: ANN401 - any folium element
    """Give an element a name of ours, so that the same answer makes the same file."""
    del element._parent._children[element.get_name()]
    element._id = name
    element._parent.add_child(element)


@cache
def _map_class() -> type["folium.Map"]:
    import folium
    from folium.template import Template

    class OfflineMap(folium.Map):
        """A folium map that links no script and no style."""

        default_js: list[tuple[str, str]] = []  # noqa: RUF012 - folium's own form
        default_css: list[tuple[str, str]] = []  # noqa: RUF012
        _template = Template(MAP_SCRIPT)

    return OfflineMap


def scripts_of(chart: "folium.Map") -> tuple[Markup, Markup]:
    """Render a folium map: its element and its script."""
    figure: Any = chart.get_root()
    for child in figure._children.values():
        child.render()
    # Made by folium from numbers and names of ours: not escaped again.
    return Markup(figure.html.render()), Markup(figure.script.render())  # noqa: S704


@cache
def leaflet() -> tuple[str, str]:
    """Return Leaflet's script with its licence, and its style with the images in it."""
    licence = asset("leaflet/LICENSE").read_text(encoding="utf-8")
    script = asset("leaflet/leaflet.js").read_text(encoding="utf-8")
    script = re.sub(r"//# sourceMappingURL=.*", "", script)
    style = asset("leaflet/leaflet.css").read_text(encoding="utf-8")
    return f"/*\n{licence}*/\n{script}", re.sub(r"url\((images/[\w.-]+)\)", _inlined, style)


def framed(name: str, script: Markup, data: Mapping[str, Any], *, styles: Sequence[str]) -> dict[str, Any]:
    """Return what `frame.html` holds of a page of ours: data, styles and scripts, which alone its policy allows.

    `script` is the map's; the page's own, `<name>.js`, is started when the map is there.
    """
    leaflet_script, leaflet_style = leaflet()
    own = _source("frame.js") + _source(f"{name}.js")
    scripts = [f"\n{text}\n" for text in (leaflet_script, own, f"{script}\n{name}.start();")]
    return {
        "data": safe_json(data),
        "scripts": [Markup(text) for text in scripts],  # noqa: S704 - Leaflet's, ours and folium's
        "digests": " ".join(map(_digest, scripts)),
        "styles": [Markup(text) for text in (leaflet_style, *map(_source, styles))],  # noqa: S704
    }


def _source(name: str) -> str:
    return (Path(__file__).parent / "templates" / name).read_text(encoding="utf-8")


def _inlined(found: re.Match[str]) -> str:
    image = asset(f"leaflet/{found[1]}").read_bytes()
    return f"url(data:image/png;base64,{base64.b64encode(image).decode()})"


def safe_json(value: object) -> Markup:
    """Return JSON that can stand inside a script element whatever its strings hold."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 - no sign of markup is left


def _digest(script: str) -> str:
    """Return how a content security policy names the one script it allows."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
