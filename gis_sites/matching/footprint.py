"""Whether buildings find room on a site: rectangles at any angle within its net polygon, where plans allow them.

Sites are judged in the order of what it costs: by attributes alone, by the area, circle and rectangle of their
ground, by a search. Ground that may be lost, and zones whose limits nobody knows, make a yes an unknown.
"""

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from functools import partial
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from gis_sites.columns import Column, Flags, Floats, Labels, Range, Rows
from gis_sites.errors import RequirementError
from gis_sites.matching import score
from gis_sites.matching.bigger import Footprint
from gis_sites.matching.fit import TOLERANCE_M
from gis_sites.matching.placing import How
from gis_sites.matching.requirement import FOOTPRINT, Requirement
from gis_sites.matching.score import Verdicts
from gis_sites.matching.verdicts import Window
from gis_sites.profile.land import Ground, Place
from gis_sites.profile.stored_land import Land

Answer = dict[str, Any]
"""What was found out about a site: `verdict`, `how`, `why`, `shapes` (WKB, hexadecimal), `limits`."""
METHOD = 3
"""Raised with every change of how a place is looked for: answers of another method are not remembered."""
FLUSH = 5_000
"""After how many sites what was found out is kept: whoever breaks off loses no more."""
VERDICTS = {"met": score.MET, "failed": score.FAILED, "unknown": score.UNKNOWN}
NEEDED = ("parcel.net_area_m2", "parcel.inscribed_circle_m", "parcel.measured_area_m2", "parcel.area_m2")
HOWS = get_args(How)
DECIDED_BY = f"{FOOTPRINT}#decided_by"
"""What decided of each row, beside the verdicts."""
Others = Callable[[Requirement, Window], Mapping[str, Verdicts]]


def verdicts_of(requirement: Requirement, window: Window, others: Others) -> Verdicts:
    """Judge the footprint on every row that fails no other must; of the rest a no that costs nothing, else unknown.

    Raises:
        RequirementError: the ground of more sites would have to be looked at than may be.
    """
    footprint = requirement.footprint
    assert footprint is not None
    if FOOTPRINT not in window.cache and isinstance(window.rows, np.ndarray):
        return _strict(footprint, np.array([VERDICTS[one["verdict"]] for one in answers(footprint, window)], np.int8))
    if FOOTPRINT not in window.cache:
        whole = Window(window.view, window.catalogue, None, window.cache)
        window.cache[FOOTPRINT] = Flags(_judged(requirement, whole, others))
    column = window.column(FOOTPRINT)
    assert isinstance(column, Flags)
    return _strict(footprint, np.array([score.FAILED, score.MET, score.UNKNOWN], dtype=np.int8)[column.values])


def _strict(footprint: Footprint, verdicts: Verdicts) -> Verdicts:
    if footprint.unknown == "failed":
        return np.where(verdicts == score.UNKNOWN, np.int8(score.FAILED), verdicts)
    return verdicts


def _judged(requirement: Requirement, window: Window, others: Others) -> npt.NDArray[np.int8]:
    """Return 0, 1 or -1 for every row of a view."""
    footprint = requirement.footprint
    assert footprint is not None
    values = np.where(too_small(footprint, window), 0, -1).astype(np.int8)
    alive = values < 0
    for verdicts in others(requirement, window).values():
        alive &= verdicts != score.FAILED
    rows = np.flatnonzero(alive)
    flags = {"met": 1, "failed": 0, "unknown": -1}
    told = answers(footprint, window.at(rows))
    values[rows] = [flags[one["verdict"]] for one in told]
    how = np.full(len(values), -1, dtype=np.int32)
    how[rows] = [HOWS.index(one["how"]) for one in told]
    window.cache[DECIDED_BY] = Labels(how, HOWS)
    return values


def summary(windows: Sequence[Window]) -> dict[str, Any]:
    """Say how many rows of all views were judged, by what, and how much shorter than asked for a side may be."""
    columns = [window.cache[DECIDED_BY] for window in windows if DECIDED_BY in window.cache]
    codes = [column.codes[column.codes >= 0] for column in columns if isinstance(column, Labels)]
    counts = np.bincount(np.concatenate([*codes, np.empty(0, dtype=np.int32)]), minlength=len(HOWS)).tolist()
    decided = {how: count for how, count in zip(HOWS, counts, strict=True) if count}
    return {"judged": sum(counts), "decided_by": decided, "tolerance_m": TOLERANCE_M}


def too_small(footprint: Footprint, window: Window) -> npt.NDArray[np.bool_]:
    """Tell which rows surely have no room, by their attributes alone.

    A rectangle and the strip around it take L W + 2 s (L + W) + pi s2 of the net area, and a circle of W + 2 s fits
    into them. The circle that is known is at most the larger of 5 cm and 1 % of area by perimeter too small in
    radius (`profile.shape`), and no area has a lesser perimeter than a circle's.
    """
    long, short, strip = footprint.length_m, footprint.width_m, footprint.setback_m
    one = long * short + 2 * strip * (long + short) + math.pi * strip**2
    net, circle, area = (_high(name, window) for name in NEEDED[:3])
    with np.errstate(invalid="ignore"):
        small = net < max(footprint.count * long * short, one) * (1 - 1e-6)
        slack = np.maximum(0.05, 0.01 * np.sqrt(1.001 * area / (4 * math.pi)))
        narrow = circle + 2 * slack < min(long, short) + 2 * strip
    return np.asarray((small | narrow) & ~np.isnan(area), dtype=bool)


