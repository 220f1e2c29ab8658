"""Tiles: complete at every zoom, never too large, and nothing in them that may not be drawn."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
import sqlalchemy as sa

from gis_sites.catalogue import Catalogue
from gis_sites.errors import DatabaseError, NotFound
from gis_sites.inventory import open_inventory
from gis_sites.settings import Settings
from gis_sites.store import pictures, retention, states, tiles
from gis_sites.store.connect import Store, importing
from gis_sites.store.drawing import Drawing, Ground
from gis_sites.store.pictures import Head
from gis_sites.store.revisions import Revision
from gis_sites.store.states import State
from gis_sites.store.tiles import Place, drawing_of, ground_of, tile
from tests.store.support import DAY, layer, revision, state
from tests.store.tile_support import covering, decoded, drawn, over, pixel, uncovered, whole

X, Y = 6_500_000.0, 5_730_000.0
"""A corner of the made city, in EPSG:2177."""
SIDE = 12.0
TO_WEB = pyproj.Transformer.from_crs("EPSG:2177", "EPSG:3857", always_xy=True)
CITY = tuple(shapely.total_bounds(shapely.points(*TO_WEB.transform([X, X + 480], [Y, Y + 480]))))
"""Where the checkerboard of parcels lies, in EPSG:3857."""
SECRET = "KZ1A/00012345/6"


def web(geometries: Any) -> Any:
    """Geometries of EPSG:2177 in EPSG:3857."""
    return shapely.transform(geometries, lambda xy: np.stack(TO_WEB.transform(*xy.T), axis=1))


def grid(across: int, down: int, *, side: float = SIDE) -> np.ndarray:
    """Squares side by side, those of a column one above the other."""
    x, y = (at.ravel() for at in np.meshgrid(np.arange(across) * side, np.arange(down) * side, indexing="ij"))
    return shapely.box(X + x, Y + y, X + x + side, Y + y + side)


def rows(shapes: Any, **more: Any) -> list[dict[str, Any]]:
    """Rows of a layer: parcels by number, with what else is said of all or (a list) of each."""
    told = [
        {name: values[at] if isinstance(values, list) else values for name, values in more.items()}
        for at in range(len(shapes))
    ]
    multi = [shapely.MultiPolygon([one]) if one.geom_type == "Polygon" else one for one in shapes]
    ids = [f"{at:07}" for at in range(len(shapes))]
    return [{"key": key, "id": key, "geom": one, **extra} for key, one, extra in zip(ids, multi, told, strict=True)]


def published(store: Store, *held: Revision) -> State:
    return state(store, *held)


def known(store: Store, drawing: Drawing) -> Head | None:
    with store.begin() as conn:
        return pictures.head(conn, drawing)


def told(store: Store, drawing: Drawing, place: Place, folder: Path) -> list[dict[str, Any]]:
    """What a tile says of its rows."""
    frame = decoded(tile(store, drawing, place), place, folder).drop(columns="geometry")
    every = frame.to_dict("records")
    return [{str(name): value for name, value in one.items() if not pd.isna(value)} for one in every]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles that hold little: a small city is a dense one."""
    monkeypatch.setattr(pictures, "BUDGET", 12_000)
    monkeypatch.setattr(tiles, "LIMIT", 15_000)


# ---- complete, and never too large ---------------------------------------------------------------------


