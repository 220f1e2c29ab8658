"""Measures of what covers a site: shares, classes, limits, lines that cross.

Shares are of the drawn area; what belongs together is united first; an overlap of under 1 m2 is touching, 0; within
1e-6 of 0 or 1 a share is 0 or 1. Where the coverage ends, a share is a range.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gis_sites.catalogue import UNDECIDED, Attribute, Grade, Where
from gis_sites.columns import NONE, Column, Flags, Floats, Labels, Range, Rows
from gis_sites.profile.coverage import TOUCH_M2
from gis_sites.profile.features import Mask
from gis_sites.profile.pieces import Pieces, covered, united
from gis_sites.profile.scene import Scene
from gis_sites.profile.selection import NOBODY_KNOWS, NOT_THERE, encoded, numbers, picked, texts

DIGITS = 9
"""Decimals of a share: farther digits are noise of the arithmetic, and would tell 0.3 from 0.3."""
SNAP = 1e-6
"""Shares as near as this to 0 or 1 are 0 or 1."""


def share(part: Floats, whole: Floats) -> Floats:
    """Return parts of areas: float64[n] in 0..1; under 1 m2 is 0, all but all is 1.

    >>> share(np.array([0.5, 50.0, 99.99999, 0.25]), np.array([100.0, 100.0, 100.0, 0.25])).tolist()
    [0.0, 0.5, 1.0, 1.0]
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.asarray(part / whole, dtype=np.float64)
    value[(part < TOUCH_M2) & (value < 1 - SNAP)] = 0.0
    return snapped(value)


def snapped(shares: Floats) -> Floats:
    """Return shares without the noise of the arithmetic, nothing and all where they are next to it."""
    near: Floats = np.where(shares <= SNAP, 0.0, np.where(shares >= 1 - SNAP, 1.0, shares))
    return np.round(near, DIGITS)


def shares(scene: Scene, low: Floats, high: Floats) -> Range:
    """Make shares of the areas surely and possibly covered; what lies outside the coverage is possible besides.

    A share of which nothing is known (0..1) is unknown.
    """
    area = scene.sites.area
    least, most = share(low, area), share(high, area)
    outside = scene.known.outside
    most = np.where(outside > 0, share(np.minimum(most * area + outside, area), area), most)
    most = np.maximum(least, most)
    nothing = (least == 0) & (most == 1)
    return Range(np.where(nothing, np.nan, least), np.where(nothing, np.nan, most))


def share_covered(scene: Scene, attribute: Attribute) -> Range:
    """Measure the share of a site that the rows of a `where` cover together."""
    return _share_where(scene, attribute.spec.where)


def _share_where(scene: Scene, where: Where) -> Range:
    sure, maybe = scene.chosen(where)
    pieces = scene.pieces
    low = covered(pieces, sure[pieces.row], len(scene))
    high = low if np.array_equal(sure, maybe) else covered(pieces, maybe[pieces.row], len(scene))
    return shares(scene, low, high)


def share_by_class(scene: Scene, attribute: Attribute) -> Range:
    """Measure the share of a site where a use is allowed: low surely, high as far as anybody can tell.

    The class `undecided` is the share where some use hangs on the wording or the symbol is unknown.
    """
    yes, text = uses(scene, attribute)
    low, high = np.full(len(scene), np.inf), np.zeros(len(scene))
    for rows in scene.chosen(attribute.spec.where):
        pieces = scene.arranged(rows)
        low = np.minimum(low, covered(pieces, yes[pieces.row], len(scene)))
        high = np.maximum(high, covered(pieces, (yes | text)[pieces.row], len(scene)))
    return shares(scene, low, high)


def uses(scene: Scene, attribute: Attribute) -> tuple[Mask, Mask]:
    """Return which rows surely allow the attribute's class, and for which only the wording can say.

    Of several fields one that says yes is enough. An unknown symbol could allow anything; an empty cell allows
    nothing where its field's empty cells mean none, else it could allow anything.
    """
    table, wanted = scene.features.table, attribute.spec.class_ or ""
    yes, text = np.zeros(len(scene.features), dtype=bool), np.zeros(len(scene.features), dtype=bool)
    for name in attribute.spec.fields:
        sure, unsure = texts(table, f"{name}_yes"), texts(table, f"{name}_text")
        printed = texts(table, name)
        silent = np.array([one is None for one in printed], dtype=bool) & (scene.layer.fields[name].empty == "none")
        lost = np.array([a is None and b is None for a, b in zip(sure, unsure, strict=True)], dtype=bool) & ~silent
        if wanted == UNDECIDED:
            yes |= lost | np.array([bool(words) for words in unsure], dtype=bool)
            continue
        yes |= _among(wanted, sure)
        text |= lost | _among(wanted, unsure)
    return yes, text & ~yes


