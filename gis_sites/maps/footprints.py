"""The rectangles where a footprint stands or would stand, for maps and files."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from gis_sites.matching.requirement import FOOTPRINT

if TYPE_CHECKING:
    import geopandas as gpd

LOOKS = {"met": None, "unknown": "5 4"}
"""How the outline is dashed, by the verdict."""


def standing(candidate: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the footprint must of a candidate, where there is a place to show."""
    for must in candidate.get("musts", ()):
        if must["attribute"] == FOOTPRINT and (must.get(FOOTPRINT) or {}).get("geometry"):
            found: Mapping[str, Any] = must
            return found
    return None


def drawn_footprints(candidates: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return GeoJSON features to draw, each with its style."""
    features = []
    for candidate in candidates:
        if (must := standing(candidate)) is not None:
            style = {"color": "#10202e", "weight": 2, "fillColor": "#ffffff", "fillOpacity": 0.75, "interactive": False}
            dashes = LOOKS.get(must["verdict"])
            properties = {"style": {**style, **({"dashArray": dashes} if dashes else {})}}
            features.append({"type": "Feature", "properties": properties, "geometry": must[FOOTPRINT]["geometry"]})
    return features


def footprint_frame(candidates: Sequence[Mapping[str, Any]]) -> "gpd.GeoDataFrame | None":
    """Return a row a rectangle in the working CRS: candidate, verdict, angle and sides; None: there is none."""
    import geopandas as gpd
    from shapely.geometry import shape

    rows, crs = [], None
    for candidate in candidates:
        if (must := standing(candidate)) is None:
            continue
        told = must[FOOTPRINT]
        crs = told["working"]["crs"]
        parts = shape(told["working"]).geoms
        about = {"id": candidate["id"], "kind": candidate["kind"], "verdict": must["verdict"], "why": told["why"]}
        rows += [{**about, **sides, "geometry": one} for one, sides in zip(parts, told["rectangles"], strict=True)]
    return gpd.GeoDataFrame(rows, geometry="geometry", crs=crs) if rows else None