def test_a_dense_city_is_complete_in_small_tiles_at_every_zoom(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    squares = grid(170, 170)
    city = published(store, revision(store, catalogue.layers["parcel"], rows(squares)))
    drawing = drawn(store, catalogue, city, "parcel", made=False)
    assert pictures.prepare(store, catalogue, city.revisions, as_of=city.as_of) == ("parcel",)
    head = known(store, drawing)
    assert head is not None
    assert head.box is not None
    assert head.rows_from == 14
    centres, on_web = web(shapely.centroid(squares)), web(squares)
    for zoom in range(16):
        shapes, rows_of = [], []
        for _, content, frame in whole(store, drawing, zoom, head.box, tmp_path):
            assert len(content) < pictures.LIMIT
            if frame is not None:
                shapes.append(np.asarray(frame.geometry.array))
                rows_of.append(frame.mvt_id.to_numpy())
        everything = np.concatenate(shapes)
        assert uncovered(centres, everything, zoom) == 0, zoom
        if zoom >= head.rows_from:
            assert set(np.concatenate(rows_of)) == set(range(len(squares)))
        elif zoom > 9:
            painted = shapely.union_all(everything)
            # A picture is nowhere wider than two pixels beyond what it shows.
            assert painted.within(shapely.union_all(on_web).buffer(2.01 * pixel(zoom) * 2**0.5))


def test_every_tile_of_the_demo_city_is_small_and_shows_every_row(demo_city: Settings, tmp_path: Path) -> None:
    with open_inventory(demo_city) as inventory:
        now, store = inventory.need_state(), inventory.store
        for name in ("parcel", "zoning", "road", "building", "offer"):
            drawing = drawn(store, inventory.catalogue, now, name)
            with store.begin() as conn:
                head = pictures.head(conn, drawing)
                wanted = {row.row for row in conn.exec_driver_sql(f"SELECT row FROM {drawing.source}")}
            assert head is not None
            assert head.box is not None
            for zoom in (*range(0, 18, 2 if name == "parcel" else 5), *([18] if name == "parcel" else [])):
                found: set[int] = set()
                for _, content, frame in whole(store, drawing, zoom, head.box, tmp_path):
                    assert len(content) < pictures.LIMIT
                    if frame is not None:
                        found |= set(frame.mvt_id)
                assert found == wanted, (name, zoom)


def test_a_high_zoom_shows_shapes_as_they_are(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    odd = shapely.Polygon([(X, Y), (X + 31.7, Y + 3.2), (X + 22.9, Y + 18.4), (X + 9.1, Y + 40.6)])
    holed = shapely.box(X - 60, Y - 60, X - 20, Y - 20).difference(shapely.box(X - 45, Y - 45, X - 33, Y - 37))
    city = published(store, revision(store, catalogue.layers["parcel"], rows([odd, holed])))
    for row, shape in enumerate(web([odd, holed])):
        place = over(shape.centroid, 17)
        frame = decoded(tile(store, drawn(store, catalogue, city, "parcel"), place), place, tmp_path)
        (seen,) = frame.geometry[frame.mvt_id == row]
        assert seen.symmetric_difference(shape).area < 0.01 * shape.area
        assert seen.hausdorff_distance(shape) < pixel(17) / 4


def test_nothing_is_missed_at_the_edges_of_tiles(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    # Far from the middle of the zone the sides of a tile bend most.
    xs, ys = np.meshgrid(np.linspace(6_380_000, 6_620_000, 120), np.linspace(5_400_000, 6_050_000, 12))
    points = shapely.points(xs.ravel(), ys.ravel())
    stations = rows([shapely.MultiPoint([one]) for one in points])
    now = published(store, revision(store, catalogue.layers["station"], stations))
    drawing = drawn(store, catalogue, now, "station")
    for zoom in (5, 7, 9):
        by_place: dict[Place, set[int]] = {}
        for row, point in enumerate(web(points)):
            by_place.setdefault(over(point, zoom), set()).add(row)
        for place, inside in sorted(by_place.items(), key=lambda one: len(one[1]))[:60]:
            assert inside <= set(decoded(tile(store, drawing, place), place, tmp_path).mvt_id), place


def test_pictures_of_lines_and_points_leave_nothing_out(
    store: Store, catalogue: Catalogue, tmp_path: Path, small: None
) -> None:
    rng = np.random.default_rng(5)
    starts = rng.uniform(0, 4000, (2500, 2)) + np.array([X, Y])
    ways = [shapely.LineString(start + np.cumsum(rng.normal(0, 25, (5, 2)), axis=0)) for start in starts]
    classes = ["main", "local", "internal", None]
    roads = rows([shapely.MultiLineString([way]) for way in ways])
    roads = [{**one, "class": classes[at % 4]} for at, one in enumerate(roads)]
    spots = shapely.points(starts)
    stations = rows([shapely.MultiPoint([spot]) for spot in spots])
    now = published(
        store, revision(store, catalogue.layers["road"], roads), revision(store, catalogue.layers["station"], stations)
    )
    middles = web(shapely.line_interpolate_point(ways, 0.5, normalized=True))
    for name, points, kind in (("road", middles, "Line"), ("station", web(spots), "Point")):
        drawing = drawn(store, catalogue, now, name)
        for zoom in range(3, 13):
            found = list(whole(store, drawing, zoom, _box(points), tmp_path))
            assert all(len(content) <= pictures.LIMIT for _, content, _ in found)
            shapes = np.concatenate([np.asarray(frame.geometry.array) for _, _, frame in found if frame is not None])
            assert all(kind in shape.geom_type for shape in shapes)
            assert uncovered(points, shapes, zoom) == 0, (name, zoom)
        head = known(store, drawing)
        assert head is not None
        assert head.rows_from > 12
    seen = told(store, drawn(store, catalogue, now, "road"), over(middles[0], 9), tmp_path)
    assert {(one["legend"], one.get("class")) for one in seen} == {(1, "main"), (2, "internal"), (3, None)}


def _box(points: np.ndarray) -> tuple[float, float, float, float]:
    west, south, east, north = shapely.total_bounds(points)
    return west, south, east, north


def test_one_crowded_spot_is_a_picture_where_all_else_is_rows(
    store: Store, catalogue: Catalogue, tmp_path: Path, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "RARE", 12)
    spread, crowd = grid(14, 14, side=400), grid(25, 25, side=2)
    shapes = np.concatenate([spread, crowd])
    now = published(store, revision(store, catalogue.layers["parcel"], rows(shapes)))
    drawing = drawn(store, catalogue, now, "parcel")
    box = web(shapely.box(X, Y, X + 5600, Y + 5600)).bounds
    head = known(store, drawing)
    assert head is not None
    assert 0 < head.rows_from < 15
    for zoom in range(head.rows_from, 19):
        place = over(web(crowd[300]).centroid, zoom)
        content = tile(store, drawing, place)
        frame = decoded(content, place, tmp_path)
        assert len(content) < 15_000
        assert uncovered(web(shapely.centroid(crowd[312:313])), np.asarray(frame.geometry.array), zoom) == 0
    generalised = {
        len(frame) for _, _, frame in whole(store, drawing, head.rows_from, box, tmp_path) if frame is not None
    }
    assert 1 in generalised
    assert max(generalised) > 1


def test_a_picture_that_would_be_too_large_is_drawn_coarser(
    store: Store, catalogue: Catalogue, tmp_path: Path, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "LIMIT", 15_000)
    scattered = grid(70, 70, side=20)[::2]
    apart = shapely.transform(scattered, lambda xy: X + (xy - [X, Y]) * 3 + [0, Y - X])
    plots = shapely.buffer(shapely.centroid(apart), 4, quad_segs=2)
    now = published(store, revision(store, catalogue.layers["parcel"], rows(plots)))
    drawing = drawn(store, catalogue, now, "parcel")
    centres, least = web(shapely.centroid(plots)), []
    for zoom in (10, 11, 12):
        found = [one for one in whole(store, drawing, zoom, _box(web(plots)), tmp_path) if one[2] is not None]
        assert all(len(content) <= 15_000 for _, content, _ in found)
        shapes = np.concatenate([np.asarray(frame.geometry.array) for _, _, frame in found])
        assert uncovered(centres, shapes, zoom, pixels=0) == 0
        for _, _, frame in found:
            bounds = shapely.bounds(shapely.get_parts(frame.geometry.array))
            least.append((bounds[:, 2] - bounds[:, 0]).min() / pixel(zoom))
    head = known(store, drawing)
    assert head is not None
    assert head.rows_from > 12
    assert {round(wide) for wide in least} > {1}


def test_rows_too_many_for_their_names_come_without(
    store: Store, catalogue: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = published(store, revision(store, catalogue.layers["parcel"], rows(grid(20, 20))))
    drawing, place = drawn(store, catalogue, now, "parcel"), over(web(shapely.Point(X + 120, Y + 120)), 14)
    named = told(store, drawing, place, tmp_path)
    assert named[7]["id"] == f"{named[7]['mvt_id']:07}"
    monkeypatch.setattr(tiles, "LIMIT", len(tile(store, drawing, place)) - 1)
    plain = told(store, drawing, place, tmp_path)
    assert [one["mvt_id"] for one in plain] == [one["mvt_id"] for one in named]
    assert not any("id" in one for one in plain)


def test_what_is_too_small_to_be_seen_is_a_pixel_wide(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    plot, way = shapely.box(X, Y, X + 2, Y + 2), shapely.LineString([(X, Y), (X + 3, Y)])
    roads = rows([shapely.MultiLineString([way])])
    now = published(
        store,
        revision(store, catalogue.layers["parcel"], rows([plot])),
        revision(store, catalogue.layers["road"], roads),
    )
    for zoom in (0, 4, 9):
        place = over(web(plot).centroid, zoom)
        (area,) = decoded(tile(store, drawn(store, catalogue, now, "parcel"), place), place, tmp_path).geometry
        assert area.area == pytest.approx(pixel(zoom) ** 2, rel=0.5)
        assert area.distance(web(plot)) < pixel(zoom)
        (line,) = decoded(tile(store, drawn(store, catalogue, now, "road"), place), place, tmp_path).geometry
        assert line.length == pytest.approx(pixel(zoom), rel=0.5)


def test_a_shape_of_very_many_points_is_cut_before_it_is_sent(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    angles = np.linspace(0, 2 * np.pi, 60_000, endpoint=False)
    radii = 9_000 + 40 * np.sin(angles * 900)
    lake = shapely.Polygon(np.stack([X + radii * np.cos(angles), Y + radii * np.sin(angles)], axis=1))
    now = published(store, revision(store, catalogue.layers["flood"], rows([lake])))
    drawing = drawn(store, catalogue, now, "flood")
    for zoom, at in ((15, shapely.Point(X + 9_000, Y)), (12, shapely.Point(X, Y)), (17, shapely.Point(X + 99, Y))):
        place = over(web(at), zoom)
        content = tile(store, drawing, place)
        (seen,) = decoded(content, place, tmp_path).geometry
        part = web(lake).intersection(shapely.box(*seen.bounds))
        assert seen.symmetric_difference(part).area < 0.002 * part.area
        assert len(content) < 20_000


# ---- only what may be drawn ----------------------------------------------------------------------------


@pytest.fixture
def owned(store: Store, catalogue: Catalogue) -> State:
    """A checkerboard: parcels of the city, and of people; an offer names two of the city's, another one of each."""
    shapes = grid(40, 40)
    owners = ["municipal" if (at // 40 + at) % 2 else "natural" for at in range(len(shapes))]
    parcels = rows(shapes, owner_class=owners, precinct=SECRET)
    offers = [
        {"key": "A", "id": "A", "parcels": "0000001, 0000040", "status": "available"},
        {"key": "B", "id": "B", "parcels": "0000003;0000004", "status": "sold"},
    ]
    return published(
        store, revision(store, catalogue.layers["parcel"], parcels), revision(store, catalogue.layers["offer"], offers)
    )


def under(store: Store, setting: Any) -> Store:
    return replace(store, settings=store.settings.model_copy(update={"public_parcels": setting}))


def ids(store: Store, catalogue: Catalogue, now: State, name: str, folder: Path) -> set[str]:
    drawing = drawn(store, catalogue, now, name)
    found = [frame for _, _, frame in whole(store, drawing, 15, CITY, folder) if frame is not None]
    return {one for frame in found for one in frame["id"]}


def test_parcels_that_are_not_public_are_in_no_tile(
    store: Store, catalogue: Catalogue, owned: State, tmp_path: Path
) -> None:
    city = {at for at in range(1600) if (at // 40 + at) % 2}
    settings: dict[Any, set[int]] = {None: set(range(1600)), "all": set(range(1600)), "public_owners": city}
    for setting, wanted in {**settings, "offers": {1, 40}}.items():
        narrowed = under(store, setting)
        found = whole(narrowed, drawn(narrowed, catalogue, owned, "parcel"), 16, CITY, tmp_path)
        assert {row for _, _, frame in found if frame is not None for row in frame.mvt_id} == wanted


def test_parcels_that_are_not_public_are_in_no_picture(
    store: Store, catalogue: Catalogue, owned: State, tmp_path: Path, small: None
) -> None:
    squares = web(grid(40, 40))
    west = [at for at in range(800) if (at // 40 + at) % 2]
    for setting, wanted in {"public_owners": west, "offers": [1, 40]}.items():
        narrowed = under(store, setting)
        drawing = drawn(narrowed, catalogue, owned, "parcel")
        found = list(whole(narrowed, drawing, 14, CITY, tmp_path))
        shapes = np.concatenate([np.asarray(frame.geometry.array) for _, _, frame in found if frame is not None])
        painted = shapely.union_all(shapes)
        assert uncovered(shapely.centroid(squares[wanted]), shapes, 14) == 0
        near = shapely.union_all(shapely.buffer(squares[wanted], 2 * pixel(14), join_style="mitre"))
        if setting == "offers":
            assert painted.within(near)
        assert painted.area < 0.9 * shapely.union_all(squares).area
        head = known(narrowed, drawing)
        assert head is not None
        assert (head.rows_from > 14) == (setting == "public_owners")


def test_offers_are_drawn_as_the_parcels_they_name(
    store: Store, catalogue: Catalogue, owned: State, tmp_path: Path
) -> None:
    parcels = web(grid(40, 40))
    for setting, wanted in {None: {"A", "B"}, "public_owners": {"A"}, "offers": {"A"}}.items():
        narrowed = under(store, setting)
        assert ids(narrowed, catalogue, owned, "offer", tmp_path) == wanted
    place = over(parcels[1].centroid, 16)
    (offer, *_) = told(store, drawn(store, catalogue, owned, "offer"), place, tmp_path)
    assert offer == {"mvt_id": 0, "legend": 0, "status": "available", "id": "A"}
    frame = decoded(tile(store, drawn(store, catalogue, owned, "offer"), place), place, tmp_path)
    united = shapely.union_all(parcels[[1, 40]])
    assert frame.geometry.iloc[0].symmetric_difference(united).area < 0.05 * united.area


def test_a_zone_that_names_parcels_does_not_draw_those_that_are_not_public(
    store: Store, catalogue: Catalogue, owned: State, tmp_path: Path
) -> None:
    zones = [{"key": "Z", "id": "Z", "zone": "Kalisz", "parcels": "0000001 0000002"}]
    sez = revision(store, catalogue.layers["sez"], zones)
    now = published(store, *owned.revisions.values(), sez)
    place = over(web(grid(1, 2))[1].centroid, 17)
    areas = {}
    for setting in (None, "public_owners"):
        narrowed = under(store, setting)
        frame = decoded(tile(narrowed, drawn(narrowed, catalogue, now, "sez"), place), place, tmp_path)
        areas[setting] = frame.geometry.iloc[0].area / web(grid(1, 1))[0].area
    assert areas[None] == pytest.approx(2, rel=0.05)
    assert areas["public_owners"] == pytest.approx(1, rel=0.05)


def test_only_public_fields_are_told_and_numbers_of_people_are_masked(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    plot = shapely.box(X, Y, X + 40, Y + 40)
    parcels = rows([plot], owner_class="natural", soil_items="R 1", precinct="0001", land_use="R")
    spots = rows([shapely.box(X, Y, X + 9, Y + 9)], name=f"dom, {SECRET}, 80010112345 i 1234567890")
    now = published(
        store,
        revision(store, catalogue.layers["parcel"], parcels),
        revision(store, catalogue.layers["monument"], spots),
    )
    place = over(web(plot).centroid, 15)
    assert told(store, drawn(store, catalogue, now, "parcel"), place, tmp_path) == [
        {"mvt_id": 0, "legend": 0, "id": "0000000"}
    ]
    (monument,) = told(store, drawn(store, catalogue, now, "monument"), place, tmp_path)
    assert monument["name"] == "dom, ***, *** i 1234567890"


def test_layers_without_public_geometry_are_not_drawn(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    pipes = rows([shapely.MultiLineString([[(X, Y), (X + 9, Y)]])])
    now = published(store, revision(store, catalogue.layers["water"], pipes))
    for name in ("water", "power", "nothing"):
        with pytest.raises(NotFound, match=f"no layer “{name}” to draw"):
            drawing_of(store, ground_of(store, catalogue, now), name)
    assert drawing_of(store, ground_of(store, catalogue, now), "parcel") is None
    assert tile(store, None, Place(0, 0, 0)) == b""


def test_what_the_legend_speaks_of_is_told(store: Store, catalogue: Catalogue, tmp_path: Path, small: None) -> None:
    uses = ["production", "housing services", "large_retail retail", "farm", None, "greenery"]
    shapes = grid(60, 8)
    zones = rows(
        shapes, symbol_yes=[uses[at % 8 % 6] for at in range(480)], symbol="P/U", status="in_force", label="1P"
    )
    now = published(store, revision(store, catalogue.layers["zoning"], zones))
    drawing = drawn(store, catalogue, now, "zoning")
    steps = {"production": 0, "housing services": 3, "large_retail retail": 2, "farm": 5, None: 6, "greenery": 6}
    place = over(web(shapes[200]).centroid, 18)
    seen = told(store, drawing, place, tmp_path)
    assert seen
    for one in seen:
        use = uses[one["mvt_id"] % 8 % 6]
        assert (one["legend"], one.get("symbol_yes"), one["symbol"], one["label"]) == (steps[use], use, "P/U", "1P")
    # At a low zoom only what the legend names is left of them, and nothing of a single row.
    low = told(store, drawing, over(web(shapes[0]).centroid, 11), tmp_path)
    assert {(one["legend"], one.get("symbol_yes")) for one in low} == {
        (0, "production"), (3, "housing services"), (2, "large_retail"), (5, "farm"), (6, None)
    }  # fmt: skip
    assert all(set(one) <= {"mvt_id", "legend", "symbol_yes"} for one in low)


def test_only_rows_that_count_on_the_day_are_drawn(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    days = [None, DAY - timedelta(1), DAY, DAY + timedelta(1)]
    zones = rows(grid(4, 1), in_force_from=[None, None, DAY, DAY + timedelta(1)], in_force_to=[*days[:2], None, None])
    held = {"zoning": revision(store, catalogue.layers["zoning"], zones)}
    place = over(web(shapely.Point(X + 5, Y + 5)), 14)

    def on(day: date) -> Drawing:
        ground = Ground(held, catalogue, day, store.srid, None)
        with store.begin() as conn:
            found = ground.drawing(conn, "zoning")
        assert found is not None
        return found

    def seen(day: date) -> list[int]:
        return [one["mvt_id"] for one in told(store, on(day), place, tmp_path)]

    assert seen(DAY - timedelta(1)) == [0, 1]
    assert seen(DAY) == [0, 2]
    assert seen(DAY + timedelta(1)) == [0, 2, 3]
    # Pictures are those of a span of days, not of one.
    assert on(DAY + timedelta(1)).pictures == on(DAY + timedelta(400)).pictures != on(DAY).pictures


def test_a_field_the_revision_lacks_is_unknown(store: Store, catalogue: Catalogue, tmp_path: Path) -> None:
    old = layer(
        {
            "name": "building", "title": {"pl": "B", "en": "B"}, "geometry": "polygon", "key": ["id"],
            "fields": {"id": {"type": "text"}, "kind": {"type": "number"}},
        }
    )  # fmt: skip
    now = published(store, revision(store, old, rows(grid(1, 1), kind=3.0)))
    place = over(web(shapely.Point(X + 5, Y + 5)), 16)
    assert told(store, drawn(store, catalogue, now, "building"), place, tmp_path) == [{"mvt_id": 0, "legend": 1}]


# ---- made once, dropped with their revision ---------------------------------------------------------------


def tables(store: Store) -> set[str]:
    with store.begin() as conn:
        names = sa.text("SELECT 'store.' || tablename FROM pg_tables WHERE schemaname = 'store'")
        return {name for name in conn.execute(names).scalars() if "tiles_" in name or "sites_" in name}


def test_pictures_are_made_before_a_state_is_published_and_once(
    demo_city: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_inventory(demo_city) as inventory:
        now = inventory.need_state()
        for name in ("parcel", "zoning", "road", "offer"):
            assert known(inventory.store, drawn(inventory.store, inventory.catalogue, now, name, made=False))
        monkeypatch.setattr(pictures, "make", None)
        assert pictures.prepare(inventory.store, inventory.catalogue, now.revisions, as_of=now.as_of) == ()


def test_pictures_go_with_their_revision(store: Store, catalogue: Catalogue) -> None:
    parcel = catalogue.layers["parcel"]
    first, second = (revision(store, parcel, rows(grid(2, 2))) for _ in range(2))
    made = {}
    for held in (first, second):
        now = published(store, held)
        pictures.prepare(store, catalogue, now.revisions, as_of=now.as_of)
        made[held.number] = drawn(store, catalogue, now, "parcel", made=False).pictures
    assert tables(store) == set(made.values())
    keep_one = replace(store, settings=store.settings.model_copy(update={"keep_states": 1}))
    with importing(store):
        assert tables(store) == set(made.values())
        gone = retention.prune(keep_one)
    assert {first.table, made[1]} <= set(gone.tables)
    assert tables(store) == {made[2]}


def test_without_pictures_rows_are_sent_and_nothing_is_written(
    store: Store, catalogue: Catalogue, tmp_path: Path
) -> None:
    squares = grid(12, 12)
    offers = [{"key": "A", "id": "A", "parcels": "0000001, 0000012", "status": "available"}]
    now = published(
        store,
        revision(store, catalogue.layers["parcel"], rows(squares)),
        revision(store, catalogue.layers["offer"], offers),
    )
    before = tables(store)
    live = {}
    for name in ("parcel", "offer"):
        drawing = drawn(store, catalogue, now, name, made=False)
        for zoom in (0, 9, 14, 18):
            places = [*covering(CITY, zoom)][:4]
            live |= {(name, place): tile(store, drawing, place) for place in places}
        assert tile(store, drawing, Place(12, 0, 0)) == b""
        assert known(store, drawing) is None
    assert tables(store) == before
    assert {name for (name, _), content in live.items() if content} == {"parcel", "offer"}
    # The very same bytes as with pictures, where these are of rows as they are.
    for (name, place), content in live.items():
        assert tile(store, drawn(store, catalogue, now, name), place) == content


def test_without_pictures_what_is_too_much_is_not_sent_in_part(
    store: Store, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = published(store, revision(store, catalogue.layers["parcel"], rows(grid(12, 12))))
    drawing = drawn(store, catalogue, now, "parcel", made=False)
    wide, close = (over(web(shapely.Point(X + 1, Y + 1)), zoom) for zoom in (10, 20))
    for most, limit in ((100, tiles.LIMIT), (tiles.MOST_LIVE, 2_000)):
        monkeypatch.setattr(tiles, "MOST_LIVE", most)
        monkeypatch.setattr(tiles, "LIMIT", limit)
        with pytest.raises(DatabaseError, match="is being made"):
            tile(store, drawing, wide)
        assert tile(store, drawing, close)
    assert known(store, drawing) is None


def test_another_layer_file_or_setting_has_pictures_of_its_own(store: Store, catalogue: Catalogue) -> None:
    now = published(store, revision(store, catalogue.layers["parcel"], rows(grid(3, 3), owner_class="state")))
    changed = catalogue.layers["parcel"].model_copy()
    changed._hash = "another"
    other = Catalogue({**catalogue.layers, "parcel": changed}, catalogue.tables)
    plain = drawn(store, catalogue, now, "parcel")
    assert drawn(store, other, now, "parcel").pictures != plain.pictures
    assert drawn(under(store, "public_owners"), catalogue, now, "parcel").pictures != plain.pictures
    assert drawn(under(store, "all"), catalogue, now, "parcel").pictures == plain.pictures


def test_a_tile_that_takes_too_long_is_given_up(
    store: Store, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = published(store, revision(store, catalogue.layers["parcel"], rows(grid(30, 30))))
    drawing, place = drawn(store, catalogue, now, "parcel"), over(web(shapely.Point(X, Y)), 12)
    assert tile(store, drawing, place)
    monkeypatch.setattr(tiles, "PATIENCE_MS", 1)
    with pytest.raises(DatabaseError, match="takes the database too long"):
        tile(store, drawing, place)


@pytest.mark.parametrize("place", [(-1, 0, 0), (21, 0, 0), (3, 8, 0), (3, 0, -1), (0, 1, 0)])
def test_there_are_no_other_tiles(place: tuple[int, int, int]) -> None:
    with pytest.raises(NotFound, match="there is no tile"):
        Place(*place)


def test_places_without_anything_are_empty(store: Store, catalogue: Catalogue) -> None:
    now = published(
        store,
        revision(store, catalogue.layers["parcel"], rows(grid(3, 3))),
        revision(store, catalogue.layers["soil"], []),
    )
    assert tile(store, drawn(store, catalogue, now, "parcel"), Place(12, 0, 0)) == b""
    assert tile(store, drawn(store, catalogue, now, "soil"), Place(0, 0, 0)) == b""
    assert list(covering((0.0, 0.0, 0.0, 0.0), 0)) == [Place(0, 0, 0)]


def test_states_say_when_they_were_published(store: Store, catalogue: Catalogue) -> None:
    now = published(store, revision(store, catalogue.layers["parcel"], rows(grid(1, 1))))
    with store.begin() as conn:
        assert states.published_at(conn, now.id) == now.at
        with pytest.raises(NotFound, match="no state 9"):
            states.published_at(conn, 9)