def _among(word: str, cells: npt.NDArray[np.object_]) -> Mask:
    return np.array([cell is not None and word in cell.split() for cell in cells], dtype=bool)


def share_grade(scene: Scene, attribute: Attribute) -> Labels:
    """Give the code of the first grade whose share is reached; unknown where a share leaves it open."""
    words = tuple(dict.fromkeys([*(grade.code for grade in attribute.spec.grades), NONE]))
    codes = np.full(len(scene), words.index(NONE), dtype=np.int32)
    open_ = np.ones(len(scene), dtype=bool)
    for grade in attribute.spec.grades:
        least, most = _ends(_share_where(scene, grade.where))
        surely, never = _reached(grade, least), ~_reached(grade, most)
        codes[open_ & surely] = words.index(grade.code)
        codes[open_ & ~surely & ~never] = -1
        open_ &= never
    return Labels(codes, words)


def _ends(value: Range) -> tuple[Floats, Floats]:
    unknown = np.isnan(value.low)
    return np.where(unknown, 0.0, value.low), np.where(unknown, 1.0, value.high)


def _reached(grade: Grade, value: Floats) -> Mask:
    if grade.above_share is not None:
        return np.asarray(value > grade.above_share, dtype=bool)
    return np.asarray(value >= (grade.min_share or 0.0), dtype=bool)


def doubt(scene: Scene, where: Where) -> Floats:
    """Return the area of each site of which nobody knows what covers it: float64[n], square metres.

    It lies outside the coverage, or under rows that may match a `where` and may not.
    """
    sure, maybe = scene.chosen(where)
    area = covered(scene.pieces, (maybe & ~sure)[scene.pieces.row], len(scene))
    return np.where(area < TOUCH_M2, 0.0, area) + scene.known.outside


def largest_class(scene: Scene, attribute: Attribute) -> Column:
    """Give the value that covers most of a site, or with `pick = "highest"` the highest one there is.

    Only values on at least `min_share` (and 1 m2) count; of two just as large the first by alphabet or size is
    given. Unknown where an empty cell or the end of the coverage could turn the answer; none where nothing covers
    that much.
    """
    table, spec = scene.features.table, attribute.spec
    label, rank, ceiling = labels(scene, attribute)
    pieces = scene.arranged(scene.chosen(spec.where)[0])
    told = label[pieces.row] >= 0
    found = _Classes(*united(pieces.some(told), label[pieces.row[told]]))
    dark = doubt(scene, spec.where) + _empty(scene, attribute, pieces, label)
    bar = np.maximum(spec.min_share * scene.sites.area * (1 - SNAP), TOUCH_M2)
    order = rank[found.name] if spec.pick == "highest" else found.area
    best, top = _best(found, order, found.area >= bar[found.site], len(scene))
    could = found.area + dark[found.site] >= bar[found.site]
    if spec.pick == "highest":
        turned = (dark >= bar) & (top < ceiling)
        turned[found.site[could & (order > top[found.site])]] = True
    else:
        # The doubtful area may all belong to one rival: a value nobody knows of, or one that is known here.
        least = top - SNAP * scene.sites.area
        turned = (dark >= bar) & (dark >= least)
        rival = could & (found.name != best[found.site]) & (found.area + dark[found.site] >= least[found.site])
        turned[found.site[rival]] = True
    turned &= dark > 0
    rows = np.where(turned, NOBODY_KNOWS, np.where(best >= 0, first_rows(label)[best], NOT_THERE))
    return picked(attribute, table, rows)


class _Classes(NamedTuple):
    """How much of a site a value covers: sites rise, then values."""

    site: Rows
    name: Rows
    area: Floats


