import pytest
import shapely

from gis_sites.errors import NotFound
from gis_sites.store import features
from gis_sites.store.connect import Store
from gis_sites.store.states import State
from tests.store.support import OFFER, PARCEL, PIPE, layer, revision, square, state

WINDOW = (15.0, 0.0, 45.0, 5.0)


@pytest.fixture
def published(store: Store) -> State:
    rows = [
        {"key": key, "id": key, "area": float(place), "land_register": "secret", "geom": square(place * 20)}
        for place, key in enumerate("abcd")
    ]
    line = shapely.MultiLineString([[(0, 0), (100, 1)]])
    return state(
        store,
        revision(store, layer(PARCEL), rows),
        revision(store, layer(PIPE), [{"key": "p", "geom": line}]),
        revision(store, layer(OFFER), [{"key": "1", "price": 2.0}]),
    )


def test_sites_come_in_the_order_asked(store: Store, published: State) -> None:
    with store.begin() as conn:
        frame = features.sites(conn, published, "parcels", ["c", "a", "c"])
        offers = features.sites(conn, published, "offers", ["1"])
    assert frame["id"].tolist() == ["c", "a", "c"]
    assert frame.geometry.bounds["minx"].tolist() == [40, 0, 40]
    assert frame.crs.to_epsg() == 2177
    assert offers.geometry.tolist() == [None]


def test_no_sites_are_asked_for(store: Store, published: State) -> None:
    with store.begin() as conn:
        frame = features.sites(conn, published, "parcels", [])
    assert len(frame) == 0
    assert list(frame.columns) == ["id", "geometry"]


def test_a_site_the_state_does_not_hold(store: Store, published: State) -> None:
    empty = state(store)
    with store.begin() as conn:
        with pytest.raises(NotFound, match="“x” is not in state"):
            features.sites(conn, published, "parcels", ["a", "x"])
        with pytest.raises(NotFound, match="no layer “parcel”"):
            features.sites(conn, empty, "parcels", ["a"])


def test_public_rows_in_a_window(store: Store, published: State) -> None:
    with store.begin() as conn:
        frame = features.features_in(conn, published, layer(PARCEL), WINDOW)
        first = features.features_in(conn, published, layer(PARCEL), WINDOW, limit=1)
    assert frame["id"].tolist() == ["b", "c"]
    assert frame["area"].tolist() == [1.0, 2.0]
    assert list(frame.columns) == ["id", "area", "built", "measured", "use", "geometry"]
    assert frame.geometry.area.tolist() == [100, 100]
    assert first["id"].tolist() == ["b"]


@pytest.mark.parametrize("which", [PIPE, OFFER])
def test_what_has_no_public_geometry_is_not_shown(store: Store, published: State, which: dict[str, object]) -> None:
    with store.begin() as conn:
        assert len(features.features_in(conn, published, layer(which), WINDOW)) == 0


def test_a_layer_the_state_lacks_has_no_rows(store: Store) -> None:
    empty = state(store)
    with store.begin() as conn:
        frame = features.features_in(conn, empty, layer(PARCEL), WINDOW)
    assert len(frame) == 0
    assert frame.crs.to_epsg() == 2177
