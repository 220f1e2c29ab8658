"""What a parcel's own list takes from the net area: square metres of which nobody knows where on it they lie.

Where polygons show a part of them, that part is taken there and only the rest is without a place: no square metre is
lost twice. Land without a place makes a range: at best it lies where land is lost already, at worst elsewhere.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis_sites.columns import Floats, Rows
from gis_sites.profile.communes import NO_COMMUNE, communes
from gis_sites.profile.coverage import TOUCH_M2
from gis_sites.profile.features import Mask, Shapes
from gis_sites.profile.net_zones import Group, groups, widths
from gis_sites.profile.pieces import Pieces
from gis_sites.profile.proximity import MICROMETRES
from gis_sites.profile.scene import Scene

if TYPE_CHECKING:
    from gis_sites.profile.net_area import Waterfall


@dataclass(frozen=True, eq=False)
class Lists:
    """What own lists say of some sites (`rows`), step by step: float64[rows, steps], square metres.

    `sure` and `may` are what the items of a step take at least and at most; `rest` is what a list leaves open, where
    nobody knows of polygons either; `slack` float64[rows, 1] what the rounding of a list can make up. `answered` are
    the pieces of nobody's knowledge that the lists answer, `left_open` those of them that they answer in part.
    """

    rows: Rows
    sure: Floats
    may: Floats
    rest: Floats
    slack: Floats
    answered: Mask
    left_open: Mask

    def taken(self, left: "Waterfall", area: Floats) -> "Waterfall":
        """Take from a waterfall of what polygons show what the lists take besides; `area` is that of every site."""
        if not len(self.rows):
            return left
        least, most = (ends[self.rows] for ends in left.takes)
        shown = np.minimum(self.sure, least)
        sure = np.where(self.sure - least > self.slack, self.sure, shown)
        unplaced = np.where(self.may - most > self.slack, self.may - most, 0.0)
        lost = np.cumsum(unplaced, axis=1) + np.maximum.accumulate(self.rest, axis=1)
        whole = area[self.rows][:, None]
        high = np.minimum(left.leaves[1][self.rows], np.maximum(whole - np.cumsum(sure, axis=1), 0.0))
        low = np.minimum(np.maximum(left.leaves[0][self.rows] - lost, 0.0), high)
        takes = np.maximum(least, sure), np.minimum(most + unplaced + self.rest, whole)
        return replace(
            left,
            takes=(self._into(left.takes[0], takes[0]), self._into(left.takes[1], takes[1])),
            leaves=(self._into(left.leaves[0], low), self._into(left.leaves[1], high)),
            unplaced=self._into(left.unplaced, unplaced),
            shape=_gone(left.shape, self.rows[high[:, -1] < TOUCH_M2 * 1e-6]),
            sure_shape=_gone(left.sure_shape, self.rows[lost[:, -1] > 0]),
        )

    def _into(self, values: Floats, fresh: Floats) -> Floats:
        result = values.copy()
        result[self.rows] = np.round(fresh, MICROMETRES)
        return result


def own_lists(scene: Scene, pieces: Pieces, here: Mask) -> Lists:
    """Read what the own lists of a scene's sites say to the steps of its layer.

    `pieces` are of all its zones, `here` those of rules that may hold at the site.
    """
    steps, nothing = len(scene.layer.net), np.zeros(len(pieces.row), dtype=bool)
    if scene.listed is None:
        none = np.zeros((0, steps))
        return Lists(np.empty(0, dtype=np.intp), none, none, none, none, nothing, nothing)
    rows, lists = scene.listed
    place = np.full(len(scene), -1, dtype=np.intp)
    place[rows] = np.arange(len(rows))
    asked = _listed(scene)
    area = _areas(lists, asked, communes([scene.sites.members[row] for row in rows.tolist()]), steps)
    open_ = lists.known.outside
    answered = answerable(scene)[pieces.row] & here & (place[pieces.site] >= 0)
    left_open = answered & (open_[place[pieces.site]] > 0)
    rest = np.zeros((len(rows), steps))
    at = place[pieces.site[left_open]], scene.features.table.column("step").to_numpy()[pieces.row[left_open]]
    rest[at] = open_[at[0]]
    slack: Floats = np.bincount(lists.pieces.site, minlength=len(rows))[:, None] * np.float64(TOUCH_M2)
    return Lists(rows, *area, rest, slack, answered, left_open)


def _areas(lists: Scene, asked: list[Group], kinds: list[str], steps: int) -> tuple[Floats, Floats]:
    """Return the areas of the items that rules surely take, and may: float64[sites, steps] each."""
    items, kind = lists.pieces, np.array(kinds)[lists.pieces.site]
    takes = np.zeros((2, steps, len(items.row)), dtype=bool)
    for group in asked:
        holds = np.isin(kind, group.communes) | (not group.communes)
        for end, width in enumerate(widths(lists.layer, lists.features.table, group.rules)):
            takes[end, group.step] |= ~np.isnan(width)[items.row] & (holds | ((end == 1) & (kind == NO_COMMUNE)))
    sure, may = ([np.bincount(items.site, items.area * one, len(kinds)) for one in end] for end in takes)
    return np.stack(sure, axis=1), np.stack(may, axis=1)


def _listed(scene: Scene) -> list[Group]:
    return [group for group in groups(scene.layer.net) if all(rule.listed for rule in group.rules)]


def answerable(scene: Scene) -> Mask:
    """Tell which zones are where nobody knows of rows, and a site's own list may say what it loses."""
    table = scene.features.table
    places = {(group.step, group.layer, "".join(group.communes)) for group in _listed(scene)}
    unknown = np.array(table.column("unknown").to_numpy(), dtype=bool)
    for row in np.flatnonzero(unknown).tolist():
        unknown[row] = tuple(table.column(name)[row].as_py() for name in ("step", "layer", "communes")) in places
    return unknown


def _gone(shapes: Shapes, rows: Rows) -> Shapes:
    result = shapes.copy()
    result[rows] = shapely.Polygon()
    return result
