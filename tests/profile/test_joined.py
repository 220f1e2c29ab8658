"""Values that are looked up: the parcel's own, those of rows that name parcels, those of the parcel's own list."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shapely

from gis_sites.columns import Labels
from gis_sites.profile.coverage import Cover
from gis_sites.profile.measures import measure
from gis_sites.profile.sites import Sites
from tests.profile.scenes import array, at, attribute, layer, measured, scene, sites_of, wkt

NONE = wkt("POINT (0 0)")[:0]
ROW = array([at(shapely.box(100 * i, 0, 100 * i + 100, 100)) for i in range(5)])
OFFERS: dict[str, Any] = {"name": "offer", "geometry": "table", "parcels": "parcels"}


def rows(**columns: list[Any]) -> pa.Table:
    return pa.table({name: pa.array(cells) for name, cells in columns.items()})


def test_own_field_gives_the_parcels_own_values() -> None:
    sites = sites_of(ROW[:3], kind=pa.array(["b", None, "a"]), size=pa.array([1.5, None, 2.0]), limit=[3.0, None, 4.0])
    own = {"name": "parcel"}
    kind = measured({"measure": "own_field", "field": "kind"}, sites, NONE, **own)
    assert [kind.text(row) for row in range(3)] == ["b", None, "a"]
    size = measured({"measure": "own_field", "field": "size"}, sites, NONE, **own)
    assert size.low.tolist() == pytest.approx([1.5, np.nan, 2.0], nan_ok=True)
    # An empty cell that means none is none, not unknown.
    limit = measured({"measure": "own_field", "field": "limit"}, sites, NONE, **own)
    assert limit.low.tolist() == [3.0, -np.inf, 4.0]
    # Another layer's rows are not the sites: it has nothing of their own to say.
    assert measured({"measure": "own_field", "field": "kind"}, sites, NONE).text(0) is None


def test_joined_field_gives_what_the_rows_that_name_a_parcel_say() -> None:
    table = rows(
        kind=["a", "b", "b", None],
        size=[10.0, 20.0, 30.0, 40.0],
        parcels=["p0", "p1, p2", "p2;p9", "p3"],
    )
    shapes = np.full(4, None, dtype=object)
    kind = measured({"measure": "joined_field", "field": "kind"}, sites_of(ROW), shapes, table, **OFFERS)
    assert [kind.text(row) for row in range(5)] == ["a", "b", "b", None, "none"]
    size = measured({"measure": "joined_field", "field": "size", "pick": None}, sites_of(ROW), shapes, table, **OFFERS)
    assert list(zip(size.low, size.high, strict=True)) == [(10, 10), (20, 20), (20, 30), (40, 40), (-np.inf, -np.inf)]
    differ = rows(kind=["a", "b"], parcels=["p0", "p0"])
    found = measured({"measure": "joined_field", "field": "kind"}, sites_of(ROW), shapes[:2], differ, **OFFERS)
    assert [found.text(row) for row in range(2)] == [None, "none"]


def test_a_parcel_nobody_names_is_unknown_outside_the_coverage() -> None:
    cover = Cover(at(shapely.box(0, 0, 150, 100)), stated=False)
    table, shapes = rows(kind=["a"], parcels=["p4"]), np.full(1, None, dtype=object)
    more = {**OFFERS, "cover": cover}
    found = measured({"measure": "joined_field", "field": "kind"}, sites_of(ROW), shapes, table, **more)
    assert [found.text(row) for row in range(5)] == ["none", None, None, None, "a"]


def test_what_nobody_declared_yet_is_unknown() -> None:
    found = measured({"measure": "joined_field", "unit": "kW"}, sites_of(ROW), NONE)
    assert np.isnan(found.low).all()


def test_an_offer_has_its_own_values_and_what_its_parcels_share() -> None:
    own = rows(kind=["a", None], parcels=["p0, p1", "p2"])
    members = (("p0", "p1"), ("p2",))
    sites = Sites(ROW[:2], rows(id=pa.array([None, None], pa.string())), members, own, "offer")
    one = layer({"it": {"measure": "joined_field", "field": "kind"}}, **OFFERS)
    found = measure(scene(one, sites, np.full(2, None, dtype=object), own), attribute(one))
    assert isinstance(found, Labels)
    assert [found.text(0), found.text(1)] == ["a", None]
    # Rows of another layer that name the offer's parcels speak of the offer where they speak of all of them alike.
    other = layer({"it": {"measure": "joined_field", "field": "kind"}}, **{**OFFERS, "name": "declared"})
    table = rows(kind=["b", "c"], parcels=["p0 p1", "p9"])
    found = measure(scene(other, sites, np.full(2, None, dtype=object), table), attribute(other))
    assert isinstance(found, Labels)
    assert [found.text(0), found.text(1)] == ["b", "none"]
    part = measure(
        scene(other, sites, np.full(1, None, dtype=object), rows(kind=["b"], parcels=["p0"])), attribute(other)
    )
    assert isinstance(part, Labels)
    assert part.text(0) is None


SOIL: dict[str, Any] = {
    "name": "soil",
    "geometry": "polygon",
    "list": {"of": "parcel.soil_items", "area": "area_ha"},
    "fields": {
        "id": {"type": "text"},
        "use": {"type": "code", "codes": {"R": [], "Ł": [], "Ps": [], "Ls": [], "B": []}},
        "class": {
            "type": "code",
            "pattern": "(?P<use>R|Ł|Ps|Ls)?(?P<class>I{1,3}[ab]?|IV[ab]?|VI?z?)",
            "codes": {"I": [], "II": [], "IIIa": [], "IV": [], "V": []},
            "empty": "none",
        },
    },
}
GOOD = {"class": ["I", "II", "IIIa"], "use": ["R", "Ł", "Ps"]}


@pytest.mark.parametrize("how", ["share_covered", "list_share"])
def test_a_parcels_own_list_goes_before_polygons(how: str) -> None:
    items = ["R/IIIa 0.2500; Ls/V 0.7500", None, "RIIIa 0,5; B 0.5", "R/IIIa 0.2500", "nonsense"]
    areas = pa.array([1.0, 1.0, None, 1.0, 1.0])
    sites = sites_of(ROW, soil_items=pa.array(items), registered_area_ha=areas)
    zones, table = ROW[1:2], rows(**{"use": ["R"], "class": ["II"]})
    share = measured({"measure": how, "where": GOOD}, sites, zones, table, **SOIL)
    # The fourth list tells of a quarter of the registered hectare only: the rest is unknown, not poor soil.
    assert share.low.tolist() == pytest.approx([0.25, 1.0, 0.5, 0.25, 0.0])
    assert share.high.tolist() == pytest.approx([0.25, 1.0, 0.5, 1.0, 0.0])
    main = measured({"measure": "largest_class", "field": "class", "min_share": 0.05}, sites, zones, table, **SOIL)
    assert [main.text(row) for row in range(5)] == ["V", "II", "IIIa", None, "none"]
