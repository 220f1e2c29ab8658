"""What a table does not say: rows it does not have, parts it does not bring."""

from collections.abc import Collection

from gis_sites.findings import Finding, FindingType
from gis_sites.intake.loading import Loading
from gis_sites.store.revisions import Part, Revision

SHOWN = 8
"""Parts a finding names."""


def rows_told(load: Loading, brought: Collection[str]) -> None:
    """Notice a table of which no row is loaded: it says that there is nothing, or, where rows tell parts, nothing."""
    if not brought:
        load.tally.find(Finding(FindingType.NO_PART, values={"table": load.table.name}))
    elif not load.tally.loaded:
        load.tally.find(Finding(FindingType.TABLE_EMPTY, values={"table": load.table.name}))


def parts_told(load: Loading, base: Revision | None, stay: Collection[Part]) -> None:
    """Notice parts that came with those replaced now, and this time did not: where rows say which part they are of."""
    together = {part.load for part in base.parts if part not in stay} if base else set()
    missed = [part for part in stay if part.load in together and part.rows]
    if missed and load.fixed_part is None:
        names = ", ".join(part.name for part in missed[:SHOWN]) + (", …" if len(missed) > SHOWN else "")
        values = {"parts": names, "rows": sum(part.rows for part in missed)}
        load.tally.find(Finding(FindingType.PART_STAYS, values=values))
