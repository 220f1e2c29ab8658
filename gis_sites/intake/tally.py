"""What happened to the rows of one load, counted while it happens; the counts add up or nothing is kept."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gis_sites.findings import EXAMPLES, Finding, FindingType, Severity, mask, summary

Write = Callable[[list[Finding], Mapping[int, bytes]], object]
KINDS = 1_000
"""Different texts that are counted."""
MOST = 10
"""Texts a report shows, the most frequent first."""
FULL = 10_000
"""Findings held before they are written."""
NOTES = 10_000
"""Mere notes of one type that are kept one by one: parcels drawn with heights are as many as the city has."""


@dataclass
class Tally:
    """The count of one load, and its findings on their way to the registry."""

    write: Write
    private: frozenset[str] = frozenset()
    """The columns whose cells are not shown."""
    read: int = 0
    loaded: int = 0
    repaired: int = 0
    rejected: int = 0
    set_aside: Counter[str] = field(default_factory=Counter)
    counts: Counter[FindingType] = field(default_factory=Counter)
    said: dict[FindingType, Counter[str]] = field(default_factory=dict)
    """What stood in the cells of findings that show it: text -> how often."""
    _examples: dict[FindingType, list[Finding]] = field(default_factory=dict)
    _waiting: list[Finding] = field(default_factory=list)
    _places: dict[int, bytes] = field(default_factory=dict)

    def find(self, *findings: Finding) -> None:
        """Take findings in."""
        for finding in findings:
            self.counts[finding.type] += 1
            if "value" in finding.values and finding.column not in self.private:
                said = self.said.setdefault(finding.type, Counter())
                text = mask(str(finding.values["value"]))
                if len(said) < KINDS or text in said:
                    said[text] += 1
            examples = self._examples.setdefault(finding.type, [])
            if len(examples) < EXAMPLES:
                examples.append(finding)
            if finding.type.severity is not Severity.NOTE or self.counts[finding.type] <= NOTES:
                self._waiting.append(finding)

    def place(self, places: Mapping[int, bytes]) -> None:
        """Say where rows with findings are; findings are written when there are many."""
        self._places |= places
        if len(self._waiting) >= FULL:
            self.flush()

    def waiting_rows(self) -> set[int]:
        """Return the rows of which findings are still to be written."""
        return {finding.row for finding in self._waiting if finding.row is not None}

    def close(self) -> None:
        """Write the last findings, and say of which notes not all were kept."""
        for kind, count in list(self.counts.items()):
            if kind.severity is Severity.NOTE and count > NOTES:
                said = {"what": kind.word, "count": count, "kept": NOTES}
                self.find(Finding(FindingType.NOT_ALL_KEPT, values=said))
        self.flush()

    def flush(self) -> None:
        """Write the findings held."""
        if self._waiting:
            self.write(self._waiting, self._places)
        self._waiting, self._places = [], {}

    def aside(self, reason: str, rows: int) -> None:
        """Count rows that are lawfully not loaded."""
        if rows:
            self.set_aside[reason] += rows

    def balance(self) -> None:
        """Hold the law: rows read = loaded + set aside + rejected."""
        rest = self.read - self.loaded - sum(self.set_aside.values()) - self.rejected
        if rest or self.repaired > self.loaded:
            raise AssertionError(f"{rest} of {self.read} rows are not accounted for")

    def summary(self, masked: Callable[[Iterable[Finding]], Iterable[Finding]], lang: str) -> list[dict[str, Any]]:
        """Return the findings by type, with their full counts and a few masked examples."""
        shown = summary(masked(one for kind in self._examples.values() for one in kind), lang)
        counts = {kind.word: count for kind, count in self.counts.items()}
        said = {kind.word: dict(texts.most_common(MOST)) for kind, texts in self.said.items()}
        for entry in shown:
            word = entry["type"]
            entry["count"] = counts[word]
            if word in said:
                entry["values"] = said[word]
        return shown