def _high(name: str, window: Window) -> Floats:
    """Return the high end of an attribute, not a number where it is unknown."""
    column = _column(name, window)
    return column.high if isinstance(column, Range) else np.full(len(window), np.nan)


def _column(name: str, window: Window) -> Column | None:
    return window.column(name) if name in window.catalogue.attributes else None


def answers(footprint: Footprint, window: Window) -> list[Answer]:
    """Find out about the rows of a window, all of them, whatever other musts say of them.

    Raises:
        RequirementError: the ground of more sites would have to be looked at than may be.
    """
    view, rows = window.view, window.numbers()
    land: Land | None = getattr(view, "land", None)
    small = too_small(footprint, window)
    undrawn = np.isnan(_high("parcel.measured_area_m2", window)) if land else np.ones(len(rows), dtype=bool)
    found = [_columns_say(*pair) for pair in zip(small.tolist(), undrawn.tolist(), strict=True)]
    open_ = [at for at, one in enumerate(found) if one is None]
    if open_ and land:
        places = np.array(open_, dtype=np.intp)
        ids = [view.id(int(row)) for row in rows[places]]
        told = _told(footprint, land, view.kind, dict(zip(ids, _known(window, places), strict=True)))
        for at, one in zip(open_, ids, strict=True):
            found[at] = told.get(one) or _columns_say(False, True)
    return [one for one in found if one is not None]


def _columns_say(small: bool, undrawn: bool) -> Answer | None:
    if small:
        return {"verdict": "failed", "how": "columns", "why": "ground", "shapes": None, "limits": []}
    nothing: Answer = {"verdict": "unknown", "how": "nothing_known", "why": "undrawn", "shapes": None, "limits": []}
    return nothing if undrawn else None


def _known(window: Window, places: Rows) -> Iterator[tuple[float, bool]]:
    """Yield the area that shares of a plan are of, and whether anything is known of the net area."""
    area, net = (_high(name, window)[places].tolist() for name in ("parcel.area_m2", "parcel.net_area_m2"))
    yield from ((one, not math.isnan(other)) for one, other in zip(area, net, strict=True))


def _told(footprint: Footprint, land: Land, kind: str, sites: Mapping[str, tuple[float, bool]]) -> dict[str, Answer]:
    question = question_of(footprint)
    found = land.answers(kind, question, list(sites))
    missing = [one for one in sites if one not in found]
    if land.most is not None and len(missing) > land.most:
        raise RequirementError("match.footprint_too_many", count=len(missing), most=land.most)
    if not missing:
        return found
    fresh: dict[str, Answer] = {}
    grounds: list[Ground] = []
    with land.workers(len(missing)) as executor:
        work = partial(look, footprint, {one: sites[one] for one in missing})
        for ground, told in _mapped(work, land.places(kind, missing), executor):
            grounds.append(ground)
            fresh |= told
            if len(fresh) >= FLUSH:
                found |= _kept(land, kind, question, (grounds, fresh))
                grounds, fresh = [], {}
    return found | _kept(land, kind, question, (grounds, fresh))


def _kept(land: Land, kind: str, question: str, what: tuple[list[Ground], dict[str, Answer]]) -> dict[str, Answer]:
    land.keep(kind, what[0])
    land.answered(kind, question, what[1])
    return what[1]


def question_of(footprint: Footprint) -> str:
    """Return what an answer depends on, of a footprint."""
    ends = (footprint.length_m, footprint.width_m)
    rest = (footprint.height_m, footprint.setback_m, footprint.count, footprint.apart_m)
    return repr((METHOD, max(ends), min(ends), *rest))


def look(
    footprint: Footprint, sites: Mapping[str, tuple[float, bool]], place: Place
) -> tuple[Ground, dict[str, Answer]]:
    """Tell the ground of a place, and find out whether the footprint fits; another process may do it."""
    from gis_sites.matching.standing import stand

    ground = place.ground()
    return ground, dict(zip(ground.ids, stand(footprint, ground, [sites[one] for one in ground.ids]), strict=True))


Told = tuple[Ground, dict[str, Answer]]


def _mapped(work: Callable[[Place], Told], places: Iterator[Place], executor: Executor | None) -> Iterator[Told]:
    """Look at places in order, with no more than some of them on their way."""
    if executor is None:
        yield from map(work, places)
        return
    waiting: deque[Future[Told]] = deque()
    for place in places:
        waiting.append(executor.submit(work, place))
        if len(waiting) > 4:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()
