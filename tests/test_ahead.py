"""Work done one step ahead."""

from collections.abc import Iterator

import pytest

from gis_sites.ahead import ahead


def test_items_come_in_their_order_one_ahead() -> None:
    made: list[int] = []

    def source() -> Iterator[int]:
        for number in range(4):
            made.append(number)
            yield number

    seen = []
    for number in ahead(source()):
        seen.append(number)
        assert number in made
        assert len(made) <= len(seen) + 1
    assert seen == [0, 1, 2, 3]


def test_what_making_raises_is_raised_where_it_is_used() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise KeyError("two")

    found = ahead(source())
    assert next(found) == 1
    with pytest.raises(KeyError, match="two"):
        next(found)


def test_a_source_left_early_is_closed() -> None:
    closed = []

    def source() -> Iterator[int]:
        try:
            yield from range(100)
        finally:
            closed.append(True)

    found = ahead(source())
    assert next(found) == 0
    found.close()  # type: ignore[attr-defined]
    assert closed == [True]
