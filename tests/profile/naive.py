"""Every measure once more, naively: one site against every row of a layer, no index, no cutting, no sharing of work.

Only shapely's own functions, asked for one site and all rows at a time, and the rules of the measures in plain Python.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

from gis_sites.catalogue import Attribute, Where
from tests.profile.naive_lines import segments, within
from tests.profile.naive_themes import Theme, day

Value = tuple[float, float] | str | int | None
"""A low and a high end, a word, or a flag; None and -1 are unknown."""
NAN = (math.nan, math.nan)
STRANGERS = ("", "\uffff")
"""Values nobody knows of: one before every other by alphabet, one behind."""


def share(area: float, whole: float) -> float:
    value = area / whole
    if value >= 1 - 1e-6:
        return 1.0
    return 0.0 if area < 1 or value <= 1e-6 else value


class Naive:
    """One site and one theme."""

    def __init__(self, theme: Theme, site: Any, members: Sequence[str], own: Mapping[str, Any]) -> None:
        self.theme, self.site, self.members, self.own = theme, site, members, own
        self.done: dict[tuple[str, frozenset[int]], Any] = {}
        cover = theme.cover.geometry
        inside = site.area if cover is None or cover.covers(site) else site.intersection(cover).area
        outside = max(site.area - inside, 0.0)
        self.outside = 0.0 if outside < 1 and inside > 0 else outside
        self.horizon = 0.0 if self.outside else math.inf
        if theme.cover.stated and cover is not None:
            self.horizon = site.distance(cover.boundary) if inside >= site.area > 0 else 0.0

    @cached_property
    def distances(self) -> npt.NDArray[np.float64]:
        found = shapely.distance(self.site, self.theme.shapes)
        return np.where(np.isnan(found), np.inf, found)

    @cached_property
    def parts(self) -> dict[int, Any]:
        """What each polygon has of the site."""
        rows = np.flatnonzero((self.theme.dimension == 2) & shapely.intersects(self.site, self.theme.shapes))
        cut = shapely.intersection(self.site, self.theme.shapes[rows])
        return {int(row): part for row, part in zip(rows, cut, strict=True) if part.area > 0}

    def united(self, rows: Iterable[int], parts: Mapping[int, Any] | None = None) -> float:
        if parts is not None:
            return float(shapely.union_all([parts[row] for row in rows if row in parts]).area)
        key = "united", frozenset(self.parts).intersection(rows)
        if key not in self.done:
            self.done[key] = float(shapely.union_all([self.parts[row] for row in sorted(key[1])]).area)
        area: float = self.done[key]
        return area

    def arranged(self, rows: set[int]) -> dict[int, Any]:
        """Return the parts of some rows, the newest on top where the layer says so."""
        key = "arranged", frozenset(self.parts).intersection(rows)
        if key not in self.done:
            self.done[key] = self._arranged({row: part for row, part in self.parts.items() if row in rows})
        found: dict[int, Any] = self.done[key]
        return found

    def _arranged(self, parts: dict[int, Any]) -> dict[int, Any]:
        if self.theme.layer.overlap != "newest":
            return parts
        valid = self.theme.layer.rows.valid
        starts = self.theme.cell(valid.start) if valid else [None] * len(self.theme.shapes)
        left, found = self.site, {}
        for row in sorted(parts, key=lambda row: (starts[row] is None, -(day(starts[row]) or 0), row)):
            found[row] = left.intersection(parts[row])
            left = left.difference(parts[row])
        return found

    def shares(self, low: float, high: float) -> tuple[float, float]:
        area = self.site.area
        least, most = share(low, area), share(high, area)
        if self.outside:
            most = share(min(most * area + self.outside, area), area)
        most = max(least, most)
        return NAN if (least, most) == (0, 1) else (least, most)

    def value(self, attribute: Attribute) -> Value:
        found: Value = getattr(self, attribute.spec.measure)(attribute)
        return found

    # ---- shares ------------------------------------------------------------------------------------------

    def share_covered(self, attribute: Attribute) -> Value:
        sure, maybe = self.theme.fitting(attribute.spec.where)
        return self.shares(self.united(sure), self.united(maybe))

    list_share = share_covered

    def share_by_class(self, attribute: Attribute) -> Value:
        ends = []
        if attribute.name not in self.theme.known:
            self.theme.known[attribute.name] = self.uses(attribute)
        yes, perhaps = self.theme.known[attribute.name]
        for rows in self.theme.fitting(attribute.spec.where):
            parts = self.arranged(rows)
            ends.append((self.united(yes, parts), self.united(yes | perhaps, parts)))
        return self.shares(min(low for low, _ in ends), max(high for _, high in ends))

    def uses(self, attribute: Attribute) -> tuple[set[int], set[int]]:
        yes, perhaps = set(), set()
        for name in attribute.spec.fields:
            rows = zip(*(self.theme.cell(one) for one in (name, f"{name}_yes", f"{name}_text")), strict=True)
            for row, (printed, sure, text) in enumerate(rows):
                lost = sure is None and text is None
                lost &= not (printed is None and self.theme.layer.fields[name].empty == "none")
                if attribute.spec.class_ == "undecided":
                    yes |= {row} if lost or text else set()
                else:
                    yes |= {row} if attribute.spec.class_ in (sure or "").split() else set()
                    perhaps |= {row} if lost or attribute.spec.class_ in (text or "").split() else set()
        return yes, perhaps - yes

    def share_grade(self, attribute: Attribute) -> Value:
        for grade in attribute.spec.grades:
            sure, maybe = self.theme.fitting(grade.where)
            low, high = self.shares(self.united(sure), self.united(maybe))
            low, high = (0.0, 1.0) if math.isnan(low) else (low, high)
            reached = [
                one > grade.above_share if grade.above_share is not None else one >= (grade.min_share or 0.0)
                for one in (low, high)
            ]
            if any(reached):
                return grade.code if all(reached) else None
        return "none"

    def doubt(self, where: Where) -> float:
        sure, maybe = self.theme.fitting(where)
        area = self.united(maybe - sure)
        return (area if area >= 1 else 0.0) + self.outside

    def largest_class(self, attribute: Attribute) -> Value:
        """Let the doubtful area fall to every value in turn: the answers must agree."""
        name = attribute.spec.fields[0]
        cells, field = self.theme.cell(name), self.theme.layer.fields[name]
        parts = self.arranged(self.theme.fitting(attribute.spec.where)[0])
        areas = {
            cell: self.united((row for row in parts if cells[row] == cell), parts)
            for cell in sorted({cells[row] for row in parts if cells[row] is not None})
        }
        empty = self.united((row for row in parts if cells[row] is None), parts)
        dark = self.doubt(attribute.spec.where) + (empty if empty >= 1 and field.empty == "unknown" else 0.0)
        bar = max(attribute.spec.min_share * self.site.area * (1 - 1e-6), 1.0)
        highest = attribute.spec.pick == "highest"
        rivals = [*areas, *(field.allowed if highest else STRANGERS)] if dark else []
        answers = set()
        for lucky in (None, *rivals):
            every = {**({lucky: 0.0} if lucky is not None else {}), **areas}
            every = {cell: area + (dark if cell == lucky else 0.0) for cell, area in every.items()}
            counted = sorted(cell for cell, area in every.items() if area >= bar)
            # What is smaller by a millionth of the site could be just as large.
            just = every | ({lucky: every[lucky] + 1e-6 * self.site.area} if lucky is not None else {})
            rank: Any = field.allowed.index if highest else just.__getitem__
            answers.add(max(counted, key=rank) if counted else "none")
        return str(answers.pop()) if len(answers) == 1 else None

    def extreme_covering(self, attribute: Attribute) -> Value:
        name = attribute.spec.fields[0]
        cells, field = self.theme.cell(name), self.theme.layer.fields[name]
        parts = self.arranged(self.theme.fitting(attribute.spec.where)[0])
        bar = max(attribute.spec.min_share * self.site.area * (1 - 1e-6), 1.0)
        dark = self.doubt(attribute.spec.where)
        limits = []
        for limit in {cells[row] for row in parts}:
            area = self.united((row for row in parts if cells[row] == limit), parts)
            if area >= bar:
                free = attribute.none if field.empty == "none" else math.nan
                limits.append(free if limit is None else day(limit))
            elif dark and area + dark >= bar:
                return NAN
        if dark >= bar or any(math.isnan(one) for one in limits):
            return NAN
        return (min(limits), max(limits)) if limits else (attribute.none, attribute.none)

    def crosses(self, attribute: Attribute) -> Value:
        inner, answers = self.site.buffer(-0.01), []
        for rows in self.theme.fitting(attribute.spec.where):
            order = self.theme.ordered(rows)
            lines = order[(self.theme.dimension[order] >= 0) & (self.theme.dimension[order] < 2)]
            crossed = bool(shapely.intersects(inner, self.theme.shapes[lines]).any())
            answers.append(crossed or self.united(rows) >= 1)
        return 1 if answers[0] else -1 if answers[1] or self.outside else 0

    # ---- distances ---------------------------------------------------------------------------------------

    def near(self, rows: set[int]) -> float:
        return float(self.distances[self.theme.ordered(rows)].min()) if rows else math.inf

    def nearest_distance(self, attribute: Attribute) -> Value:
        sure, maybe = self.theme.fitting(attribute.spec.where)
        reach, high = attribute.spec.reach_m or math.inf, self.near(sure)
        low = min(self.near(maybe), high, self.horizon)
        low, high = (min(low, reach) if math.isfinite(low) else low), (math.inf if high > reach else high)
        return NAN if low == 0 and math.isinf(high) else (low, high)

    def nearest_value(self, attribute: Attribute) -> set[Value]:  # type: ignore[override]
        """Return every answer there can be: rows as near to a billionth of a metre may count as tied or not."""
        return {self._nearest_value(attribute, slack) for slack in (0.0, 1e-9)}

    def _nearest_value(self, attribute: Attribute, slack: float) -> Value:
        sure, maybe = self.theme.fitting(attribute.spec.where)
        distance, reach = self.near(sure), attribute.spec.reach_m or math.inf
        number = attribute.kind in {"number", "date"}
        if min(self.near(maybe), self.horizon) + slack < min(distance, reach):
            return NAN if number else None
        if distance > reach or math.isinf(distance):
            return (attribute.none, attribute.none) if number else "none"
        name, order = attribute.spec.fields[0], self.theme.ordered(sure)
        cells = [self.theme.cell(name)[row] for row in order[self.distances[order] <= distance + slack].tolist()]
        return self.tied(attribute, name, cells)

    def tied(self, attribute: Attribute, name: str, cells: list[Any]) -> Value:
        field, ranks = self.theme.layer.fields[name], self.theme.ranks(name)
        number = attribute.kind in {"number", "date"}
        known = [cell for cell in cells if cell is not None]
        first = attribute.spec.ties == "first"
        sign = -1 if attribute.spec.ties == "lowest" else 1
        best = cells[0] if first else max(known, key=lambda cell: sign * ranks[cell], default=None)
        last = (field.allowed[-1] if sign > 0 else field.allowed[0]) if field.allowed else None
        open_ = not first and field.empty == "unknown" and None in cells and (best is None or best != last)
        if best is None:
            gone = field.empty == "none"
            return ((attribute.none,) * 2 if gone else NAN) if number else ("none" if gone else None)  # type: ignore[return-value]
        if number:
            return (best, math.inf if open_ else best) if sign > 0 else NAN if open_ else (best, best)
        return None if open_ else str(best)

    def frontage(self, attribute: Attribute) -> Value:
        sure, maybe = self.theme.fitting(attribute.spec.where)
        reach = attribute.spec.reach_m or 0.0
        low = self.front(sure, reach)
        high = self.site.length if self.horizon < reach else max(low, self.front(maybe, reach))
        return NAN if self.horizon < reach and low == 0 else (low, high)

    def front(self, rows: set[int], reach: float) -> float:
        order = self.theme.ordered(rows)
        near = order[(self.theme.dimension[order] > 0) & (self.distances[order] <= reach)].tolist()
        lines = [side for row in near for side in segments(self.theme.shapes[row])]
        return sum(within(side, lines, reach) for side in segments(self.site))

    # ---- looked up ---------------------------------------------------------------------------------------

    def own_field(self, attribute: Attribute) -> Value:
        return NAN

    def joined_field(self, attribute: Attribute) -> Value:
        number, nothing = attribute.kind in {"number", "date"}, self.outside > 0
        rows = [row for one in self.members for row in self.theme.named.get(one, [])]
        if attribute.field is None or (not rows and nothing):
            return NAN if number else -1 if attribute.kind == "flag" else None
        if not rows:
            return (attribute.none,) * 2 if number else "none"  # type: ignore[return-value]
        cells = {day(self.theme.cell(attribute.spec.fields[0])[row]) for row in rows}
        if number:
            return NAN if None in cells else (min(cells), max(cells))
        return str(cells.pop()) if len(cells) == 1 and None not in cells else None