def labels(scene: Scene, attribute: Attribute) -> tuple[Rows, Floats, float]:
    """Number the values of a field in their own order, empty cells -1.

    Returns:
        the number of each row's value, the rank of each value, and the highest rank there can be.
    """
    assert attribute.field is not None
    table, name = scene.features.table, attribute.spec.fields[0]
    if attribute.field.type in {"number", "date"}:
        values = numbers(table, name)
        ranks, code = np.unique(values, return_inverse=True)
        return np.where(np.isnan(values), -1, code).astype(np.intp), ranks, np.inf
    code, names = encoded(table, name)
    order = {word: place for place, word in enumerate(attribute.field.allowed)}
    ceiling = float(len(order) - 1) if order else np.inf
    return code, np.array([order.get(word, -1) for word in names], dtype=np.float64), ceiling


def _empty(scene: Scene, attribute: Attribute, pieces: Pieces, label: Rows) -> Floats:
    """Return the area under rows whose cell is empty where empty means unknown."""
    assert attribute.field is not None
    area = covered(pieces, label[pieces.row] < 0, len(scene))
    return np.where((area < TOUCH_M2) | (attribute.field.empty == "none"), 0.0, area)


def _best(found: _Classes, order: Floats, counts: Mask, n: int) -> tuple[Rows, Floats]:
    """Return the value of the highest order at each site, -1 where none counts, and that order."""
    site, name, order = found.site[counts], found.name[counts], order[counts]
    best, top = np.full(n, -1, dtype=np.intp), np.full(n, -np.inf)
    np.maximum.at(top, site, order)
    winners = np.flatnonzero(order == top[site])[::-1]
    best[site[winners]] = name[winners]
    return best, top


def first_rows(label: Rows) -> Rows:
    """Return the first row of each label, and as the last entry `NOBODY_KNOWS`.

    >>> first_rows(np.array([1, 0, 1, -1])).tolist()
    [1, 0, -1]
    """
    first = np.full(int(label.max(initial=-1)) + 2, NOBODY_KNOWS, dtype=np.intp)
    first[label[::-1]] = np.arange(len(label))[::-1]
    first[-1] = NOBODY_KNOWS
    return first


def extreme_covering(scene: Scene, attribute: Attribute) -> Range:
    """Give the range from the most to the least restrictive limit among zones that cover at least `min_share`.

    Rows of one limit are united first. No such zone, no limit: none. An empty limit is no limit or unknown, as
    its field says; unknown too where the end of the coverage could hide a zone.
    """
    assert attribute.field is not None
    pieces = scene.arranged(scene.chosen(attribute.spec.where)[0])
    n, area = len(scene), scene.sites.area
    label, limits, _ = labels(scene, attribute)
    empty = len(limits)
    label = np.where(label < 0, empty, label)
    limits = np.append(limits, np.nan)
    limits[np.isnan(limits)] = attribute.none if attribute.field.empty == "none" else np.nan
    site, name, part = united(pieces, label[pieces.row])
    bar = np.maximum(attribute.spec.min_share * area * (1 - SNAP), TOUCH_M2)
    dark = doubt(scene, attribute.spec.where)
    counts = part >= bar[site]
    lost = dark >= bar
    lost[site[~counts & (part + dark[site] >= bar[site]) & (dark[site] > 0)]] = True
    lost[site[counts & np.isnan(limits[name])]] = True
    low, high = np.full(n, np.inf), np.full(n, -np.inf)
    counts &= ~np.isnan(limits[name])
    np.minimum.at(low, site[counts], limits[name[counts]])
    np.maximum.at(high, site[counts], limits[name[counts]])
    free = low > high
    low, high = np.where(free, attribute.none, low), np.where(free, attribute.none, high)
    return Range(np.where(lost, np.nan, low), np.where(lost, np.nan, high))


def crosses(scene: Scene, attribute: Attribute) -> Flags:
    """Tell whether a row comes inside a site: lines and points by at least 1 cm, polygons by at least 1 m2."""
    sure, maybe = (_crossed(scene, rows) for rows in scene.chosen(attribute.spec.where))
    values = np.where(maybe | (scene.known.outside > 0), -1, 0)
    return Flags(np.where(sure, 1, values).astype(np.int8))


def _crossed(scene: Scene, rows: Mask) -> Mask:
    pieces = scene.pieces
    crossed = covered(pieces, rows[pieces.row], len(scene)) >= TOUCH_M2
    site, edge = scene.lines_inside
    mine = rows[scene.features.edge_row[edge]]
    crossed[site[mine]] = True
    return crossed
