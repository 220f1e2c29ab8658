"""Made-up shortlists and their sites: what the maps room is given."""

from typing import Any

import geopandas as gpd
import shapely

CRS = "EPSG:2177"
X, Y = 6_506_000.0, 5_736_000.0
"""Somewhere in Kalisz."""


def source(layer: str, **more: Any) -> dict[str, Any]:
    said = {"kind": "layer", "layer": layer, "revision": 2, "part": "all", "parts": 1, "dated": "2026-06-30"}
    return {**said, "publisher": "Miasto Kalisz", **more}


def layer_of(attribute: str) -> str:
    return attribute.partition(".")[0]


def must(attribute: str, verdict: str = "met", **more: Any) -> dict[str, Any]:
    given = {"state": "exact", "value": 0.0, "required": {"max": 0.0}, "source": source(layer_of(attribute))}
    return {"attribute": attribute, "verdict": verdict, **given, **more}


def want(attribute: str, points: float, gap: float, of: float, **more: Any) -> dict[str, Any]:
    given = {"state": "exact", "value": 150.0, "worth": [points / of, (points + gap) / of]}
    rest = {"points": points, "gap": gap, "of": of, "source": source(layer_of(attribute))}
    return {"attribute": attribute, **given, **rest, **more}


def candidate(rank: int, **more: Any) -> dict[str, Any]:
    """A candidate with one of everything; the floor falls with the rank."""
    floor = max(96.0 - 4.1 * (rank - 1), 3.0)
    gap = (0.0, 4.4, 17.5)[rank % 3]
    sure = rank % 4 != 0
    nested = {
        "attribute": "either[1]",
        "verdict": "met",
        "any": [
            {"verdict": "met", "musts": [must("zoning.production_share", value=0.97, required={"min": 0.9})]},
            {"verdict": "unknown", "musts": [
                must("general_plan.production_share", "unknown", state="unknown", value=None, required={"min": 0.9}),
            ]},
        ],
    }  # fmt: skip
    identifier = f"306101_1.0012.{40 + rank}/3"
    return {
        "rank": rank, "kind": "parcel", "id": identifier, "parcels": [identifier],
        "tier": "eligible" if sure else "to_verify", "unknown_musts": 0 if sure else 1,
        "floor": floor, "ceiling": min(floor + gap, 100.0),
        "musts": [
            must("parcel.area_m2", value=31_250.0, required={"min": 25_000.0, "max": 40_000.0}),
            must("flood.share", "met" if sure else "unknown", **({} if sure else {"state": "unknown", "value": None})),
            nested,
        ],
        "wants": [
            want("power.mv_distance_m", floor * 0.6, gap, 60.0, state="range", value=None, low=90.0, high=160.0),
            want("road.class", floor * 0.4, 0.0, 40.0, value="main"),
        ],
        "asks": [{"text": {"pl": "1,5 MW mocy umownej od 2028", "en": "1.5 MW firm from 2028"}, "of": "operator",
                  "attribute": "power.capacity_kw", "verdict": "unknown"}],
        **more,
    }  # fmt: skip


def shortlist_of(candidates: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    eligible = sum(one["tier"] == "eligible" for one in candidates)
    return {
        "format": "gis-sites/shortlist/1", "id": "5f" * 32,
        "made": {"at": "2026-11-21T09:15:00Z", "software": "gis-sites 0.1.0"},
        "requirement": {"format": 1, "title": "Metal works, 3 ha", "needed_from": "2028-01-01"},
        "asks": [], "inventory": {"state": 7, "as_of": "2026-11-21", "revisions": {"parcel": 3, "flood": 2}},
        "counts": {
            "considered": 447_086, "eligible": eligible, "to_verify": len(candidates) - eligible,
            "failed": 447_086 - len(candidates),
            "failed_by": {
                "flood.share": {"at_all": 1200, "alone": 31},
                "parcel.area_m2": {"at_all": 446_000, "alone": 9},
            },
        },
        "unknown_everywhere": [], "notices": [], "candidates": candidates, **more,
    }  # fmt: skip


def sites_of(candidates: list[dict[str, Any]], *, across: int = 5) -> gpd.GeoDataFrame:
    """Squares of 170 m, 60 m apart."""
    ids = [str(one["id"]) for one in candidates]
    corners = [(X + 230.0 * (i % across), Y - 230.0 * (i // across)) for i in range(len(ids))]
    shapes = [shapely.box(x, y, x + 170, y + 170) for x, y in corners]
    return gpd.GeoDataFrame({"id": ids}, geometry=shapes, crs=CRS)
