import pytest
import sqlalchemy as sa

from gis_sites.errors import NotFound
from gis_sites.findings import Finding, FindingType
from gis_sites.store import loads, revisions
from gis_sites.store.connect import Store
from gis_sites.store.loads import Fate
from gis_sites.store.revisions import Part
from tests.store.support import DAY, EVERYTHING, PARCEL, PIPE, layer, load, revision, square, state, table

PLAIN = layer(PARCEL)


def test_a_source_is_known_by_its_bytes(store: Store) -> None:
    with store.begin() as conn:
        first = loads.source(conn, sha256="a" * 64, name="plan.gpkg", size=1)
        assert loads.source(conn, sha256="a" * 64, name="plan (2).gpkg", size=1) == first
        assert loads.source(conn, sha256="b" * 64, name="plan.gpkg", size=1) != first


def test_a_load_from_its_opening_to_its_report(store: Store) -> None:
    note = {"z": 1, "a": {"TABLE.COL": "parcel.id"}}
    report = {"loads": [{"rows": {"read": 3, "loaded": 2}}], "a": None}
    with store.begin() as conn:
        source = loads.source(conn, sha256="a" * 64, name="plan.gpkg", size=12)
        made = loads.new_load(conn, source=source, fingerprint="f", publisher="Miasto Łódź", dated=DAY, note=note)
        opened = loads.get(conn, made)
        loads.close_load(conn, made, status="ready", report=report)
        closed = loads.get(conn, made)
        with pytest.raises(NotFound, match=f"no load {made + 1}"):
            loads.get(conn, made + 1)
    assert (opened.status, opened.report, opened.source, opened.sha256, opened.size) == (
        "running", None, "plan.gpkg", "a" * 64, 12,
    )  # fmt: skip
    assert (closed.status, closed.report, closed.publisher, closed.dated) == ("ready", report, "Miasto Łódź", DAY)
    assert list(closed.note) == ["z", "a"]


def test_the_same_again_is_known_while_all_it_brought_stands(store: Store) -> None:
    with store.begin() as conn:
        one, two, other = load(conn, "f"), load(conn, "g"), load(conn, "h", status="refused")
    first = revision(store, PLAIN, [{"key": "a"}], load_id=one, part="1")
    before = state(store, first)
    with store.begin() as conn:
        assert loads.same(conn, "f", {}) is None
        assert loads.same(conn, "f", before.revisions) == one
        assert loads.same(conn, "g", before.revisions) is None
        assert loads.same(conn, "h", before.revisions) is None
        draft = revisions.create(conn, PLAIN, srid=2177)
        revisions.append(conn, draft, table(PLAIN, [{"key": "b"}], load=two, part="2"))
        revisions.carry_over(conn, draft, first, without=["2"])
        second = revisions.finish(conn, draft, [*first.parts, Part("2", two, 1, EVERYTHING, None, None)])
    both = state(store, second)
    replaced = state(store, revision(store, PLAIN, [{"key": "c"}], load_id=other, part="1"))
    with store.begin() as conn:
        assert loads.same(conn, "f", both.revisions) == one
        assert loads.same(conn, "g", both.revisions) == two
        assert loads.same(conn, "f", replaced.revisions) is None


def test_the_fate_of_every_column(store: Store) -> None:
    fates = [Fate("t", "ID", "loaded", "parcel", "id"), Fate("t", "X", "ignored", reason="no field")]
    with store.begin() as conn:
        by = load(conn)
        loads.add_columns(conn, by, fates)
        loads.add_columns(conn, by, [])
        assert loads.fates(conn, by) == fates


def test_findings_come_back_in_order_with_their_places(store: Store) -> None:
    noticed = [
        Finding(FindingType.AREA_DIFFERS, 3, "306101_1.0012.45/3", None, {"registered": 1.5, "measured": 2.0}),
        Finding(FindingType.COLUMN_IGNORED, column="UWAGI"),
    ]
    with store.begin() as conn:
        by = load(conn)
        assert loads.add_findings(conn, by, noticed, layer=PLAIN, table="dz", places={3: square(0).wkb}) == 2
        assert loads.add_findings(conn, by, []) == 0
        back = loads.findings(conn, by)
    assert [one.finding for one in back] == noticed
    assert [(one.layer, one.table, one.wkb) for one in back] == [
        ("parcel", "dz", square(0).wkb), ("parcel", "dz", None),
    ]  # fmt: skip
    assert back[0].finding.sentence("pl") == noticed[0].sentence("pl")


def test_secrets_never_reach_the_table(store: Store) -> None:
    pesel, kw = "80010112345", "KZ1A/00012345/6"
    noticed = [
        Finding(
            FindingType.VALUE_UNREADABLE, 1, f"dz {pesel}", "UWAGI", {"value": f"{kw} i {pesel}", "type": "number"}
        ),
        Finding(FindingType.CODE_UNKNOWN, 2, "a", "GR_REJ", {"value": "Jan Kowalski", "allowed": "state, natural"}),
        Finding(FindingType.VALUE_REPAIRED, 3, "a", "land_register", {"value": "Kowalski", "result": "kowalski"}),
        Finding(FindingType.VALUE_UNREADABLE, 4, "a", "area", {"value": int(pesel), "type": "number"}),
    ]
    with store.begin() as conn:
        by = load(conn)
        loads.add_findings(conn, by, noticed, layer=PLAIN, table="dz", private=["GR_REJ"])
        stored = conn.execute(sa.text("SELECT row_to_json(f)::text FROM registry.findings AS f")).scalars().all()
        back = [one.finding for one in loads.findings(conn, by)]
    assert len(stored) == 4
    assert not any(word in row for row in stored for word in (pesel, kw, "owalski"))
    assert back[0].values == {"value": "*** i ***", "type": "number"}
    assert back[0].key == "dz ***"
    assert back[1].values == {"value": "***", "allowed": "state, natural"}
    assert back[2].values == {"value": "***", "result": "***"}
    assert back[3].values["value"] == "***"


def test_a_key_that_is_not_public_is_masked(store: Store) -> None:
    (one,) = loads.masked([Finding(FindingType.GEOMETRY_MISSING, 5, "PL.PZGiK.1")], layer(PIPE))
    assert (one.row, one.key) == (5, "***")
