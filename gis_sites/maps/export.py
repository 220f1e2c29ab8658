"""A shortlist as a file for other programs: GeoPackage, GeoJSON, CSV or XLSX, whole or not there."""

import csv
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gis_sites.catalogue import Catalogue
from gis_sites.errors import WrongUse
from gis_sites.maps.files import whole
from gis_sites.maps.footprints import footprint_features, footprint_frame
from gis_sites.maps.handout import site_shapes
from gis_sites.maps.overlays import geojson
from gis_sites.maps.table import Cell, Table, table
from gis_sites.words import say

if TYPE_CHECKING:
    import geopandas as gpd

FORMULA = re.compile(r"^[=+\-@\t\r\n＝＋－＠]")
"""What makes a spreadsheet read a text as a formula, also after it has trimmed the cell."""
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
MOST_IN_CELL = 32_767


def export(
    shortlist: Mapping[str, Any], sites: "gpd.GeoDataFrame", path: Path, catalogue: Catalogue, *, lang: str = "pl"
) -> None:
    """Write a shortlist to a file, one row a candidate, in the format its suffix names.

    Columns are named for machines and mean the same in every format. Attributes unknown to `catalogue` are left out, so
    the public catalogue gives a public file. `lang` is the language of reasons, cautions and what columns mean.

    Raises:
        WrongUse: no format has this suffix, or the folder is not there.
    """
    write = WRITERS.get(path.suffix.lower())
    if write is None:
        raise WrongUse("map.suffix_unknown", path=path.name, allowed=", ".join(WRITERS))
    laid_out = table(shortlist, catalogue, lang)
    with whole(path) as beside:
        write(laid_out, site_shapes(shortlist.get("candidates", []), sites), beside, lang)


def _write_csv(laid_out: Table, shapes: "gpd.GeoDataFrame", path: Path, lang: str) -> None:
    """Write UTF-8 with a signature (spreadsheets need it), commas and decimal points (RFC 4180)."""
    names = [column.name for column in laid_out.columns]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(map(neutral, names))
        writer.writerows([_csv_cell(row[name]) for name in names] for row in laid_out.rows)


def _csv_cell(cell: Cell) -> Cell:
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return neutral(cell) if isinstance(cell, str) else cell


def neutral(text: str) -> str:
    """Put an apostrophe before a text that a spreadsheet would calculate.

    >>> neutral("=HYPERLINK(1)"), neutral("-"), neutral("306101_1.0012.45/3")
    ("'=HYPERLINK(1)", "'-", '306101_1.0012.45/3')
    """
    return f"'{text}" if FORMULA.match(text.lstrip(" ")) else text


def _write_xlsx(laid_out: Table, shapes: "gpd.GeoDataFrame", path: Path, lang: str) -> None:
    """Write two sheets: the candidates, and what the table and its columns mean."""
    from openpyxl import Workbook
    from openpyxl.utils import get_column_letter

    book = Workbook()
    sheet = book.active
    sheet.title = say("map.sheet_candidates", lang)
    names = [column.name for column in laid_out.columns]
    for place, cells in enumerate([names, *([row[name] for name in names] for row in laid_out.rows)], start=1):
        _fill(sheet, place, cells, bold=place == 1)
    for place, name in enumerate(names, start=1):
        sheet.column_dimensions[get_column_letter(place)].width = min(max(len(name) + 2, 10), 28)
    sheet.freeze_panes = "C2"
    sheet.auto_filter.ref = sheet.dimensions
    about = book.create_sheet(say("map.sheet_about", lang))
    titles = (say("map.column", lang), say("map.meaning", lang))
    meanings = ((column.name, column.meaning) for column in laid_out.columns)
    for place, cells in enumerate([*laid_out.facts, ("", ""), titles, *meanings], start=1):
        _fill(about, place, cells, bold=cells is titles)
    about.column_dimensions["A"].width, about.column_dimensions["B"].width = 40, 110
    book.save(path)
    book.close()


def _fill(sheet: Any, row: int, cells: Any, *, bold: bool) -> None:  # noqa: ANN401 - openpyxl has no types
    """Write a row; a text is a text whatever it starts with."""
    from openpyxl.styles import Font

    for column, cell in enumerate(cells, start=1):
        place = sheet.cell(row, column)
        if isinstance(cell, str):
            place.value = CONTROL.sub("", cell)[:MOST_IN_CELL]
            place.data_type = "s"
            place.quotePrefix = bool(FORMULA.match(cell.lstrip(" ")))
        else:
            place.value = cell
        if bold:
            place.font = Font(bold=True)


def _write_geojson(laid_out: Table, shapes: "gpd.GeoDataFrame", path: Path, lang: str) -> None:
    """Write RFC 7946: degrees, outer rings against the clock; what is said of the whole stands beside `features`.

    After the candidates come the rectangles of footprints, whose `kind` is `footprint`.
    """
    import shapely

    oriented = shapes.set_geometry(shapely.orient_polygons(shapes.geometry.array)).set_crs(shapes.crs)
    features = [
        {"type": "Feature", "id": row["id"], "geometry": json.loads(shape) if shape else None, "properties": row}
        for row, shape in zip(laid_out.rows, geojson(oriented.geometry), strict=True)
    ]
    features += footprint_features(laid_out.rectangles)
    collection = {"type": "FeatureCollection", "about": [list(fact) for fact in laid_out.facts], "features": features}
    with path.open("w", encoding="utf-8") as file:
        json.dump(collection, file, ensure_ascii=False, allow_nan=False)


def _write_gpkg(laid_out: Table, shapes: "gpd.GeoDataFrame", path: Path, lang: str) -> None:
    """Write the layer `candidates` in the working CRS, and `footprints` where there are any.

    What is said of the whole is the first layer's metadata.
    """
    import geopandas as gpd
    import pandas as pd

    types = {"integer": "Int64", "number": "float64", "flag": "boolean", "text": "object"}
    columns = {
        # GDAL names the row's own number `fid` and the shape `geom`; everything else is ours.
        column.name: pd.Series([row[column.name] for row in laid_out.rows], dtype=types[column.type])
        for column in laid_out.columns
    }
    frame = gpd.GeoDataFrame(columns, geometry=shapes.geometry.reset_index(drop=True), crs=shapes.crs)
    about = {f"{place:02} {name}": text for place, (name, text) in enumerate(laid_out.facts, start=1)}
    frame.to_file(
        path, driver="GPKG", engine="pyogrio", layer="candidates", promote_to_multi=True, layer_metadata=about,
        geometry_type="MultiPolygon",
    )  # fmt: skip
    if laid_out.rectangles:
        standing = footprint_frame(laid_out.rectangles)
        standing.to_file(path, driver="GPKG", engine="pyogrio", layer="footprints", mode="a")


WRITERS: Mapping[str, Callable[[Table, "gpd.GeoDataFrame", Path, str], None]] = {
    ".gpkg": _write_gpkg,
    ".geojson": _write_geojson,
    ".csv": _write_csv,
    ".xlsx": _write_xlsx,
}
