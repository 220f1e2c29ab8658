import pyarrow as pa
import pytest
import shapely
import sqlalchemy as sa

from gis_sites.errors import NotFound
from gis_sites.store import revisions
from gis_sites.store.connect import Store
from gis_sites.store.revisions import Coverage, Part, Which
from tests.store.support import DAY, EVERYTHING, OFFER, PARCEL, PIPE, layer, load, revision, square, table

PLAIN = layer(PARCEL)


def test_rows_are_numbered_in_the_order_of_keys_by_code_point(store: Store) -> None:
    rows = [{"key": key, "geom": square(place * 20)} for place, key in enumerate(["b", "a/10", "ż", "a/2", "B", "ą"])]
    made = revision(store, PLAIN, rows)
    with store.begin() as conn:
        features = revisions.read(conn, made)
    assert features.table["row"].to_pylist() == list(range(6))
    assert features.table["key"].to_pylist() == ["B", "a/10", "a/2", "b", "ą", "ż"]
    assert [shapely.bounds(one)[0] for one in features.geometry] == [80, 20, 60, 0, 100, 40]
    assert features.table["source_row"].to_pylist() == [4, 1, 3, 0, 5, 2]


def test_values_and_geometry_come_back_as_they_were(store: Store) -> None:
    exact = shapely.MultiPolygon([shapely.Polygon([(0.1, 1 / 3), (1e-9, 7.3), (6543210.123456789, 5.5)])])
    row = {"key": "a", "id": "a", "area": 0.1, "built": True, "measured": DAY, "use": "1P/U", "use_yes": "production",
           "use_text": "", "geom": exact}  # fmt: skip
    made = revision(store, PLAIN, [row, {"key": "b", "geom": square(0)}])
    with store.begin() as conn:
        features = revisions.read(conn, made)
    first, second = features.table.to_pylist()
    assert {name: first[name] for name in row if name != "geom"} == {k: v for k, v in row.items() if k != "geom"}
    assert all(second[name] is None for name in made.fields)
    assert features.geometry[0].wkb == exact.wkb


def test_a_revision_says_what_it_was_made_with(store: Store) -> None:
    with store.begin() as conn:
        by = load(conn)
        coverage = Coverage("file", True, square(0).wkb)
        draft = revisions.create(conn, PLAIN, srid=2177)
        revisions.append(conn, draft, table(PLAIN, [{"key": "a"}], load=by, part="0001"))
        empty = Part("0002", by, 0, EVERYTHING, None, None)
        made = revisions.finish(conn, draft, [Part("0001", by, 1, coverage, DAY, "Miasto"), empty])
    with store.begin() as conn:
        again = revisions.get(conn, made.id)
    assert again == made
    assert (made.layer, made.number, made.table, made.layer_hash) == ("parcel", 1, "store.parcel_r1", "hash of parcel")
    assert made.fields[:3] == ("id", "area", "built")
    assert made.parts[0].coverage == coverage
    assert made.parts[1] == empty
    assert made.rows == 1


def test_geometry_columns_hold_type_and_srid_and_indexes(store: Store) -> None:
    revision(store, layer(PIPE), [{"key": "a", "geom": shapely.MultiLineString([[(0, 0), (1, 1)]])}])
    with store.begin() as conn:
        column = sa.text("SELECT type, srid, coord_dimension FROM geometry_columns WHERE f_table_name = 'pipe_r1'")
        assert conn.execute(column).one() == ("MULTILINESTRING", 2177, 2)
        indexes = sa.text("SELECT indexdef FROM pg_indexes WHERE tablename = 'pipe_r1' ORDER BY indexdef")
        found = " ".join(conn.execute(indexes).scalars())
    assert "USING gist (geom)" in found
    assert "(key)" in found
    assert "UNIQUE" in found


def test_a_geometry_of_another_type_is_refused(store: Store) -> None:
    with pytest.raises(Exception, match="does not match column type"):
        revision(store, PLAIN, [{"key": "a", "geom": shapely.Point(1, 2)}])
    with store.begin() as conn:
        assert revisions.listed(conn) == []
        tables = sa.text("SELECT count(*) FROM pg_tables WHERE schemaname = 'store'")
        assert conn.execute(tables).scalar_one() == 0


