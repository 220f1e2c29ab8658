"""Which parcels and offers the public may know: GIS_SITES_PUBLIC_PARCELS, said once, as conditions on rows.

A parcel is shown by its owner (`public_owners`) or by an available offer that names it (`offers`). An offer is shown
when every parcel it names is; where only what is on offer is public, when it is available. What cannot be told, for
want of a column or a layer, is not shown.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from gis_sites.catalogue import Catalogue
from gis_sites.columns import Rows
from gis_sites.kept import Kept
from gis_sites.store.copy import copy_out, quoted_column
from gis_sites.store.lineage import walked
from gis_sites.store.reading import Which, read, relation
from gis_sites.store.tables import quoted

if TYPE_CHECKING:
    from gis_sites.store.connect import Store
    from gis_sites.store.revisions import Revision
    from gis_sites.store.states import State

Setting = Literal["all", "public_owners", "offers"] | None
PUBLIC_OWNERS = (
    "state", "state_usufruct", "municipal", "municipal_usufruct", "county", "voivodeship",
)  # fmt: skip
NEVER = "false"
HELD = 8
"""Of so many states the shown rows are kept in mind."""


def conditions(setting: Setting, revisions: Mapping[str, "Revision"], catalogue: Catalogue) -> dict[str, str]:
    """Return which rows of the layers `parcel` and `offer` the public may know, as SQL; of others every row."""
    if setting in {None, "all"}:
        return {}
    named = _named(catalogue)
    offer, parcel = revisions.get("offer"), revisions.get("parcel")
    if setting == "public_owners":
        owners = ", ".join(f"'{one}'" for one in PUBLIC_OWNERS)
        shown = f"owner_class IN ({owners})" if parcel and "owner_class" in parcel.types else NEVER
        return {"parcel": shown, "offer": _naming_only(named, offer, parcel, shown)}
    if offer is None or named is None:
        return {"parcel": NEVER, "offer": NEVER}
    available = _available(offer, catalogue)
    if named not in offer.types:
        return {"parcel": NEVER, "offer": available}
    keys = f"SELECT {_split(named)} AS first FROM {quoted(offer.table)} WHERE {available}"  # noqa: S608 - our own names
    if parcel is None:
        return {"parcel": NEVER, "offer": available}
    heirs = f"SELECT heir FROM ({walked(keys, parcel.table)}) AS heirs"  # noqa: S608 - our own names
    return {"parcel": f"key IN ({heirs})", "offer": available}


def _named(catalogue: Catalogue) -> str | None:
    """Return the field by which offers name parcels, if the public may know of it."""
    offer = catalogue.public().layers.get("offer")
    return offer.parcels if offer and offer.parcels in offer.fields else None


def _available(offer: "Revision", catalogue: Catalogue) -> str:
    """Return the condition of what can be had; where the layer tells no status, everything on the list can."""
    if "status" not in catalogue.layers["offer"].fields:
        return "true"
    return "status = 'available'" if "status" in offer.types else NEVER


def _split(field: str) -> str:
    return f"regexp_split_to_table({quoted_column(field)}, '[\\s,;]+')"


def _naming_only(named: str | None, offer: "Revision | None", parcel: "Revision | None", shown: str) -> str:
    """Return the condition of offers that name no parcel but those that are shown."""
    if named is None:
        return NEVER
    if offer is None or named not in offer.types:
        return "true"
    there = f"SELECT FROM {quoted(parcel.table)} AS own WHERE own.key = named.key AND {shown}" if parcel else None
    hidden = f"NOT EXISTS ({there})" if there else "true"
    return f"NOT EXISTS (SELECT FROM {_split(named)} AS named (key) WHERE named.key <> '' AND {hidden})"


@dataclass(frozen=True)
class Narrowed:
    """A state as the public may know it, and the rows it shows of each layer that is narrowed."""

    state: "State"
    whole: "State"
    """The same with every row: what snapshots are made of."""
    rows: Mapping[str, Rows]


class Shown:
    """What the public may know of the states of one inventory; each state is looked through once."""

    def __init__(self, store: "Store", catalogue: Catalogue) -> None:
        self._store = store
        self._catalogue = catalogue
        self._held: Kept[int, Narrowed] = Kept(HELD)
        self._looking = Lock()

    def narrowed(self, state: "State") -> Narrowed:
        """Return what is shown of a state: revisions read no other rows, and parts without any are not there."""
        with self._looking:
            return self._held.of(state.id, lambda: self._look(state))

    def _look(self, state: "State") -> Narrowed:
        whole = {layer: replace(one, only=None) for layer, one in state.revisions.items()}
        only = conditions(self._store.settings.public_parcels, whole, self._catalogue)
        revisions, rows = dict(whole), {}
        with self._store.begin() as conn:
            for layer in only.keys() & revisions.keys():
                rows[layer], revisions[layer] = _narrow(conn, revisions[layer], only[layer])
        return Narrowed(replace(state, revisions=revisions), replace(state, revisions=whole), rows)

    def all_parcels(self, state: "State", keys: Collection[str]) -> bool:
        """Tell whether every one of some parcels is shown."""
        parcel = self.narrowed(state).state.revisions.get("parcel")
        if parcel is None:
            return False
        with self._store.begin() as conn:
            found = read(conn, parcel, columns=(), geometry=False, which=Which(keys=list(keys)))
        return set(found.table["key"].to_pylist()) >= set(keys)


def _narrow(conn: sa.Connection, revision: "Revision", only: str) -> tuple[Rows, "Revision"]:
    narrow = replace(revision, only=only)
    query = f"SELECT row, part FROM {relation(narrow)} ORDER BY row"  # noqa: S608 - our own names
    found = copy_out(conn, query, {"row": pa.int32(), "part": pa.dictionary(pa.int32(), pa.string())})
    rows = found["row"].to_numpy().astype(np.intp)
    counts = Counter({one["values"]: one["counts"] for one in found["part"].value_counts().to_pylist()})
    parts = tuple(replace(part, rows=counts[part.name]) for part in revision.parts if counts[part.name])
    return rows, replace(narrow, rows=len(rows), parts=parts)
