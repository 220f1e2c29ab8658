"""Land on offer that names parcels which are no more: said by the load that brought the one or divided the other."""

from collections.abc import Collection, Iterator

import sqlalchemy as sa

from gis_sites.findings import Finding, FindingType
from gis_sites.intake.write import Run
from gis_sites.store import lineage
from gis_sites.store.reading import read

OFFER, PARCEL, PARCELS = "offer", "parcel", "parcels"


def replaced(conn: sa.Connection, run: Run, loaded: Collection[str]) -> Iterator[Finding]:
    """Yield the parcels that offers name and successors stand for, as far as one of the `loaded` layers changed it."""
    offers, parcels = run.held.get(OFFER), run.held.get(PARCEL)
    if offers is None or parcels is None or PARCELS not in offers.types or not {OFFER, PARCEL} & {*loaded}:
        return
    table = read(conn, offers, columns=[PARCELS], geometry=False).table
    named = {
        key: lineage.named_in(cell)
        for key, cell in zip(table["key"].to_pylist(), table[PARCELS].to_pylist(), strict=True)
    }
    became: dict[str, list[lineage.Heir]] = {}
    for heir in lineage.heirs(conn, {one for some in named.values() for one in some}, parcels):
        became.setdefault(heir.old, []).append(heir)
    for key, some in named.items():
        for one in some:
            heirs = became.get(one, [])
            if heirs and (OFFER in loaded or run.load in {heir.load for heir in heirs}):
                values = {"parcel": one, "heirs": ", ".join(heir.new for heir in heirs)}
                yield Finding(FindingType.PARCEL_REPLACED, key=key, values=values)
