"""What the public may know of a state: which parcels and offers, and nothing of the others."""

from typing import Any, Literal

import pytest
import sqlalchemy as sa

from gis_sites.catalogue import Catalogue, Layer
from gis_sites.columns import Labels, Range
from gis_sites.store import features, revisions
from gis_sites.store.connect import Store
from gis_sites.store.extent import extent
from gis_sites.store.reading import Which, read
from gis_sites.store.revisions import Part
from gis_sites.store.shown import HELD, PUBLIC_OWNERS, Shown
from gis_sites.store.snapshot import open_snapshot
from gis_sites.store.states import State
from tests.store.support import EVERYTHING, OFFER, PARCEL, layer, load, revision, square, state, table

Setting = Literal["public_owners", "offers"]
OWNERS = {"a": "natural", "b": "state", "c": None, "d": "municipal", "e": "company"}
OFFERS = {
    "1": ("b; d", "available"),
    "2": ("b,a", "available"),
    "3": (" c ", "sold"),
    "4": (None, "reserved"),
    "5": ("e  x", "available"),
    "6": ("d", None),
}
CODES: dict[str, Any] = {"available": [], "reserved": [], "sold": []}


def parcel_layer() -> Layer:
    owners: dict[str, Any] = {one: [] for one in (*PUBLIC_OWNERS, "natural", "company")}
    return layer(PARCEL, fields=PARCEL["fields"] | {
        "owner_class": {"type": "code", "public": False, "codes": owners}})  # fmt: skip


def offer_layer(**fields: Any) -> Layer:
    given = OFFER["fields"] | {"status": {"type": "code", "codes": CODES}} | fields
    return layer(OFFER, fields={name: spec for name, spec in given.items() if spec is not None})


def catalogue(offer: Layer | None = None) -> Catalogue:
    return Catalogue({"parcel": parcel_layer(), "offer": offer or offer_layer()}, {})


@pytest.fixture
def published(store: Store) -> State:
    rows = [
        {"key": key, "id": key, "owner_class": owner, "area": float(at), "geom": square(at * 20)}
        for at, (key, owner) in enumerate(OWNERS.items())
    ]
    offers = [{"key": key, "id": key, "parcels": named, "status": status} for key, (named, status) in OFFERS.items()]
    return state(store, revision(store, parcel_layer(), rows), revision(store, offer_layer(), offers))


def narrow(store: Store, setting: Setting, of: Catalogue | None = None) -> Shown:
    settings = store.settings.model_copy(update={"public_parcels": setting})
    return Shown(Store(store.engine, settings, store.home, store.crs, store.uuid), of or catalogue())


def keys(store: Store, held: State, name: str) -> list[str]:
    with store.begin() as conn:
        return list(read(conn, held.revisions[name], columns=(), geometry=False).table["key"].to_pylist())


SHOWN: list[tuple[Setting, list[str], list[str]]] = [
    ("public_owners", ["b", "d"], ["1", "4", "6"]),
    ("offers", ["a", "b", "d", "e"], ["1", "2", "5"]),
]


@pytest.mark.parametrize(("setting", "parcels", "offers"), SHOWN)
def test_which_are_shown(
    store: Store, published: State, setting: Setting, parcels: list[str], offers: list[str]
) -> None:
    shown = narrow(store, setting)
    narrowed = shown.narrowed(published)
    assert keys(store, narrowed.state, "parcel") == parcels
    assert keys(store, narrowed.state, "offer") == offers
    assert [list(OWNERS)[row] for row in narrowed.rows["parcel"]] == parcels
    assert [list(OFFERS)[row] for row in narrowed.rows["offer"]] == offers
    held = narrowed.state.revisions["parcel"]
    assert held.rows == sum(part.rows for part in held.parts) == len(parcels)
    assert shown.narrowed(published) is narrowed
    assert shown.narrowed(narrowed.state) is narrowed
    assert narrow(store, setting).narrowed(narrowed.state) != published


@pytest.mark.parametrize(("setting", "parcels", "offers"), SHOWN)
def test_a_snapshot_holds_no_others(
    store: Store, published: State, setting: Setting, parcels: list[str], offers: list[str]
) -> None:
    narrowed = narrow(store, setting).narrowed(published)
    for kind, name, expected in (("parcels", "parcel", parcels), ("offers", "offer", offers)):
        whole = open_snapshot(store, published, kind)
        view = whole.only(narrowed.rows[name], narrowed.state)
        assert len(view) == len(expected) < len(whole)
        assert [view.id(row) for row in range(len(view))] == view.ids.to_pylist() == expected
        assert [view.row(one) for one in expected] == list(range(len(expected)))
        assert [view.row(one) for one in whole.ids.to_pylist() if one not in expected] == [None] * (
            len(whole) - len(expected)
        )
        assert len(view.column("parcel.net_area_m2")) == len(expected)
        identifiers = view.column(f"{name}.id")
        assert isinstance(identifiers, Labels)
        assert list(identifiers.words) == expected
    assert view.parcels(offers.index("1")) == ["b", "d"]


