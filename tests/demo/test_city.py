from collections.abc import Callable

import numpy as np
import pytest
import shapely

from gis_sites.catalogue import Catalogue
from gis_sites.demo.city import City
from gis_sites.demo.districts import Kind
from gis_sites.demo.rings import rim
from gis_sites.demo.streets import count_pieces
from gis_sites.demo.warp import to_ground

SIZES = (500, 2000, 20_000)


@pytest.mark.parametrize("parcels", SIZES)
def test_the_city_has_as_many_parcels_as_asked(drawn: Callable[..., City], parcels: int) -> None:
    assert len(drawn(parcels).parcels) == parcels


def test_the_same_seed_draws_the_same_city_to_the_last_bit(drawn: Callable[..., City], city: City) -> None:
    again = drawn.__wrapped__(2000, 1)  # type: ignore[attr-defined]
    assert again.xy.tobytes() == city.xy.tobytes()
    assert again.parcels.ids == city.parcels.ids
    assert again.parcels.rings.points.tobytes() == city.parcels.rings.points.tobytes()
    assert again.register.area_m2.tolist() == city.register.area_m2.tolist()
    assert again.register.owner == city.register.owner


def test_another_seed_draws_another_city(drawn: Callable[..., City], city: City) -> None:
    other = drawn(2000, 2)
    assert len(other.parcels) == len(city.parcels)
    assert other.xy.shape != city.xy.shape or not np.array_equal(other.xy, city.xy)


@pytest.mark.parametrize("parcels", SIZES)
@pytest.mark.parametrize("seed", [1, 2])
def test_parcels_tile_the_ground(drawn: Callable[..., City], parcels: int, seed: int) -> None:
    """Every edge is two parcels' or the city's own rim; the rim is one polygon with the area of all parcels."""
    city = drawn(parcels, seed)
    rings = city.parcels.rings
    _, times = np.unique(rings.edges(), axis=0, return_counts=True)
    assert set(times.tolist()) == {1, 2}
    (whole,) = rim(rings, city.xy)
    assert not whole.interiors
    assert whole.area == pytest.approx(rings.areas(city.xy).sum(), abs=0.01)
    assert shapely.is_valid(rings.polygons(city.xy)).all()


def test_no_two_parcels_overlap(city: City) -> None:
    shapes = city.parcels.rings.polygons(city.xy)
    first, second = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    pairs = first < second
    assert pairs.sum() > len(shapes)
    assert shapely.area(shapely.intersection(shapes[first[pairs]], shapes[second[pairs]])).max() < 1e-4


@pytest.mark.parametrize("parcels", SIZES)
def test_identifiers_have_the_true_format(drawn: Callable[..., City], catalogue: Catalogue, parcels: int) -> None:
    import re

    ids = drawn(parcels).parcels.ids
    pattern = re.compile(catalogue.layer("parcel").fields["id"].pattern or "")
    assert all(pattern.fullmatch(one) for one in ids)
    assert len(set(ids)) == len(ids)
    assert any("/" in one for one in ids)


def test_one_precinct_is_numbered_by_map_sheet(city: City) -> None:
    assert any(".AR_1." in one for one in city.parcels.ids)


@pytest.mark.parametrize("parcels", SIZES)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_kind_of_ground_is_there(drawn: Callable[..., City], parcels: int, seed: int) -> None:
    kinds = set(drawn(parcels, seed).parcels.kind.tolist())
    wanted = {Kind.OLD, Kind.HOUSES, Kind.INDUSTRY, Kind.STRIPS, Kind.FOREST, Kind.RIVER, Kind.STREET, Kind.RAIL}
    assert wanted <= kinds


def test_parcels_are_as_large_as_their_kind(drawn: Callable[..., City]) -> None:
    city = drawn(20_000)
    areas = city.parcels.rings.areas(city.xy)

    def middle(kind: Kind) -> float:
        return float(np.median(areas[city.parcels.kind == kind]))

    assert 200 < middle(Kind.OLD) < 800
    assert 600 < middle(Kind.HOUSES) < 1200
    assert 1500 < middle(Kind.FLATS) < 8000
    heavy = areas[city.parcels.kind == Kind.INDUSTRY]
    assert heavy.max() > 300_000
    assert np.median(heavy) > 10_000


def test_strip_fields_are_long_and_narrow(city: City) -> None:
    shapes = city.parcels.rings.polygons(city.xy)[city.parcels.kind == Kind.STRIPS]
    compact = 4 * np.pi * shapely.area(shapes) / shapely.length(shapes) ** 2
    assert np.median(compact) < 0.35


def test_a_larger_city_takes_more_ground(drawn: Callable[..., City]) -> None:
    small, large = (drawn(parcels).parcels.rings.areas(drawn(parcels).xy).sum() for parcels in (2000, 20_000))
    assert 3 < large / small < 12


def test_registered_areas_differ_a_little_and_a_few_by_much(drawn: Callable[..., City]) -> None:
    city = drawn(20_000)
    off = np.abs(city.register.area_m2 / city.parcels.rings.areas(city.xy) - 1)
    assert 0.0002 < np.median(off) < 0.003
    assert 10 < (off > 0.01).sum() < 200


def test_the_way_to_the_ground_keeps_areas_and_folds_nothing() -> None:
    corners = np.array([(x, y) for x in range(-4000, 4001, 500) for y in range(-4000, 4001, 500)], dtype=float)
    for x, y in corners:
        square = np.array([(x, y), (x + 5, y), (x + 5, y + 5), (x, y + 5)])
        ground = to_ground(square, 1)
        assert shapely.Polygon(ground).exterior.is_ccw
        assert shapely.Polygon(ground).area == pytest.approx(25, rel=0.02)


def test_pieces_of_street_are_counted_without_laying_them(city: City) -> None:
    assert count_pieces(city.districts, city.blocks) == len(city.streets)
