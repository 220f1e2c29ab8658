"""The net area: what is left of a site when every step has taken its land, each square metre once.

The high end has lost what is surely lost, the low end what may be: around rows whose cells leave it open, and where
nobody knows of any rows. Areas are planar, of the drawn site, as shares are.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

from gis_sites.catalogue import Attribute
from gis_sites.columns import Floats, Range, Rows
from gis_sites.layer import NetStep
from gis_sites.profile.communes import NO_COMMUNE, communes, held_somewhere
from gis_sites.profile.features import Mask, Shapes
from gis_sites.profile.net_lists import answerable, own_lists
from gis_sites.profile.net_zones import ROUND, all_drawn, row_numbers
from gis_sites.profile.pieces import Pieces, areal, overlaps, unions
from gis_sites.profile.proximity import MICROMETRES
from gis_sites.profile.scene import Scene
from gis_sites.profile.sites import PARCEL


@dataclass(frozen=True, eq=False)
class Waterfall:
    """What each step takes of each site and leaves of it: float64[sites, steps] each, square metres.

    `takes` are the areas of the step's own land on the site, whatever was taken before; `leaves` what is left when
    it and all before it are gone. Two ends each: the low end of what is left goes with the high end of what is taken.
    `unknown` are pairs of a site and a zone where nobody knows of any rows; `unplaced` is what each step takes at
    most of land that only a list tells of, nobody knows where (`net_lists`). `shape` is what is not surely lost,
    `sure_shape` what is left whatever is unknown.
    """

    steps: tuple[NetStep, ...]
    takes: tuple[Floats, Floats]
    leaves: tuple[Floats, Floats]
    unknown: tuple[Rows, Rows]
    unplaced: Floats
    shape: Shapes
    sure_shape: Shapes

    @property
    def net(self) -> Range:
        """The net area of each site: the last step's."""
        return Range(self.leaves[0][:, -1], self.leaves[1][:, -1])


@dataclass(frozen=True, eq=False)
class _Track:
    """One end of the waterfall."""

    takes: Floats
    leaves: Floats
    shape: Shapes


def net_area(scene: Scene, attribute: Attribute) -> Range:
    """Measure what the steps of the layer file leave of a site: m2; without steps nobody knows."""
    return waterfall(scene).net if scene.layer.net else Range.unknown(len(scene))


def waterfall(scene: Scene) -> Waterfall:
    """Take from each site of a scene of zones (`net_zones.zones`) what the steps of its layer say."""
    features, steps = scene.features, scene.layer.net
    pieces = overlaps(scene.sites, all_drawn(held_somewhere(features, scene.sites.members)))
    here, maybe_here = _where_it_holds(scene, pieces)
    flags = {name: _flags(features.table, name)[pieces.row] for name in ("sure", "may", "unknown")}
    lists = own_lists(scene, pieces, maybe_here)
    sure, may = flags["sure"] & here, flags["may"] & maybe_here & ~lists.answered
    every = np.arange(len(scene), dtype=np.intp)
    high = _track(scene, every, pieces.some(sure), _setbacks(scene, "sure_m"))
    low = _Track(high.takes.copy(), high.leaves.copy(), high.shape.copy())
    setbacks = _setbacks(scene, "may_m")
    # Most sites know what they lose: there both ends are one.
    doubtful = every if setbacks != _setbacks(scene, "sure_m") else np.unique(pieces.site[may != sure])
    if len(doubtful):
        worst = _track(scene, doubtful, pieces.some(may), setbacks)
        low.takes[doubtful], low.leaves[doubtful] = worst.takes, np.minimum(worst.leaves, high.leaves[doubtful])
        low.shape[doubtful] = worst.shape
    lost = flags["unknown"] & (may | lists.left_open)
    left = Waterfall(
        steps,
        (high.takes, low.takes),
        (low.leaves, high.leaves),
        (pieces.site[lost], pieces.row[lost]),
        np.zeros_like(high.takes),
        high.shape,
        low.shape,
    )
    return lists.taken(left, scene.sites.area)


