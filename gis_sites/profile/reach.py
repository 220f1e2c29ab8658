"""Which sites some rows of a layer can reach: more, never less."""

import numpy as np
import shapely

from gis_sites.catalogue import Layer, attributes_of
from gis_sites.columns import Floats
from gis_sites.profile.features import Features, Mask, Shapes
from gis_sites.profile.measures import NEAREST
from gis_sites.profile.narrow import Bounds, circles, meeting, wider
from gis_sites.profile.selection import choose, texts
from gis_sites.profile.sites import Sites
from gis_sites.store.lineage import named_in

MARGIN_M = 1e-3
"""How much farther than a bound a row is still taken to reach; stored distances are rounded to a micrometre."""


def reached(layer: Layer, sites: Sites, features: Features, bounds: Bounds) -> Mask:
    """Return the sites that some rows of a layer can reach, whether they came or went."""
    hit = _named(layer, sites, features)
    every = np.ones(len(features), dtype=bool)
    touch = max((one.spec.reach_m or 0.0 for one in attributes_of(layer) if one.spec.measure not in NEAREST), default=0)
    hit |= within(sites, _pieces(features, every), touch)
    for where, bound in bounds:
        _, maybe = choose(layer, features.table, where)
        hit |= within(sites, _pieces(features, maybe), bound)
    return hit


def _named(layer: Layer, sites: Sites, features: Features) -> Mask:
    if not layer.parcels:
        return np.zeros(len(sites), dtype=bool)
    return sites.naming({one for cell in texts(features.table, layer.parcels) for one in named_in(cell)})


def _pieces(features: Features, rows: Mask) -> Shapes:
    pieces: Shapes = np.concatenate([features.faces[rows[features.face_row]], features.edges[rows[features.edge_row]]])
    return pieces


def _perhaps(sites: Sites, pieces: Shapes, bound: Floats | float) -> Mask:
    """Return the drawn sites that may lie no farther from some piece than a bound, found without looking at shapes."""
    boxes = wider(sites.bounds, bound)
    drawn, finite = ~np.isnan(sites.bounds[:, 0]), np.isfinite(boxes).all(axis=1)
    places = np.asarray(shapely.bounds(pieces), dtype=np.float64).reshape(-1, 4)
    drawn[finite] = meeting(boxes[finite], places)
    return drawn


def within(sites: Sites, pieces: Shapes, bound: Floats | float) -> Mask:
    """Return the sites whose circle about their box lies no farther from some piece than a bound, in metres."""
    if not len(pieces):
        return np.zeros(len(sites), dtype=bool)
    near = np.flatnonzero(_perhaps(sites, pieces, bound))
    middles, half = circles(sites.bounds[near])
    index, distance = shapely.STRtree(pieces).query_nearest(
        shapely.points(middles), return_distance=True, all_matches=False
    )
    gap = np.full(len(sites), np.inf)
    gap[near[index[0]]] = distance - half[index[0]]
    return np.asarray((gap <= bound + MARGIN_M) & np.isfinite(gap), dtype=bool)
