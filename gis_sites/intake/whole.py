"""What is wrong with a whole column is one finding, not one a row."""

from collections import Counter
from collections.abc import Iterator

import pyarrow.compute as pc

from gis_sites.findings import Finding, FindingType, mask
from gis_sites.intake.cells import Issue, Read, Words
from gis_sites.intake.loading import Loading

WHOLE = {
    FindingType.PATTERN_MISMATCH: FindingType.COLUMN_UNLIKE,
    FindingType.VALUE_UNREADABLE: FindingType.COLUMN_UNREAD,
    FindingType.CODE_UNKNOWN: FindingType.COLUMN_UNREAD,
}
"""What is said of single cells -> what is said of a column none of whose cells is otherwise."""
MANY = 20
"""Cells without an exception that make a column of it."""
LONGEST = 80
PERCENT = 0.01


class Columns:
    """The columns of one load that are wrong as a whole: counted batch by batch, told at the end."""

    def __init__(self, load: Loading) -> None:
        self.load = load
        self.count: Counter[tuple[FindingType, str]] = Counter()
        self.example: dict[tuple[FindingType, str], Issue] = {}
        self.most: dict[str, float] = {}

    def single(self, name: str, read: Read, found: Words | None) -> Iterator[Issue]:
        """Yield what is to be said of single cells of a field; keep what holds for every cell of the batch."""
        if self.load.fit.factors.get(name) == PERCENT and (most := pc.max(read.values).as_py()) is not None:
            self.most[name] = max(self.most.get(name, 0.0), most)
        wrong = [issue for issue in read.issues if issue.type in WHOLE]
        cells = sum(len(issue.rows) for issue in wrong)
        filled = len(read.values) - read.values.null_count + cells if found is None else int((~found.empty).sum())
        if cells < max(MANY, filled):
            yield from read.issues
            return
        yield from (issue for issue in read.issues if issue.type not in WHOLE)
        for issue in wrong:
            at = WHOLE[issue.type], name
            self.count[at] += len(issue.rows)
            self.example.setdefault(at, issue)

    def tell(self) -> None:
        """Say what was found of whole columns."""
        for (kind, name), count in self.count.items():
            values = {"value": mask(self.example[kind, name].text[:LONGEST]), "count": count}
            self.load.tally.find(Finding(kind, column=self.load.place(name), values=values))
            if kind is FindingType.COLUMN_UNREAD and self.load.fit.factors.get(name) == 1.0:
                self._doubt(name, stated="fraction", other="percent", most=values["value"])
        for name, most in self.most.items():
            if 0 < most <= PERCENT:
                self._doubt(name, stated="percent", other="fraction", most=f"{most / PERCENT:g}")

    def _doubt(self, name: str, **values: object) -> None:
        self.load.tally.find(Finding(FindingType.SCALE_DOUBTFUL, column=self.load.place(name), values=values))
