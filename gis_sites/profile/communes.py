"""The kind of commune of a site: a city, a village, or what its identifiers do not tell."""

import re
from collections.abc import Sequence

import numpy as np

from gis_sites.profile.features import Features

NO_COMMUNE = "0"
"""The kind of commune of a site whose identifier does not tell, or whose parcels differ."""
_COMMUNE = re.compile(r"\d{6}_(\d)\.")


def communes(members: Sequence[tuple[str, ...]]) -> list[str]:
    """Return the kind of commune of each site: the digit after `_` in the identifiers of its parcels.

    >>> communes((("306101_1.0001.7",), ("306102_2.0001.7", "306102_5.0001.8"), ("7",)))
    ['1', '0', '0']
    """
    kinds = [{match[1] if (match := _COMMUNE.match(one)) else NO_COMMUNE for one in some} for some in members]
    return [kind.pop() if len(kind) == 1 else NO_COMMUNE for kind in kinds]


def held_somewhere(zones: Features, members: Sequence[tuple[str, ...]]) -> Features:
    """Return zones without the pieces of rules that hold in no commune of some sites; rows keep their numbers."""
    if "communes" not in zones.table.column_names:
        return zones
    kinds = set(communes(members))
    where = zones.table.column("communes").to_pylist()
    useful = np.array([not one or NO_COMMUNE in kinds or not kinds.isdisjoint(one) for one in where], dtype=bool)
    if useful.all():
        return zones
    faces, edges = useful[zones.face_row], useful[zones.edge_row]
    face_row, edge_row = zones.face_row[faces], zones.edge_row[edges]
    return Features(zones.table, zones.dimension, zones.faces[faces], face_row, zones.edges[edges], edge_row)
