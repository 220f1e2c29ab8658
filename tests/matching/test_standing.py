"""Where a footprint may stand: what is sure, what nobody knows, and what plans say there."""

import math
from typing import Any

import numpy as np
import pytest
import shapely
from matching_fakes import FakeView

from gis_sites.columns import Range
from gis_sites.matching.bigger import Footprint
from gis_sites.matching.footprint import too_small
from gis_sites.matching.plan_limits import Building, allowed
from gis_sites.matching.standing import at_best, set_back, stand, without
from gis_sites.matching.verdicts import Window
from gis_sites.profile.land import Ground, Zone

LAND = shapely.box(0, 0, 100, 50)
WEST, EAST = shapely.box(-1, -1, 50, 51), shapely.box(50, -1, 101, 51)
NAN, NONE = math.nan, math.inf


def told(footprint: dict[str, Any], *zones: Zone, sure: Any = LAND, known: bool = True) -> dict[str, Any]:
    ground = Ground(("a",), np.array([LAND], dtype=object), np.array([sure], dtype=object), [list(zones)])
    (answer,) = stand(Footprint(**footprint), ground, [(5000.0, known)])
    return answer


HALL = {"length_m": 40, "width_m": 30, "height_m": 12}


def low(shape: Any, height: float) -> Zone:
    return Zone("zoning", shape, {"max_height_m": height})


@pytest.mark.parametrize(
    ("zones", "verdict", "why"),
    [
        ((), "met", "fits"),
        ((low(LAND, 12.0),), "met", "fits"),
        ((low(LAND, NONE),), "met", "fits"),
        ((low(LAND, 11.9),), "failed", "limits"),
        ((low(LAND, NAN),), "unknown", "limits"),
        ((low(WEST, 8.0), low(EAST, 15.0)), "met", "fits"),
        ((low(WEST, 8.0), low(EAST, NAN)), "unknown", "limits"),
        ((low(WEST, 8.0), low(EAST, 9.0)), "failed", "limits"),
        ((low(shapely.box(28, 0, 72, 50), 8.0),), "failed", "limits"),
    ],
)
def test_the_limits_that_count_are_those_of_the_zones_where_it_stands(
    zones: tuple[Zone, ...], verdict: str, why: str
) -> None:
    answer = told(HALL, *zones)
    assert (answer["verdict"], answer["why"]) == (verdict, why)
    if verdict == "met" and len(zones) == 2:
        assert shapely.from_wkb(answer["shapes"]).within(EAST)
        assert [(one["limit"], one["verdict"]) for one in answer["limits"]] == [(15.0, "met")]
    if verdict == "failed":
        assert answer["shapes"] is None
        assert "failed" in {one["verdict"] for one in answer["limits"]}


@pytest.mark.parametrize(
    ("limits", "fits"),
    [
        ({"max_coverage_share": 0.24}, True),
        ({"max_coverage_share": 0.23}, False),
        ({"min_green_share": 0.76}, True),
        ({"min_green_share": 0.77}, False),
        ({"max_intensity": 0.24}, True),
        ({"max_intensity": 0.2}, False),
        ({"max_intensity": NAN, "max_coverage_share": 0.1}, False),
        ({"max_intensity": NAN, "max_coverage_share": 0.9}, None),
        ({"min_green_share": -NONE, "max_height_m": NONE}, True),
    ],
)
def test_shares_are_of_the_whole_site(limits: dict[str, float], fits: bool | None) -> None:
    assert allowed(Zone("zoning", LAND, limits), Building(12.0, 1200 / 5000)) is fits
    verdicts = {True: "met", False: "failed", None: "unknown"}
    assert told(HALL, Zone("general_plan", LAND, limits))["verdict"] == verdicts[fits]


def test_ground_that_may_be_lost_makes_a_yes_an_unknown() -> None:
    assert told(HALL, sure=WEST.intersection(LAND))["verdict"] == "met"
    answer = told(HALL, sure=shapely.box(0, 0, 20, 50))
    assert (answer["verdict"], answer["why"]) == ("unknown", "net")
    assert shapely.from_wkb(answer["shapes"]).within(LAND)
    assert told(HALL, sure=shapely.Polygon())["why"] == "net"
    assert told(HALL, known=False)["why"] == "net"
    assert told({**HALL, "length_m": 120})["verdict"] == "failed"


def test_the_setback_is_kept_from_every_edge_of_the_net_polygon() -> None:
    hollow = LAND.difference(shapely.box(40, 20, 60, 30))
    shapes = np.array([LAND, hollow], dtype=object)
    for by in (0.5, 6.0, 15.0):
        for whole, less in zip(shapes, set_back(shapes, by), strict=True):
            assert less.is_empty or shapely.distance(less, whole.boundary) >= by - 0.005
    assert told({**HALL, "setback_m": 10})["verdict"] == "met"
    assert told({**HALL, "setback_m": 10.1})["verdict"] == "failed"


def test_attributes_alone_say_no_only_where_it_is_sure() -> None:
    """A square of 40 m holds a footprint of 40 m by 40 m; its circle may be known too small, by as much as is told."""
    names = ("parcel.net_area_m2", "parcel.inscribed_circle_m", "parcel.measured_area_m2")
    values = [(1600.0, 39.9, 1600.0), (1500.0, 39.9, 1600.0), (1600.0, 39.0, 1600.0), (NAN, NAN, 1600.0), (0, 0, NAN)]
    columns = {
        name: Range.exact(np.array(column, dtype=np.float64))
        for name, column in zip(names, zip(*values, strict=True), strict=True)
    }
    catalogue = _Known(set(names))
    view = FakeView(columns, list("abcde"))
    small = too_small(Footprint(length_m=40, width_m=40), Window(view, catalogue))  # type: ignore[arg-type]
    assert small.tolist() == [False, True, True, False, False]
    strip = too_small(Footprint(length_m=38, width_m=38, setback_m=2), Window(view, catalogue))  # type: ignore[arg-type]
    assert strip.tolist() == [True, True, True, False, False]


class _Known:
    def __init__(self, attributes: set[str]) -> None:
        self.attributes = attributes


def test_ground_that_is_not_valid_is_made_valid_before_land_is_taken() -> None:
    bow = shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    (left,) = without(np.array([bow], dtype=object), [[shapely.box(7, -1, 11, 11)]])
    assert left.is_valid
    assert left.area == pytest.approx(29)  # two wings of 25 each, less a trapezium 3 m wide and 4 to 10 m high


def test_what_touches_as_well_as_overlaps_is_taken_like_any_other() -> None:
    """An overlap may have lines beside it, and GEOS takes nothing away that has: it is mended on the way."""
    bow = shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    mixed = shapely.GeometryCollection([shapely.box(7, -1, 11, 11), shapely.LineString([(0, 0), (5, 9)])])
    (left,) = without(np.array([bow], dtype=object), [[mixed]])
    assert left.area == pytest.approx(29)


def test_a_quick_look_is_no_stricter_than_the_ground_that_is_left() -> None:
    most, sure = (np.array(some, dtype=object) for some in ([LAND, LAND, WEST, WEST], [LAND, WEST, WEST, EAST]))
    none, doubtful = at_best(Footprint(length_m=80, width_m=30), most, sure)
    assert (none.tolist(), doubtful.tolist()) == ([False, False, True, True], [False, True, True, True])
