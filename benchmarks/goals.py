"""The bounds that the project sets itself, each beside the row it is for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from benchmarks.table import Row, memory, seconds, times

Kind = Literal["times", "seconds", "memory", "growth"]
MIB = 2**20


@dataclass(frozen=True)
class Goal:
    """What a measure may come to at most: ours by theirs, seconds, bytes, or growth from 100,000 parcels."""

    part: str
    what: str
    beside: str
    kind: Kind
    most: float
    parcels: int | None = None
    """At what size; None: at every size."""

    def found(self, row: Row, first: Row | None = None) -> float | None:
        """Return what the goal is about from its row (and, for growth, that of 100,000 parcels); None: not measured."""
        match self.kind:
            case "times":
                return row.ratio
            case "seconds":
                return row.ours
            case "memory":
                return row.memory or None
            case "growth":
                return row.ours / first.ours if first else None

    @property
    def bound(self) -> str:
        """The bound as people say it."""
        return f"{self.said(self.most)} or {'more' if self.kind == 'times' and self.most < 1 else 'less'}"

    def said(self, value: float) -> str:
        """Write what was found as people say it."""
        match self.kind:
            case "times":
                return times(value)
            case "seconds":
                return seconds(value)
            case "memory":
                return memory(int(value))
            case "growth":
                return f"time x {value:.1f}"

    def concerns(self, part: str, row: Row, parcels: int) -> bool:
        """Tell whether a row measured at a size is what the goal is about."""
        return (self.part, self.what, self.beside) == (part, row.what, row.beside) and self.parcels in {None, parcels}


FROM = 100_000
"""The size from which growth is reckoned."""
COUNTY, LARGE = 450_000, 1_000_000
NOTHING = "profile from nothing"
IMPORT = "import"
AGAIN = "import over the delivery before"
MEASURED = "4 nearest distances and 3 shares"
TOPSIS = "scikit-criteria TOPSIS"

GOALS = (
    Goal("import", IMPORT, "ogr2ogr", "times", 4, COUNTY),
    Goal("import", IMPORT, "ogr2ogr", "memory", 600 * MIB, 2_000_000),
    Goal("reimport", AGAIN, "ogr2ogr -makevalid + SQL", "times", 1.5, COUNTY),
    Goal("reimport", AGAIN, "ogr2ogr alone", "times", 2.5, COUNTY),
    Goal("profile", MEASURED, "geopandas", "times", 1 / 4, COUNTY),
    Goal("profile", MEASURED, "PostGIS", "times", 1 / 3, COUNTY),
    Goal("growth", MEASURED, "", "growth", 11, LARGE),
    Goal("growth", MEASURED, "", "memory", 3 * 2**30, LARGE),
    Goal("scale", NOTHING, "", "growth", 11, LARGE),
    Goal("scale", NOTHING, "", "memory", 3 * 2**30, LARGE),
    Goal("scale", "one parcel in a hundred moved", "from nothing", "times", 1 / 10, COUNTY),
    Goal("scale", "one water main in a hundred moved", "from nothing", "times", 1 / 10, COUNTY),
    Goal("score", "twelve wants", TOPSIS, "times", 1 / 30, LARGE),
    Goal("score", "twelve wants", "SQL", "times", 1 / 5, LARGE),
    Goal("score", "six musts and six wants", TOPSIS, "times", 1 / 100, LARGE),
    Goal("score", "six musts and six wants", "SQL", "times", 1 / 8, LARGE),
    Goal("shortlist", "one client: 95 of 100 answers within", "", "seconds", 0.05, COUNTY),
    Goal("shortlist", "eight clients: seconds an answer", "", "seconds", 1 / 100, COUNTY),
    Goal("assemblies", "assemblies of up to 4, an investor's musts", "", "seconds", 60, FROM),
    Goal("assemblies", "assemblies of up to 4, loose musts", "", "seconds", 60, FROM),
    Goal("tiles", "tiles of zoom 12, warm", "tipg", "times", 1 / 10, COUNTY),
    Goal("tiles", "tiles of zoom 14, warm", "tipg", "times", 1 / 10, COUNTY),
    Goal("tiles", "tiles of zoom 16, warm", "tipg", "times", 1 / 10, COUNTY),
    Goal("tiles", "tiles of zoom 16, cold", "tipg", "times", 1, COUNTY),
    Goal("map", "first map painted", "folium page of 20,000", "seconds", 4, COUNTY),
    Goal("mutations", "the slowest of 1,000 damaged files", "", "seconds", 10),
    Goal("mutations", "the slowest of 1,000 damaged files", "", "memory", 500 * MIB),
)


def goals_of(part: str, row: Row, parcels: int) -> Iterator[Goal]:
    """Yield the goals that concern a row measured at a size."""
    return (goal for goal in GOALS if goal.concerns(part, row, parcels))
