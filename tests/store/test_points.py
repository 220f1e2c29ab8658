"""A point on every parcel: found once, in the order of the snapshot's rows, mapped by all who ask."""

import numpy as np
import pytest
import shapely
import sqlalchemy as sa

from gis_sites.inventory import Inventory
from gis_sites.store import points as module
from gis_sites.store.points import parcel_points
from gis_sites.store.tables import quoted


def test_each_parcel_has_a_point_of_its_own(city: Inventory) -> None:
    state = city.need_state()
    found = parcel_points(city.store, state)
    keys = next(view for view in city.views(state) if view.kind == "parcels").ids.to_pylist()
    table = quoted(state.revisions["parcel"].table)
    query = f"SELECT key, ST_AsBinary(ST_Transform(geom, 4326)) FROM {table}"
    with city.store.begin() as conn:
        shapes = {key: shapely.from_wkb(bytes(wkb)) for key, wkb in conn.execute(sa.text(query))}
    assert len(found) == len(keys) == len(shapes) >= 500
    # Turned into degrees, sides are no longer quite straight.
    away = shapely.distance(np.array([shapes[key] for key in keys]), shapely.points(found))
    assert away.max() < 1e-9


def test_they_are_found_once(city: Inventory, monkeypatch: pytest.MonkeyPatch) -> None:
    state = city.need_state()
    first = parcel_points(city.store, state)
    monkeypatch.setattr(module, "points", None)
    again = parcel_points(city.store, state)
    assert not again.flags.owndata
    assert not again.flags.writeable
    assert again.tobytes() == first.tobytes()
