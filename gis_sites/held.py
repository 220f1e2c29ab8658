"""What an open inventory holds: its states, its loads and what they noticed and changed; and who may know of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from gis_sites.catalogue import Catalogue
from gis_sites.errors import Gone, NotFound
from gis_sites.store import lineage, loads, revisions, states
from gis_sites.store.connect import Store
from gis_sites.store.revisions import Revision
from gis_sites.store.states import State

if TYPE_CHECKING:
    from gis_sites.intake.compare import LayerChanges
    from gis_sites.store.shown import Shown

Lang = Literal["pl", "en"]
PUBLIC_GROUNDS = 200
"""Of how many sites the public may have the ground looked at in one answer: some seconds of work."""


@dataclass(frozen=True)
class Held:
    """What is held, since when, and how it came."""

    store: Store
    catalogue: Catalogue
    shown: "Shown | None" = None
    """What of each state may be read; None: everything."""
    most_grounds: int | None = None
    """Of how many sites one footprint may have the ground looked at anew; None: of all of them."""

    def public(self) -> Self:
        """Return the inventory as the public may know it: public layers, fields and parcels, and no other."""
        from gis_sites.store.shown import Shown

        all_parcels = self.store.settings.public_parcels in {None, "all"}
        shown = None if all_parcels else Shown(self.store, self.catalogue)
        known = self.catalogue.public(naming=all_parcels)
        return replace(self, catalogue=known, shown=shown, most_grounds=PUBLIC_GROUNDS)

    @property
    def state(self) -> State | None:
        """The current state; None before the first publication."""
        with self.store.begin() as conn:
            state = states.current(conn)
        return self.shown.narrowed(state).state if state and self.shown else state

    def need_state(self, number: int | None = None) -> State:
        """Return a state, the current one unless told otherwise.

        Raises:
            NotFound: nothing was published yet, or there is no such state.
        """
        with self.store.begin() as conn:
            state = states.current(conn) if number is None else states.get(conn, number)
        if state is None:
            raise NotFound("inventory.empty")
        return self.shown.narrowed(state).state if self.shown else state

    def revisions(self, layer: str | None = None) -> list[Revision]:
        """Return every revision that is held, newest first.

        Raises:
            CatalogueError: there is no such layer.
        """
        if layer is not None:
            self.catalogue.layer(layer)
        with self.store.begin() as conn:
            return revisions.listed(conn, layer)

    def states(self) -> list[states.Entry]:
        """Return every state there ever was, newest first."""
        with self.store.begin() as conn:
            return states.history(conn)

    def findings(self, load: int) -> list[loads.Noticed]:
        """Return what a load noticed.

        Raises:
            NotFound: there is no such load.
        """
        with self.store.begin() as conn:
            loads.get(conn, load)
            return loads.findings(conn, load)

    def export_findings(self, load: int, path: Path | str, *, lang: Lang | None = None) -> Path:
        """Write what a load noticed as a GeoPackage, each finding in its place.

        Raises:
            NotFound: there is no such load.
            WrongUse: the file cannot be one.
        """
        from gis_sites.maps.findings_file import export_findings

        with self.store.begin() as conn:
            told, noticed = loads.get(conn, load), loads.findings(conn, load)
        dated = told.dated.isoformat() if told.dated else ""
        about = {"load": str(load), "source": told.source, "publisher": told.publisher or "", "dated": dated}
        export_findings(noticed, Path(path), crs=self.store.crs, about=about, lang=lang or self.store.settings.lang)
        return Path(path)

    def changes(self, load: int) -> "tuple[loads.Load, list[LayerChanges]]":
        """Return what a load changed, row by row where the revisions before and after are still kept.

        Raises:
            NotFound: there is no such load.
        """
        from gis_sites.intake.compare import changes_of

        with self.store.begin() as conn:
            return loads.get(conn, load), changes_of(conn, self.catalogue, load)

    def change_map(
        self, load: loads.Load, changes: "Sequence[LayerChanges]", path: Path | str, *, lang: Lang | None = None
    ) -> Path:
        """Write what `changes` told as one HTML map that opens without a network."""
        import geopandas

        from gis_sites.intake.compare import around
        from gis_sites.maps.changes import change_map
        from gis_sites.maps.files import write_text

        with self.store.begin() as conn:
            beside = geopandas.GeoSeries(around(conn, changes), crs=self.store.crs)
        write_text(Path(path), change_map(load, changes, beside, lang=lang or self.store.settings.lang))
        return Path(path)

    def heirs(self, parcel: str) -> tuple[str, list[str]]:
        """Return what became of a parcel (`split`, `merged`, `renumbered`; else `changed`) and its successors."""
        with self.store.begin() as conn:
            heirs = lineage.successors(conn, parcel)
            told = {step.how for step in lineage.trail(conn, parcel)}
        # Heirs that may not be named would tell of a parcel that may not be known.
        if heirs and self.shown is not None and not self.shown.all_parcels(self.need_state(), heirs):
            heirs = []
        return told.pop() if len(told) == 1 else "changed", heirs

    def raise_if_gone(self, parcel: str, error: NotFound | None = None) -> None:
        """Name the successors of a parcel that is no more.

        Raises:
            Gone: it was divided, merged or renumbered.
        """
        _, heirs = self.heirs(parcel)
        if heirs:
            raise Gone("inventory.gone", id=parcel, successors=heirs, heirs=", ".join(heirs)) from error
