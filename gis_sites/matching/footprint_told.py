"""What a shortlist says of a footprint: the must of each candidate with its certificate, and what decided in all."""

from functools import lru_cache
from typing import Any

import numpy as np
import shapely

from gis_sites.columns import Floats
from gis_sites.matching.bigger import Footprint
from gis_sites.matching.footprint import NEEDED, Answer, answers
from gis_sites.matching.requirement import FOOTPRINT
from gis_sites.matching.standing import angle_of
from gis_sites.matching.verdicts import Window
from gis_sites.profile.stored_land import Land

Json = dict[str, Any]
DEGREE_DIGITS = 9
"""A tenth of a millimetre."""
MICROMETRES = 6


def entries(footprint: Footprint, window: Window) -> list[Json]:
    """Give the must of each row of a window, with the rectangles where they stand or would stand."""
    land: Land | None = getattr(window.view, "land", None)
    said = footprint.model_dump(mode="json", exclude_defaults=True, exclude={"note", "source", "confidence", "unknown"})
    remarks = footprint.remarks()
    more: Json = {"required": said, "source": dict(window.view.source(NEEDED[0]))}
    more |= {"unknown": "failed"} if footprint.unknown == "failed" else {}
    more |= {"remarks": remarks} if remarks else {}
    found = []
    for answer in answers(footprint, window):
        verdict = answer["verdict"]
        judged = "failed" if verdict == "unknown" and footprint.unknown == "failed" else verdict
        state = "unknown" if verdict == "unknown" else "exact"
        about = {"verdict": judged, "state": state, "value": None, FOOTPRINT: _told(answer, window, land)}
        found.append({"attribute": FOOTPRINT, **about, **more})
    return found


def _told(answer: Answer, window: Window, land: Land | None) -> Json:
    """Say what decided, why, and where: in degrees (GeoJSON, RFC 7946), and to the last bit in the working CRS."""
    limits = [one for one in answer["limits"] if one["attribute"] in window.catalogue.attributes]
    found: Json = {"decided_by": answer["how"], "why": answer["why"], "limits": limits, "rectangles": []}
    if answer["shapes"] is None or land is None:
        return {**found, "geometry": None, "working": None}
    shapes = shapely.orient_polygons(shapely.from_wkb(answer["shapes"]))
    sides = [np.round(angle_of(one), MICROMETRES).tolist() for one in shapely.get_parts(shapes)]
    rectangles = [{"angle_deg": angle, "length_m": long, "width_m": short} for angle, long, short in sides]
    degrees = shapely.transform(shapes, lambda points: _degrees(land.crs, points))
    working = {"crs": land.crs, **shapely.geometry.mapping(shapes)}
    return {**found, "rectangles": rectangles, "geometry": _listed(shapely.geometry.mapping(degrees)),
            "working": _listed(working)}  # fmt: skip


def _degrees(crs: str, points: Floats) -> Floats:
    return np.round(np.stack(_to_degrees(crs).transform(*points.T), axis=1), DEGREE_DIGITS)


@lru_cache
def _to_degrees(crs: str) -> Any:  # noqa: ANN401 - of a library without types
    import pyproj

    return pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)


def _listed(node: Any) -> Any:  # noqa: ANN401 - any JSON
    """Turn tuples into lists: what is saved and read again is then the same."""
    if isinstance(node, dict):
        return {key: _listed(value) for key, value in node.items()}
    return [_listed(one) for one in node] if isinstance(node, list | tuple) else node
