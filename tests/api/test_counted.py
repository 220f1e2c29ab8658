"""Counts that are kept belong to the state that is asked, whatever is published meanwhile."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from api import counted
from api.filters import Filters


def test_a_state_that_went_while_it_was_counted_leaves_no_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    former, newer = (SimpleNamespace(kind="parcels") for _ in range(2))
    meanwhile: list[Callable[[], Any]] = []

    def count(judge: Any, _: Any, asked: Filters) -> Any:
        for one in meanwhile:
            one()
        return {"of": judge.view}

    monkeypatch.setattr(counted, "Judge", lambda view, _: SimpleNamespace(view=view))
    monkeypatch.setattr(counted, "_counts", count)
    judges: Any = counted.Judges()
    filters = Filters(kind="parcels")

    meanwhile.append(lambda: judges.of(newer, None))
    assert judges.counts(former, None, filters) == {"of": former}
    meanwhile.clear()
    assert judges.counts(newer, None, filters) == {"of": newer}
    monkeypatch.delattr(counted, "_counts")
    assert judges.counts(newer, None, filters) == {"of": newer}
