"""What some features say about others: kept on disk for the length of one reading, however many there are."""

import sqlite3
from collections.abc import Iterable

AT_ONCE = 10_000


class Facts:
    """Texts by key; of several of one key the last one told counts."""

    def __init__(self) -> None:
        # A database without a name lives in a file without a name, and ends with us.
        self._kept = sqlite3.connect("")
        self._kept.execute("PRAGMA journal_mode = OFF")
        self._kept.execute("CREATE TABLE fact (key TEXT PRIMARY KEY, said TEXT) WITHOUT ROWID")
        self._waiting: list[tuple[str, str]] = []

    def tell(self, said: Iterable[tuple[str, str]]) -> None:
        """Keep what was told."""
        self._waiting.extend(said)
        if len(self._waiting) >= AT_ONCE:
            self._flush()

    def get(self, key: str) -> str | None:
        """Return what was told about a key."""
        if self._waiting:
            self._flush()
        found = self._kept.execute("SELECT said FROM fact WHERE key = ?", (key,)).fetchone()
        return found[0] if found else None

    def close(self) -> None:
        """Forget everything."""
        self._kept.close()

    def _flush(self) -> None:
        self._kept.executemany("INSERT OR REPLACE INTO fact VALUES (?, ?)", self._waiting)
        self._waiting.clear()
