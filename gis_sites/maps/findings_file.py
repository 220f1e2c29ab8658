"""The findings of a load as a GeoPackage, for a person with QGIS: what, where, and how to mend it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import quoteattr

from gis_sites.errors import WrongUse
from gis_sites.findings import Severity
from gis_sites.intake.kinds import of_kind
from gis_sites.maps.files import whole
from gis_sites.store.loads import Noticed
from gis_sites.words import LANGUAGES, say

if TYPE_CHECKING:
    import geopandas as gpd

SUFFIX = ".gpkg"
KINDS = ("MultiPoint", "MultiLineString", "MultiPolygon")
LAYERS = ("findings_points", "findings_lines", "findings_polygons")
NOWHERE = "findings_without_place"
"""What is about a column or a table, or about a row that has no geometry anywhere."""
COLORS = {Severity.ERROR: "213,94,0", Severity.WARNING: "230,159,0", Severity.NOTE: "0,114,178"}
"""Told apart by the colour-blind too (Okabe and Ito)."""


def export_findings(
    noticed: Sequence[Noticed], path: Path, *, crs: str, about: Mapping[str, str], lang: str = "pl"
) -> None:
    """Write what a load noticed: one layer a kind of geometry, one table of what has no place, in the working CRS.

    Findings were masked when they were kept, so nothing that is not public is in their sentences. `about` says of
    which load they are; `lang` is the language of the legend that QGIS shows.

    Raises:
        WrongUse: the file is no GeoPackage by its suffix, or its folder is not there.
    """
    if path.suffix.lower() != SUFFIX:
        raise WrongUse("map.suffix_unknown", path=path.name, allowed=SUFFIX)
    with whole(path) as beside:
        _write(noticed, beside, crs, about, lang)


def _write(noticed: Sequence[Noticed], path: Path, crs: str, about: Mapping[str, str], lang: str) -> None:
    import pandas as pd
    import pyogrio
    import shapely

    frame = pd.DataFrame([_row(one) for one in noticed], columns=list(COLUMNS)).astype(COLUMNS)
    places, _ = of_kind(shapely.from_wkb([one.wkb for one in noticed], on_invalid="ignore"), "any")
    kinds = shapely.get_dimensions(places)
    written = []
    for kind, name in enumerate(LAYERS):
        if (kinds == kind).any():
            shown = _placed(frame[kinds == kind], places[kinds == kind], crs)
            pyogrio.write_dataframe(
                shown, path, layer=name, driver="GPKG", geometry_type=KINDS[kind], append=path.exists(),
                layer_metadata=dict(about),
            )  # fmt: skip
            written.append(name)
    nowhere = frame[kinds < 0]
    if len(nowhere) or not written:
        pyogrio.write_dataframe(
            nowhere, path, layer=NOWHERE, driver="GPKG", append=path.exists(), layer_metadata=dict(about)
        )
    if written:
        # QGIS takes the style of a layer from this table.
        options = {"layer": "layer_styles", "driver": "GPKG", "append": True, "FID": "id"}
        pyogrio.write_dataframe(pd.DataFrame([_style(name, lang) for name in written]), path, **options)


COLUMNS = {
    "type": "str", "severity": "str", "whose": "str", "layer": "str", "table": "str", "row": "Int64", "key": "str",
    "column": "str", "sentence_pl": "str", "sentence_en": "str", "mend_pl": "str", "mend_en": "str",
}  # fmt: skip


def _row(one: Noticed) -> dict[str, Any]:
    finding = one.finding
    said = {f"sentence_{lang}": finding.sentence(lang) for lang in LANGUAGES}
    said |= {f"mend_{lang}": finding.type.mend(lang) for lang in LANGUAGES}
    return {
        "type": finding.type.word,
        "severity": str(finding.type.severity),
        "whose": str(finding.type.whose),
        "layer": one.layer,
        "table": one.table,
        "row": finding.row,
        "key": finding.key,
        "column": finding.column,
        **said,
    }


def _placed(frame: Any, places: Any, crs: str) -> "gpd.GeoDataFrame":  # noqa: ANN401 - pandas has no types here
    import geopandas as gpd

    return gpd.GeoDataFrame(frame, geometry=places, crs=crs)


def _style(layer: str, lang: str) -> dict[str, Any]:
    """Return the row that gives a layer its style in QGIS: a colour for each severity."""
    return {
        "f_table_catalog": "",
        "f_table_schema": "",
        "f_table_name": layer,
        "f_geometry_column": "geom",
        "styleName": "severity",
        "styleQML": _qml(layer, lang),
        "styleSLD": "",
        "useAsDefault": True,
        "description": "",
        "owner": "",
        "ui": "",
    }


def _qml(layer: str, lang: str) -> str:
    labels = [(str(one), say(f"finding_help.{one}", lang)) for one in COLORS]
    categories = "".join(
        f'<category render="true" symbol="{at}" value={quoteattr(value)} label={quoteattr(label)}/>'
        for at, (value, label) in enumerate(labels)
    )
    symbols = "".join(_symbol(layer, str(at), color) for at, color in enumerate(COLORS.values()))
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>"
        '<qgis version="3.22.0" styleCategories="Symbology">'
        '<renderer-v2 type="categorizedSymbol" attr="severity" symbollevels="0" enableorderby="0" forceraster="0">'
        f"<categories>{categories}</categories><symbols>{symbols}</symbols></renderer-v2></qgis>"
    )


def _symbol(layer: str, name: str, color: str) -> str:
    """Return a symbol of QGIS: points and lines in the colour, polygons outlined and lightly filled with it."""
    kind, drawn, properties = {
        "findings_points": ("marker", "SimpleMarker", {"name": "circle", "color": f"{color},255", "size": "3"}),
        "findings_lines": ("line", "SimpleLine", {"line_color": f"{color},255", "line_width": "0.8"}),
        "findings_polygons": (
            "fill",
            "SimpleFill",
            {"color": f"{color},70", "outline_color": f"{color},255", "outline_width": "0.6", "style": "solid"},
        ),
    }[layer]
    options = "".join(f'<Option name="{key}" type="QString" value="{value}"/>' for key, value in properties.items())
    return (
        f'<symbol name="{name}" type="{kind}" alpha="1" clip_to_extent="1" force_rhr="0">'
        f'<layer class="{drawn}" enabled="1" locked="0" pass="0"><Option type="Map">{options}</Option></layer></symbol>'
    )
