"""Connected sets: each grown once, none missing."""

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_sites.matching.connected import Graph, going_on, is_connected, seeds

EDGES = st.lists(st.sampled_from(list(combinations(range(8), 2))), max_size=16, unique=True)


def graph_of(edges: list[tuple[int, int]]) -> Graph:
    first, second = (np.array([edge[end] for edge in edges], dtype=np.intp) for end in (0, 1))
    return Graph.of(8, first, second, np.arange(1.0, len(edges) + 1))


@settings(max_examples=150, deadline=None)
@given(EDGES, st.integers(2, 5), st.integers(1, 8))
def test_every_connected_set_is_grown_once(edges: list[tuple[int, int]], most: int, stretch: int) -> None:
    graph = graph_of(edges)
    found = []
    for first in range(0, 8, stretch):
        growing = seeds(graph, first, min(first + stretch, 8))
        for _ in range(2, most + 1):
            grown = growing.grown()
            found += [tuple(sorted(row)) for row in grown.tolist()]
            growing = going_on(graph, growing, np.arange(len(grown)))
    wanted = [some for size in range(2, most + 1) for some in combinations(range(8), size)
              if is_connected(graph, list(some))]  # fmt: skip
    assert sorted(found) == sorted(wanted)


@given(EDGES, st.lists(st.booleans(), min_size=8, max_size=8))
def test_a_part_of_a_graph_keeps_its_borders(edges: list[tuple[int, int]], keep: list[bool]) -> None:
    part = graph_of(edges).only(np.array(keep))
    one = np.repeat(np.arange(len(part)), part.degree)
    told = zip(part.rows[one].tolist(), part.rows[part.other].tolist(), part.shared.tolist(), strict=True)
    wanted = {(a, b, length + 1.0) for length, (a, b) in enumerate(edges) if keep[a] and keep[b]}
    assert {(a, b, length) for a, b, length in told if a < b} == wanted


def test_the_border_inside_a_set_is_that_of_all_its_pairs() -> None:
    graph = graph_of([(0, 1), (1, 2), (0, 2), (2, 3)])
    assert graph.inner(np.array([[0, 1, 2], [3, 2, 0], [0, 1, 3]])).tolist() == [6.0, 7.0, 1.0]
