"""The rectangles where a footprint stands or would stand, for maps and files."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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


def rectangles(candidates: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield every rectangle: whose it is, its number there, verdict, sides, angle, and rings as they were found.

    `working` are its rings in the CRS of that name, metres; `degrees` those of RFC 7946.
    """
    for candidate in candidates:
        if (must := standing(candidate)) is None:
            continue
        told = must[FOOTPRINT]
        about = {"id": candidate["id"], "kind": candidate["kind"], "parcels": " ".join(candidate["parcels"])}
        each = zip(told["rectangles"], told["working"]["coordinates"], told["geometry"]["coordinates"], strict=True)
        for number, (sides, working, degrees) in enumerate(each, start=1):
            shown = {"number": number, "verdict": must["verdict"], "why": told["why"], **sides}
            yield {**about, **shown, "crs": told["working"]["crs"], "working": working, "degrees": degrees}


RINGS = ("crs", "working", "degrees")


def footprint_frame(every: Sequence[Mapping[str, Any]]) -> "gpd.GeoDataFrame":
    """Return a row a rectangle in the working CRS: candidate, verdict, angle and sides."""
    import geopandas as gpd
    from shapely.geometry import Polygon

    shapes = [Polygon(one["working"][0], one["working"][1:]) for one in every]
    rows = [{name: cell for name, cell in one.items() if name not in RINGS} for one in every]
    return gpd.GeoDataFrame(rows, geometry=shapes, crs=every[0]["crs"])


def footprint_features(every: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a GeoJSON feature a rectangle; its `kind` is `footprint`, `of` the candidate on which it stands."""
    features = []
    for one in every:
        told = {name: cell for name, cell in one.items() if name not in {*RINGS, "id", "kind"}}
        name = f"{one['id']}#{FOOTPRINT}-{one['number']}"
        properties = {"id": name, "kind": FOOTPRINT, "of": one["id"], **told}
        geometry = {"type": "Polygon", "coordinates": one["degrees"]}
        features.append({"type": "Feature", "id": name, "geometry": geometry, "properties": properties})
    return features


MEASURES = ("length_m", "width_m", "angle_deg", "centre_east_m", "centre_north_m")
"""What a table tells of a rectangle: its sides, the direction of the longer one, and where its middle lies."""


def measures(candidate: Mapping[str, Any]) -> dict[str, float]:
    """Return `footprint.<number>.<measure>` of every rectangle of a candidate; the middle to a millimetre."""
    found: dict[str, float] = {}
    for one in rectangles([candidate]):
        corners = one["working"][0][:4]
        east, north = (round(sum(corner[axis] for corner in corners) / len(corners), 3) for axis in (0, 1))
        told = {**one, "centre_east_m": east, "centre_north_m": north}
        found |= {f"{FOOTPRINT}.{one['number']}.{name}": float(told[name]) for name in MEASURES}
    return found
