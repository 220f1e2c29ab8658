"""Random numbers that belong to a name: the same seed and name give the same numbers, whoever else is drawn for."""

import hashlib
from dataclasses import dataclass

import numpy as np

from gis_sites.columns import Floats


@dataclass(frozen=True)
class Draws:
    """Streams of one seed, `count` numbers from 0 up to 1 each.

    Philox (Salmon et al. 2011) is keyed, so a name is a key and no stream depends on the order of asking.
    """

    seed: int
    count: int

    def __len__(self) -> int:
        return self.count

    def of(self, *name: str) -> Floats:
        """Return the numbers of a name."""
        digest = hashlib.sha256("\x00".join([str(self.seed), *name]).encode()).digest()
        key = int.from_bytes(digest[:16], "big")
        return np.random.Generator(np.random.Philox(key=key)).random(self.count)