def test_the_other_parts_are_carried_over(store: Store) -> None:
    first = revision(store, PLAIN, [{"key": k, "id": k, "geom": square(0)} for k in "ca"], part="1")
    with store.begin() as conn:
        by = load(conn, "g")
        draft = revisions.create(conn, PLAIN, srid=2177)
        assert revisions.append(conn, draft, table(PLAIN, [{"key": "b"}], load=by, part="2")) == 1
        assert revisions.carry_over(conn, draft, first, without=["2"]) == 2
        made = revisions.finish(conn, draft, [*first.parts, Part("2", by, 1, EVERYTHING, None, None)])
        rows = revisions.read(conn, made).table.to_pylist()
    assert [(one["row"], one["key"], one["part"], one["id"]) for one in rows] == [
        (0, "a", "1", "a"), (1, "b", "2", None), (2, "c", "1", "c"),
    ]  # fmt: skip
    assert [one["load"] for one in rows] == [first.parts[0].load, by, first.parts[0].load]
    assert made.number == 2
    with store.begin() as conn:
        draft = revisions.create(conn, PLAIN, srid=2177)
        assert revisions.carry_over(conn, draft, made, without=["1"]) == 1
        assert revisions.finish(conn, draft, made.parts[1:]).rows == 1
        assert revisions.read(conn, first).table["key"].to_pylist() == ["a", "c"]


def test_parts_must_sum_to_the_rows(store: Store) -> None:
    with store.begin() as conn:
        by = load(conn)
        draft = revisions.create(conn, PLAIN, srid=2177)
        revisions.append(conn, draft, table(PLAIN, [{"key": "a"}], load=by))
        with pytest.raises(ValueError, match="its parts say"):
            revisions.finish(conn, draft, [Part("all", by, 2, EVERYTHING, None, None)])


def test_a_column_the_table_lacks_is_refused(store: Store) -> None:
    with store.begin() as conn, pytest.raises(ValueError, match="no columns"):
        revisions.append(conn, revisions.create(conn, PLAIN, srid=2177), pa.table({"colour": ["red"]}))


def test_a_field_a_revision_lacks_reads_as_unknown(store: Store) -> None:
    made = revision(store, PLAIN, [{"key": "a", "id": "a", "area": 3.5, "geom": square(0)}])
    fields = {**PARCEL["fields"], "area": {"type": "text"}, "zone": {"type": "number"}}
    later = layer(PARCEL, fields=fields)
    with store.begin() as conn:
        now = revisions.read(conn, made, layer=later).table
        some = revisions.read(conn, made, columns=["zone", "id"], layer=later, geometry=False)
        draft = revisions.create(conn, later, srid=2177)
        revisions.carry_over(conn, draft, made, without=())
        carried = revisions.read(conn, revisions.finish(conn, draft, made.parts)).table.to_pylist()[0]
    assert (now["id"].to_pylist(), now["area"].to_pylist(), now["zone"].to_pylist()) == (["a"], [None], [None])
    assert (now.schema.field("zone").type, now.schema.field("area").type) == (pa.float64(), pa.string())
    assert some.table.column_names == ["row", "key", "part", "load", "source_row", "zone", "id"]
    assert list(some.geometry) == [None]
    assert (carried["id"], carried["area"], carried["zone"]) == ("a", None, None)


@pytest.mark.parametrize(
    ("which", "keys"),
    [
        (Which(rows=[2, 0]), ["a", "c"]),
        (Which(keys=["b", "x'"]), ["b"]),
        (Which(keys=[]), []),
        (Which(parts=["all"]), ["a", "b", "c"]),
        (Which(parts=["none"]), []),
        (Which(bounds=(25.0, 1.0, 100.0, 2.0)), ["b", "c"]),
        (Which(bounds=(25.0, 1.0, 100.0, 2.0), limit=1), ["b"]),
    ],
)
def test_some_rows_are_read(store: Store, which: Which, keys: list[str]) -> None:
    made = revision(store, PLAIN, [{"key": key, "geom": square(place * 20)} for place, key in enumerate("abc")])
    with store.begin() as conn:
        features = revisions.read(conn, made, which=which)
    assert features.table["key"].to_pylist() == keys
    assert len(features) == len(features.geometry) == len(keys)


def test_a_table_without_geometry(store: Store) -> None:
    made = revision(store, layer(OFFER), [{"key": "2", "price": 3.0}, {"key": "1"}])
    with store.begin() as conn:
        features = revisions.read(conn, made)
    assert features.table["price"].to_pylist() == [None, 3.0]
    assert list(features.geometry) == [None, None]


def test_a_row_without_geometry_among_others(store: Store) -> None:
    made = revision(store, PLAIN, [{"key": "a"}, {"key": "b", "geom": square(0)}])
    with store.begin() as conn:
        geometry = revisions.read(conn, made).geometry
    assert geometry[0] is None
    assert geometry[1].area == 100


def test_an_empty_revision(store: Store) -> None:
    made = revision(store, PLAIN, [])
    with store.begin() as conn:
        assert len(revisions.read(conn, made)) == 0
        assert [one.id for one in revisions.listed(conn, "parcel")] == [made.id]
        assert revisions.listed(conn, "pipe") == []
        with pytest.raises(NotFound, match="no revision"):
            revisions.get(conn, made.id + 1)