def test_all_rows_are_the_file_itself(store: Store, published: State) -> None:
    whole = open_snapshot(store, published, "parcels")
    same = whole.only(narrow(store, "offers").narrowed(published).rows["parcel"][:0], published)
    assert len(same) == 0
    assert isinstance(same.column("parcel.area_m2"), Range)
    every = whole.only(whole.column("parcel.id").codes.astype("intp"), published)  # type: ignore[union-attr]
    assert every.ids is not None
    assert every._rows is None


@pytest.mark.parametrize(("setting", "parcels"), [(one, parcels) for one, parcels, _ in SHOWN])
def test_no_geometry_of_another_is_read(store: Store, published: State, setting: Setting, parcels: list[str]) -> None:
    held = narrow(store, setting).narrowed(published).state
    everywhere = (-1e6, -1e6, 1e7, 1e7)
    with store.begin() as conn:
        assert features.features_in(conn, held, parcel_layer(), everywhere)["id"].tolist() == parcels
        assert len(features.layers_near(conn, held, [parcel_layer()], everywhere)) == 1
        # `c` is hidden either way: nothing lies where it does.
        assert features.layers_near(conn, held, [parcel_layer()], (41, 1, 42, 2)) == []
        assert features.layers_near(conn, published, [parcel_layer()], (41, 1, 42, 2)) != []
        with pytest.raises(Exception, match="“c” is not in state"):
            features.sites(conn, held, "parcels", ["c"])
        assert (extent(conn, held.revisions["parcel"]) == extent(conn, published.revisions["parcel"])) is (
            parcels[0] == "a" and parcels[-1] == "e"
        )
        rows = read(conn, held.revisions["parcel"], which=Which(keys=list(OWNERS), limit=9))
    assert rows.table["key"].to_pylist() == parcels


@pytest.mark.parametrize("hidden", ["layer", "field"])
def test_offers_that_are_not_public_show_nothing(store: Store, published: State, hidden: str) -> None:
    offer = offer_layer(parcels={"type": "text", "public": False})
    if hidden == "layer":
        offer = layer(offer_layer().model_dump(by_alias=True, exclude_unset=True), public="none")
    for setting in ("public_owners", "offers"):
        held = narrow(store, setting, catalogue(offer)).narrowed(published).state  # type: ignore[arg-type]
        assert keys(store, held, "offer") == []
        assert keys(store, held, "parcel") == (["b", "d"] if setting == "public_owners" else [])


def test_what_cannot_be_told_is_not_shown(store: Store) -> None:
    plain = layer(PARCEL, fields={"id": {"type": "text"}}, attributes={})
    held = state(
        store,
        revision(store, plain, [{"key": "a", "id": "a", "geom": square(0)}]),
        revision(store, offer_layer(status=None), [{"key": "1", "id": "1", "parcels": "a"}]),
    )
    for setting in ("public_owners", "offers"):
        seen = narrow(store, setting).narrowed(held).state  # type: ignore[arg-type]
        assert keys(store, seen, "parcel") == keys(store, seen, "offer") == []
    # A layer of offers that has no status lists what is to be had.
    listed = narrow(store, "offers", catalogue(offer_layer(status=None))).narrowed(held).state
    assert keys(store, listed, "parcel") == ["a"]


def test_offers_without_parcels_in_the_state(store: Store) -> None:
    rows = [{"key": key, "id": key, "parcels": one, "status": "available"} for key, one in (("1", "a"), ("2", ""))]
    held = state(store, revision(store, offer_layer(), rows))
    assert keys(store, narrow(store, "public_owners").narrowed(held).state, "offer") == ["2"]
    assert keys(store, narrow(store, "offers").narrowed(held).state, "offer") == ["1", "2"]


def test_parts_without_a_shown_parcel_are_not_told(store: Store) -> None:
    parts = {"0001": {"a": "state", "b": "natural"}, "0002": {"c": "natural"}}
    with store.begin() as conn:
        by = load(conn)
        draft = revisions.create(conn, parcel_layer(), srid=store.srid)
        for part, owners in parts.items():
            rows = [{"key": key, "id": key, "owner_class": owner, "geom": square(0)} for key, owner in owners.items()]
            revisions.append(conn, draft, table(parcel_layer(), rows, load=by, part=part))
        made = [Part(part, by, len(owners), EVERYTHING, None, "Miasto") for part, owners in parts.items()]
        finished = revisions.finish(conn, draft, made)
    held = state(store, finished)
    told = narrow(store, "public_owners").narrowed(held).state.revisions["parcel"].parts
    assert [(part.name, part.rows) for part in told] == [("0001", 1)]


def test_a_state_is_looked_through_once(store: Store, published: State) -> None:
    shown = narrow(store, "public_owners")
    first = shown.narrowed(published)
    seen: list[str] = []
    sa.event.listen(store.engine, "before_cursor_execute", lambda *given: seen.append(given[2]))
    assert shown.narrowed(published) is first
    assert seen == []
    for _ in range(HELD):
        shown.narrowed(state(store, *published.revisions.values()))
    assert shown.narrowed(published) is not first


def test_heirs_are_named_when_all_of_them_are_shown(store: Store, published: State) -> None:
    shown = narrow(store, "public_owners")
    assert shown.all_parcels(published, ["b", "d"])
    assert not shown.all_parcels(published, ["b", "a"])
    assert not shown.all_parcels(published, ["nobody's"])
    assert not shown.all_parcels(state(store), ["b"])
