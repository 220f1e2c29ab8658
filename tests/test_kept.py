"""What is kept is what was asked for last, as much of it as fits; held against a list in the order of asking."""

from hypothesis import given
from hypothesis import strategies as st

from gis_sites.kept import Kept

ROOM = 10
Deeds = list[tuple[str, int]]


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, ROOM + 2))))
def test_what_was_not_asked_for_longest_goes_first(deeds: Deeds) -> None:
    kept: Kept[str, int] = Kept(ROOM, size=lambda value: value)
    naive: Deeds = []
    for key, value in deeds:
        before = next((pair for pair in naive if pair[0] == key), None)
        assert kept.get(key) == (before[1] if before else None)
        kept.put(key, value)
        naive = [*(pair for pair in naive if pair[0] != key), (key, value)]
        while sum(size for _, size in naive) > ROOM:
            naive.pop(0)
        assert len(kept) == len(naive)
    # Who asks leaves the order as it was when he asks for all of it in that order.
    assert [(key, kept.get(key)) for key, _ in naive] == naive
