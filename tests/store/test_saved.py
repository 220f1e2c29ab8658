import json

import pytest

from gis_sites.errors import NotFound
from gis_sites.store import saved
from gis_sites.store.connect import Store
from tests.store.support import state

REQUIREMENT = {"want": {"power.mv_distance_m": {"at": [0, 800]}, "a": {"weight": 0.1}}, "format": 1}
ID = "0123456789abcdef" * 4


def test_the_note_of_a_publisher(store: Store) -> None:
    with store.begin() as conn:
        assert saved.note(conn, "Miasto") is None
        saved.save_note(conn, "Miasto", {"crs": "EPSG:2177", "column": {"b": "x", "a": "y"}})
        saved.save_note(conn, "Powiat", {})
        saved.save_note(conn, "Miasto", {"column": {"b": "x", "a": "z"}})
        note = saved.note(conn, "Miasto")
    assert note is not None
    assert json.dumps(note) == '{"column": {"b": "x", "a": "z"}}'


def test_a_shortlist_keeps_the_order_of_its_wants(store: Store) -> None:
    held = state(store)
    with store.begin() as conn:
        saved.save_shortlist(conn, ID, state=held.id, requirement=REQUIREMENT, result={"b": 71.2, "a": None})
        saved.save_shortlist(conn, ID, state=held.id, requirement={}, result={})
        saved.save_shortlist(conn, "f" * 64, state=held.id, requirement={}, result={})
        found = saved.shortlist(conn, ID)
        assert saved.shortlist(conn, ID[:12]) == found
        assert saved.shortlist(conn, "f" * 64).id == "f" * 64
    assert json.dumps(found.requirement) == json.dumps(REQUIREMENT)
    assert json.dumps(found.result) == '{"b": 71.2, "a": null}'
    assert found.state == held.id


@pytest.mark.parametrize("asked", ["x", ID[:11], "%" * 12, "_" * 12, ""])
def test_no_such_shortlist(store: Store, asked: str) -> None:
    held = state(store)
    with store.begin() as conn:
        saved.save_shortlist(conn, ID, state=held.id, requirement={}, result={})
        with pytest.raises(NotFound, match="first 12"):
            saved.shortlist(conn, asked)


def test_a_beginning_that_several_share_is_not_enough(store: Store) -> None:
    held = state(store)
    with store.begin() as conn:
        for last in "01":
            saved.save_shortlist(conn, ID[:-1] + last, state=held.id, requirement={}, result={})
        with pytest.raises(NotFound, match=ID[:20]):
            saved.shortlist(conn, ID[:20])
        assert saved.shortlist(conn, ID[:-1] + "1").id.endswith("1")
