"""Which rows fulfil a few conditions, and of which nobody knows: the musts of a requirement without its ranking."""

from dataclasses import dataclass

import numpy as np

from gis_sites.catalogue import Catalogue
from gis_sites.columns import Rows
from gis_sites.matching import score
from gis_sites.matching.check import check
from gis_sites.matching.requirement import Requirement
from gis_sites.matching.verdicts import Window, musts
from gis_sites.matching.view import View


@dataclass(frozen=True)
class Sieved:
    """The rows of a view that fulfil every condition, and those that may: nobody knows."""

    met: Rows
    unknown: Rows

    def within(self, rows: Rows) -> "Sieved":
        """Return what is also among some other rows."""
        return Sieved(*(np.intersect1d(own, rows, assume_unique=True) for own in (self.met, self.unknown)))

    def both(self) -> Rows:
        """Return all that is not known to fail, in the order of rows."""
        return np.union1d(self.met, self.unknown)


def sieve(requirement: Requirement, view: View, catalogue: Catalogue) -> Sieved:
    """Judge every row of a view.

    Raises:
        RequirementError: the requirement does not suit the catalogue.
    """
    verdicts = list(musts(check(requirement, catalogue), Window(view, catalogue)).values())
    if not verdicts:
        return Sieved(np.arange(len(view), dtype=np.intp), np.empty(0, dtype=np.intp))
    joined = score.all_of(verdicts)
    return Sieved(np.flatnonzero(joined == score.MET), np.flatnonzero(joined == score.UNKNOWN))
