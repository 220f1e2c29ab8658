from typing import Literal

import pytest
import shapely
import sqlalchemy as sa

from gis_sites.store import views
from gis_sites.store.connect import Store
from gis_sites.store.states import State
from tests.store.support import OFFER, PARCEL, PIPE, layer, revision, small_catalogue, square, state

SECRET = "KZ1A/00012345/6"


@pytest.fixture
def published(store: Store) -> State:
    rows = [
        {"key": "a", "id": "a", "owner_class": "natural", "land_register": SECRET, "geom": square(0)},
        {"key": "b", "id": "b", "owner_class": "state", "geom": square(20)},
        {"key": "c", "id": "c", "geom": square(40)},
    ]
    line = shapely.MultiLineString([[(0, 0), (1, 1)]])
    return state(
        store,
        revision(store, layer(PARCEL), rows),
        revision(store, layer(PIPE), [{"key": "p", "id": "p", "note": "rura", "geom": line}]),
        revision(store, layer(OFFER), [{"key": "1", "parcels": "c, x"}]),
    )


def columns(store: Store, schema: str) -> dict[str, list[str]]:
    query = sa.text(
        "SELECT table_name, array_agg(column_name::text ORDER BY ordinal_position) FROM information_schema.columns "
        "WHERE table_schema = :schema GROUP BY 1 ORDER BY 1"
    )
    with store.begin() as conn:
        return {row[0]: row[1] for row in conn.execute(query, {"schema": schema})}


def public_parcels(store: Store, setting: Literal["all", "public_owners", "offers"] | None, held: State) -> list[str]:
    settings = store.settings.model_copy(update={"public_parcels": setting})
    theirs = Store(store.engine, settings, store.home, store.crs, store.uuid)
    assert views.remake(theirs, held, small_catalogue())
    assert views.are_of(theirs, held)
    with store.begin() as conn:
        return list(conn.execute(sa.text("SELECT parcel_id FROM published.parcel ORDER BY id")).scalars())


def test_the_planner_sees_every_layer_with_explicit_columns(store: Store, published: State) -> None:
    assert views.remake(store, published, small_catalogue())
    seen = columns(store, "inventory")
    assert sorted(seen) == ["offer", "parcel", "pipe"]
    assert seen["parcel"] == [
        "id", "key", "part", "parcel_id", "area", "built", "measured", "use", "use_yes", "use_text", "owner_class",
        "land_register", "geom",
    ]  # fmt: skip
    with store.begin() as conn:
        types = sa.text("SELECT f_table_name, type, srid FROM geometry_columns WHERE f_table_schema = 'inventory'")
        assert sorted(conn.execute(types)) == [("parcel", "MULTIPOLYGON", 2177), ("pipe", "MULTILINESTRING", 2177)]
        kind = sa.text("SELECT pg_typeof(id)::text, ST_Area(geom) FROM inventory.parcel WHERE key = 'a'")
        assert conn.execute(kind).one() == ("integer", 100)


def test_the_public_sees_public_layers_and_fields_only(store: Store, published: State) -> None:
    views.remake(store, published, small_catalogue())
    seen = columns(store, "published")
    assert seen == {
        "offer": ["id", "offer_id", "parcels", "price"],
        "parcel": ["id", "parcel_id", "area", "built", "measured", "use", "use_yes", "use_text", "geom"],
    }
    with store.begin() as conn:
        for name in seen:
            rows = conn.execute(sa.text(f"SELECT to_jsonb(v)::text FROM published.{name} AS v")).scalars().all()
            assert rows
            assert not any(SECRET in row or "natural" in row for row in rows)


def test_the_public_sees_the_parcels_the_setting_allows(store: Store, published: State) -> None:
    assert public_parcels(store, None, published) == ["a", "b", "c"]
    assert public_parcels(store, "all", published) == ["a", "b", "c"]
    assert public_parcels(store, "public_owners", published) == ["b"]
    assert public_parcels(store, "offers", published) == ["c"]
    assert not views.are_of(store, published)


def test_without_owners_or_offers_nothing_is_shown(store: Store) -> None:
    plain = layer(PARCEL, fields={"id": {"type": "text"}}, attributes={})
    held = state(store, revision(store, plain, [{"key": "a", "id": "a", "geom": square(0)}]))
    assert public_parcels(store, "all", held) == ["a"]
    assert public_parcels(store, "public_owners", held) == []
    assert public_parcels(store, "offers", held) == []


def test_views_follow_the_state_and_lack_no_column(store: Store, published: State) -> None:
    views.remake(store, published, small_catalogue())
    plain = layer(PARCEL, fields={"id": {"type": "text"}}, attributes={})
    later = state(store, revision(store, plain, [{"key": "z", "id": "z", "geom": square(0)}]))
    before = columns(store, "inventory")["parcel"]
    assert views.remake(store, later, small_catalogue())
    assert columns(store, "inventory") == {"parcel": before}
    with store.begin() as conn:
        row = conn.execute(sa.text("SELECT parcel_id, area, built FROM inventory.parcel")).one()
    assert row == ("z", None, None)


def test_somebody_looking_keeps_the_old_views(store: Store, published: State, monkeypatch: pytest.MonkeyPatch) -> None:
    views.remake(store, published, small_catalogue())
    later = state(store, revision(store, layer(PARCEL), []))
    monkeypatch.setattr(views, "LOCK_TIMEOUT", "100ms")
    with store.engine.connect() as reader, reader.begin():
        reader.execute(sa.text("SELECT * FROM inventory.parcel")).all()
        assert not views.remake(store, later, small_catalogue())
    with store.begin() as conn:
        assert conn.execute(sa.text("SELECT count(*) FROM inventory.parcel")).scalar_one() == 3
    assert views.remake(store, later, small_catalogue())
    with store.begin() as conn:
        assert conn.execute(sa.text("SELECT count(*) FROM inventory.parcel")).scalar_one() == 0


def test_a_field_called_like_our_name_for_the_identifier(store: Store) -> None:
    odd = layer(PARCEL, fields={"id": {"type": "text"}, "parcel_id": {"type": "text"}}, attributes={})
    catalogue = small_catalogue()
    held = state(store, revision(store, odd, []))
    assert views.remake(store, held, type(catalogue)({"parcel": odd}, {}))
    assert columns(store, "inventory")["parcel"] == ["id", "key", "part", "parcel_id_", "parcel_id", "geom"]
