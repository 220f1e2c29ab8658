"""Room for a footprint on several parcels as one site, at best: told from the parcels before their union is."""

from dataclasses import dataclass, field, replace

import numpy as np

from gis_sites.matching.assembly_site import Assemblies, Keys, Together
from gis_sites.matching.bigger import Footprint
from gis_sites.matching.standing import at_best


@dataclass(frozen=True, eq=False)
class Rooms:
    """What is known of sets of parcels: whether there surely is no room, and whether there is none that is sure."""

    footprint: Footprint
    together: Together
    gap_m: float
    _known: dict[tuple[str, ...], tuple[bool, bool]] = field(default_factory=dict)

    def judged(self, keys: Keys, view: Assemblies) -> Keys:
        """Judge sets as well as the footprint can turn out; it is found out once for each that fails nothing else."""
        ids = [tuple(view.parcels(row)) for row in range(len(view))]
        fresh = [ids[row] for row in np.flatnonzero(~keys.failed).tolist() if ids[row] not in self._known]
        if fresh:
            ground = self.together.at_most(fresh, self.gap_m)
            self._known.update(zip(fresh, zip(*at_best(self.footprint, *ground), strict=True), strict=True))
        none, doubtful = np.array([self._known.get(one, (True, True)) for one in ids], dtype=bool).T
        none = doubtful if self.footprint.unknown == "failed" else none
        return replace(keys, failed=keys.failed | none, unknown=keys.unknown + doubtful)