def lost_at_least(scene: Scene) -> tuple[Shapes, Shapes]:
    """Return what of each site is lost to rows near it for sure, and at worst; its own boundary and list aside.

    At worst more may be lost, where nobody knows of rows and lists are asked. A site loses no less of a part of it than
    that part loses by itself, where both are in one commune.
    """
    pieces = overlaps(scene.sites, all_drawn(held_somewhere(scene.features, scene.sites.members)))
    here, _ = _where_it_holds(scene, pieces)
    sure, may = (_flags(scene.features.table, name)[pieces.row] & here for name in ("sure", "may"))
    return _united(scene, pieces.some(sure)), _united(scene, pieces.some(may & ~answerable(scene)[pieces.row]))


def _united(scene: Scene, pieces: Pieces) -> Shapes:
    whole: Shapes = np.full(len(scene), shapely.Polygon(), dtype=object)
    some, taken = unions(pieces.site, areal(pieces.shape))
    whole[some] = areal(taken)
    return whole


def _track(scene: Scene, sites: Rows, pieces: Pieces, setbacks: dict[int, float]) -> _Track:
    """Let every step take its land from some sites, one after the other."""
    whole = scene.sites.geometry[sites]
    left, whole_area = whole.copy(), np.asarray(shapely.area(whole))
    area = whole_area
    takes, leaves = np.zeros((len(sites), len(scene.layer.net))), np.empty((len(sites), len(scene.layer.net)))
    place = np.full(len(scene), -1, dtype=np.intp)
    place[sites] = np.arange(len(sites))
    step = row_numbers(scene.features, "step")[pieces.row]
    for number in range(len(scene.layer.net)):
        mine = (step == number) & (place[pieces.site] >= 0)
        some, taken = unions(place[pieces.site[mine]], areal(pieces.shape[mine]))
        takes[some, number] = shapely.area(taken)
        left[some] = areal(shapely.difference(left[some], taken))
        if by := setbacks.get(number, 0.0):
            inner: Shapes = shapely.buffer(whole, -by, quad_segs=ROUND)
            left = _kept(left, whole, inner)
            inner[some] = areal(shapely.difference(inner[some], taken))
            takes[:, number] = whole_area - shapely.area(inner)
            some = np.arange(len(sites), dtype=np.intp)
        area = area.copy()
        area[some] = np.minimum(area[some], shapely.area(left[some]))
        leaves[:, number] = area
    return _Track(np.round(takes, MICROMETRES), np.round(leaves, MICROMETRES), left)


def _kept(left: Shapes, whole: Shapes, inner: Shapes) -> Shapes:
    """Return what of some shapes lies within others; a shape that is whole yet leaves all of the other."""
    kept = inner.copy()
    cut = left != whole
    kept[cut] = areal(shapely.intersection(left[cut], inner[cut]))
    return kept


def _setbacks(scene: Scene, end: str) -> dict[int, float]:
    """Return how far the sites' own boundaries are kept clear, by step: m."""
    table = scene.features.table
    if "layer" not in table.column_names:
        return {}
    own = np.flatnonzero(np.array([one == PARCEL for one in table.column("layer").to_pylist()], dtype=bool))
    step, width = row_numbers(scene.features, "step"), table.column(end).to_numpy()
    return {int(step[row]): float(width[row]) for row in own if width[row] > 0}


def _where_it_holds(scene: Scene, pieces: Pieces) -> tuple[Mask, Mask]:
    """Tell of each piece whether its rule surely, and whether it maybe, holds in the site's commune."""
    holds = scene.features.table.column("communes").to_numpy() if len(scene.features) else np.empty(0, dtype=object)
    bound = np.array([one != "" for one in holds], dtype=bool)[pieces.row]
    sure = ~bound
    maybe = sure.copy()
    at = np.flatnonzero(bound)
    if len(at):
        kinds = communes(scene.sites.members)
        told = [(kinds[site], holds[row]) for site, row in zip(pieces.site[at], pieces.row[at], strict=True)]
        sure[at] = [kind in where for kind, where in told]
        maybe[at] = [kind in where or kind == NO_COMMUNE for kind, where in told]
    return sure, maybe


def _flags(table: pa.Table, name: str) -> npt.NDArray[np.bool_]:
    return np.asarray(table.column(name).to_numpy(), dtype=bool)
