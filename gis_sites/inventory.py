"""An inventory, open: it walks a source through the whole house, and answers.

source -> revision -> state (profile) -> shortlist -> map: each step hands immutable things to the next.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

from gis_sites.catalogue import Catalogue, load_catalogue
from gis_sites.errors import Gone, NotFound, WrongUse
from gis_sites.progress import Progress, silent
from gis_sites.settings import Settings
from gis_sites.store import lineage, loads, profiles, revisions, saved, states
from gis_sites.store.connect import Store, importing, open_store
from gis_sites.store.revisions import Revision
from gis_sites.store.states import State

if TYPE_CHECKING:
    import geopandas

    from gis_sites.intake.compare import LayerChanges
    from gis_sites.intake.note import Note
    from gis_sites.intake.report import ImportReport
    from gis_sites.maps.overlays import Overlay
    from gis_sites.matching.requirement import Requirement
    from gis_sites.profile.union import Unions
    from gis_sites.store.shown import Shown
    from gis_sites.store.snapshot import Snapshot

Blocks = Mapping[str, Mapping[str, profiles.Profile]]
Lang = Literal["pl", "en"]
KINDS = ("parcels", "offers")
PUBLIC_GROUNDS = 200
"""Of how many sites the public may have the ground looked at in one answer: some seconds of work."""
PLACE = ZoneInfo("Europe/Warsaw")
"""Where a day begins."""


def today() -> date:
    """Return the day it is in Poland."""
    return datetime.now(PLACE).date()


@contextmanager
def open_inventory(settings: Settings | None = None) -> "Iterator[Inventory]":
    """Open the inventory that the settings name, starting the private database if need be.

    Raises:
        DatabaseError: the database cannot be had.
        CatalogueError: a layer file is none.
    """
    settings = settings or Settings()
    catalogue = load_catalogue(settings.layers, symbols=settings.symbols)
    with open_store(settings, catalogue=catalogue) as store:
        yield Inventory(store, catalogue)


@dataclass(frozen=True)
class Inventory:
    """Everything one can do with an open inventory."""

    store: Store
    catalogue: Catalogue
    shown: "Shown | None" = None
    """What of each state may be read; None: everything."""
    most_grounds: int | None = None
    """Of how many sites one footprint may have the ground looked at anew; None: of all of them."""

    def public(self) -> "Inventory":
        """Return the inventory as the public may know it: public layers, fields and parcels, and no other."""
        from gis_sites.store.shown import Shown

        if self.store.settings.public_parcels in {None, "all"}:
            return Inventory(self.store, self.catalogue.public(), most_grounds=PUBLIC_GROUNDS)
        shown = Shown(self.store, self.catalogue)
        return Inventory(self.store, self.catalogue.public(naming=False), shown, most_grounds=PUBLIC_GROUNDS)

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

    # ---- in: import, profile, publish ------------------------------------------------------------------

    def import_file(
        self,
        path: Path | str,
        note: "Note | None" = None,
        *,
        dry_run: bool = False,
        profile: bool = True,
        progress: Progress = silent,
    ) -> "ImportReport":
        """Take a source in and publish it; with `dry_run` only tell what would happen.

        A source that is held already adds nothing, but what waits for its publication is published.
        Without `profile` the revisions stay ready until `profile()` publishes them.

        Raises:
            Refused: the source is not taken in; nothing has changed.
        """
        from gis_sites.intake.load import load
        from gis_sites.intake.note import Note
        from gis_sites.intake.plan import read_source

        with self._writing():
            plan = read_source(self.store, self.catalogue, Path(path), note or Note())
            report = load(self.store, self.catalogue, plan, progress=progress, dry_run=dry_run)
            if report.status != "preview" and profile:
                state = self._publish(f"import {plan.source.name}", progress=progress)
                report = report.model_copy(update={"state": state.id})
        return report

    def profile(self, as_of: date | None = None, *, scheduler: str | None = None, progress: Progress = silent) -> State:
        """Bring the profile up to date, as of a day (today), and publish it; return the state that holds then.

        With `scheduler` the workers of a Dask cluster measure, to the same result.
        """
        with self._writing():
            return self._publish("profile", as_of=as_of, scheduler=scheduler, progress=progress)

    def rollback(self, state: int) -> State:
        """Publish what an older state published; the states between stay in the history."""
        with self._writing():
            found = states.rollback(self.store, state)
            self._after(found)
        return found

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

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold the inventory alone; what killed commands left undone is done first."""
        with importing(self.store):
            self.refresh_views()
            yield

    def _publish(
        self, reason: str, *, as_of: date | None = None, scheduler: str | None = None, progress: Progress = silent
    ) -> State:
        from gis_sites.profile.build import build
        from gis_sites.profile.workers import cluster, workers
        from gis_sites.store import pictures, retention

        day = as_of or today()
        with self.store.begin() as conn:
            base = states.current(conn)
            held = states.basis(conn)
        if base is None and not held:
            raise NotFound("inventory.empty")
        parcels = held["parcel"].rows if "parcel" in held else 0
        with cluster(scheduler) if scheduler else workers(self.store.settings.workers, parcels) as executor:
            blocks, stale_after = build(
                self.store, self.catalogue, held, as_of=day, executor=executor, progress=progress
            )
        pictures.prepare(self.store, self.catalogue, held, as_of=day, progress=progress)
        if base is not None and _same(base, held, blocks, day):
            retention.prune(self.store)  # a command killed before it may have published this very state
            return base
        with self.store.begin() as conn:
            state = states.publish(
                conn,
                revisions={layer: one.id for layer, one in held.items()},
                profiles=blocks,
                as_of=day,
                stale_after=stale_after,
                reason=reason,
                base=base.id if base else 0,
            )
        self._after(state)
        return state

    def refresh_views(self) -> bool:
        """Make the views of the current state anew if they are another state's, or show other parcels than is set.

        Returns:
            False if they had to be and could not: somebody is reading them.
        """
        from gis_sites.store import views

        state = self.state
        return state is None or views.are_of(self.store, state) or views.remake(self.store, state, self.catalogue)

    def refresh_tiles(self, *, progress: Progress = silent) -> None:
        """Make the generalised pictures that are missing: a setting, a layer file and a day have each their own."""
        from gis_sites.store import pictures

        if state := self.state:
            pictures.prepare(self.store, self.catalogue, state.revisions, as_of=state.as_of, progress=progress)

    def _after(self, state: State) -> None:
        """Make the views anew and drop what no state needs; neither is part of the publication."""
        from gis_sites.store import retention, views

        views.remake(self.store, state, self.catalogue)
        retention.prune(self.store)

    # ---- out: shortlist, reasons, map, exports ---------------------------------------------------------

    def views(self, state: State | None = None) -> "list[Snapshot]":
        """Open what matching reads: the attributes of parcels, and of offers where there are any."""
        from gis_sites.profile.stored_land import StoredLand
        from gis_sites.store.snapshot import open_snapshot

        state = state or self.need_state()
        narrowed = self.shown.narrowed(state) if self.shown else None
        held = {"parcels": "parcel", "offers": "offer"}
        whole = narrowed.whole if narrowed else state
        views = [open_snapshot(self.store, whole, kind) for kind in KINDS if held[kind] in state.revisions]
        land = StoredLand(self.store, whole, most=self.most_grounds)
        for one in views:
            one.land = land
        if narrowed is None:
            return views
        return [one.only(narrowed.rows[held[one.kind]], narrowed.state) for one in views]

    def match(
        self,
        requirement: "Requirement | Mapping[str, Any] | Path | str",
        *,
        top: int = 50,
        state: State | None = None,
        also: Collection[str] | None = None,
    ) -> dict[str, Any]:
        """Return the shortlist for a requirement (a model, a table, or a file's path): see DESIGN, section 8.

        `also` names what else is said: `relaxations`, `near_misses`, `robustness`, `agreement`; all, if left out.

        Raises:
            RequirementError: the requirement cannot be understood.
            NotFound: nothing was published yet, or no parcels and no offers.
        """
        from gis_sites.matching.also import ANSWERS
        from gis_sites.matching.shortlist import match

        asked, views = self._understood(requirement), self.views(state)
        if not views:
            raise NotFound("inventory.no_sites")
        found = match(asked, views, self.catalogue, top=top, also=ANSWERS if also is None else also)
        return self.with_assemblies(found, asked, views, top=top, state=state)

    def with_assemblies(
        self,
        shortlist: dict[str, Any],
        requirement: "Requirement",
        views: "Sequence[Snapshot]",
        *,
        top: int,
        state: State | None = None,
    ) -> dict[str, Any]:
        """Put the assemblies that a requirement asks for in their places in its shortlist."""
        if "assemblies" not in requirement.scope:
            return shortlist
        from gis_sites.matching.assembly import FOR_THE_PUBLIC, Effort
        from gis_sites.matching.assembly_reasons import with_assemblies

        most = Effort() if self.most_grounds is None else FOR_THE_PUBLIC
        together = self.together(state)
        return with_assemblies(shortlist, requirement, views, self.catalogue, together, top=top, most=most)

    def together(self, state: State | None = None) -> "Unions":
        """Open what matching asks about several parcels as one site."""
        from gis_sites.profile.union import Unions

        state = state or self.need_state()
        narrowed = self.shown.narrowed(state) if self.shown else None
        whole, rows = (narrowed.whole, narrowed.rows.get("parcel")) if narrowed else (state, None)
        return Unions(self.store, self.store.catalogue or self.catalogue, whole, rows)

    def why(
        self, requirement: "Requirement | Mapping[str, Any] | Path | str", parcel: str, *, state: State | None = None
    ) -> dict[str, Any]:
        """Explain why a parcel (or parcels joined by `+`, as one site) fits a requirement, or why not.

        One that was divided, merged or renumbered is explained by its successors.

        Raises:
            NotFound: there never was such a parcel.
        """
        from gis_sites.matching.why import why, why_gone

        together = self.together(state) if "+" in parcel else None
        asked, views = self._understood(requirement), self.views(state)
        try:
            return why(asked, views, self.catalogue, parcel, together)
        except NotFound:
            how, heirs = self.heirs(parcel)
            if not heirs:
                raise
            return why_gone(asked, views, self.catalogue, parcel, how=how, successors=heirs)

    def why_in(self, requirement_or_shortlist: str, parcel: str) -> dict[str, Any]:
        """Explain a parcel for a requirement's file, or within a saved shortlist's own state."""
        if Path(requirement_or_shortlist).exists():
            return self.why(Path(requirement_or_shortlist), parcel)
        with self.store.begin() as conn:
            kept = saved.shortlist(conn, requirement_or_shortlist)
        return self.why(kept.requirement, parcel, state=self.need_state(kept.state))

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

    def _understood(self, requirement: "Requirement | Mapping[str, Any] | Path | str") -> "Requirement":
        from gis_sites.matching.reading import read_requirement
        from gis_sites.matching.requirement import Requirement

        return requirement if isinstance(requirement, Requirement) else read_requirement(requirement)

    def save(self, shortlist: Mapping[str, Any]) -> str:
        """Keep a shortlist, and its state with it; return its id."""
        with self.store.begin() as conn:
            saved.save_shortlist(
                conn,
                shortlist["id"],
                state=shortlist["inventory"]["state"],
                requirement=shortlist["requirement"],
                result=shortlist,
            )
        return str(shortlist["id"])

    def repeat(self, shortlist: str) -> tuple[dict[str, Any], list[str]]:
        """Answer a saved requirement again from its own state; return the answer and what differs (nothing).

        Raises:
            NotFound: no shortlist of that id, or of an id beginning so, was saved.
        """
        from gis_sites.matching.why import differences

        with self.store.begin() as conn:
            kept = saved.shortlist(conn, shortlist)
        result: dict[str, Any] = kept.result
        together = result["counts"].get("assemblies", {})  # what was looked at hangs on how many were asked for
        top, state = together.get("top", len(result["candidates"])), self.need_state(kept.state)
        answer = self.match(kept.requirement, top=top, state=state, also=result)
        # What a newer version says besides is no difference.
        return answer, differences(result, {key: value for key, value in answer.items() if key in result})

    def frame(self, kind: str = "parcels") -> "geopandas.GeoDataFrame":
        """Return the profile as a GeoDataFrame: one row a parcel (or offer), one or two columns an attribute."""
        from gis_sites.profile.frame import frame

        return frame(self.store, self.need_state(), kind)

    def net_polygons(self, kind: str, ids: Sequence[str]) -> "geopandas.GeoDataFrame":
        """Return what of some sites is not surely lost (geometry) and what is surely left (`sure`): for the officer.

        Raises:
            WrongUse: the public asks; edges of these polygons tell where lines run that are not public.
        """
        import geopandas
        import pandas

        from gis_sites.profile.stored_land import StoredLand

        if self.most_grounds is not None:
            raise WrongUse("inventory.net_not_public")
        land = StoredLand(self.store, state := self.need_state())
        grounds = [place.ground() for place in land.places(kind, ids)]
        land.keep(kind, grounds)
        pieces = [
            geopandas.GeoDataFrame({"id": one.ids, "sure": one.sure}, geometry=one.most, crs=state.crs)
            for one in grounds
        ]
        empty = geopandas.GeoDataFrame({"id": [], "sure": []}, geometry=[], crs=state.crs)
        return pandas.concat(pieces, ignore_index=True) if pieces else empty

    def explain(self, parcel: str) -> list[dict[str, Any]]:
        """Say of every attribute of a parcel what it is and how that is known: down to the rows that made it."""
        from gis_sites.profile.explain import explain

        state = self.need_state()
        try:
            return explain(self.store, self.catalogue, state, parcel)
        except NotFound as error:
            self.raise_if_gone(parcel, error)
            raise

    def map(self, shortlist: Mapping[str, Any], path: Path | str, *, lang: Lang | None = None) -> Path:
        """Write a shortlist as one HTML map that opens without a network."""
        from gis_sites.maps.files import write_text
        from gis_sites.maps.handout import hand_out

        sites = self.sites(shortlist)
        text = hand_out(
            shortlist,
            sites,
            self._overlays(shortlist, sites),
            self.catalogue,
            lang=lang or self.store.settings.lang,
        )
        write_text(Path(path), text)
        return Path(path)

    def export(self, shortlist: Mapping[str, Any], path: Path | str, *, lang: Lang | None = None) -> Path:
        """Write a shortlist as GeoPackage, GeoJSON, CSV or XLSX, by the file's ending."""
        from gis_sites.maps.export import export

        lang = lang or self.store.settings.lang
        export(shortlist, self.sites(shortlist), Path(path), self.catalogue, lang=lang)
        return Path(path)

    def sites(self, shortlist: Mapping[str, Any]) -> "geopandas.GeoDataFrame":
        """Return `id` and geometry of the candidates (of assemblies: their parcels), as they were in its state."""
        import pandas

        from gis_sites.store.features import sites

        state = self.need_state(shortlist["inventory"]["state"])
        ids = {kind: [one["id"] for one in shortlist["candidates"] if f"{one['kind']}s" == kind] for kind in KINDS}
        joined = [one for one in shortlist["candidates"] if one["kind"] == "assembly"]
        ids["parcels"] = list(dict.fromkeys([*ids["parcels"], *(id for one in joined for id in one["parcels"])]))
        with self.store.begin() as conn:
            found = [sites(conn, state, kind, ids[kind]) for kind in KINDS if ids[kind] or kind == "parcels"]
        return pandas.concat(found, ignore_index=True)

    def _overlays(self, shortlist: Mapping[str, Any], sites: "geopandas.GeoDataFrame") -> "list[Overlay]":
        """Fetch the layers the reasons speak of, around the candidates."""
        from gis_sites.maps.overlays import MARGIN_M, Overlay, layers_concerned
        from gis_sites.store.features import features_in

        if sites.empty:
            return []
        state = self.need_state(shortlist["inventory"]["state"])
        bounds = tuple(sites.buffer(MARGIN_M).total_bounds)
        names = [name for name in layers_concerned(shortlist, self.catalogue) if name in state.revisions]
        with self.store.begin() as conn:
            return [
                Overlay(self.catalogue.layers[name], features_in(conn, state, self.catalogue.layers[name], bounds))
                for name in names
            ]


def _same(
    base: State, held: Mapping[str, Revision], blocks: Mapping[str, Mapping[str, profiles.Profile]], day: date
) -> bool:
    """Tell whether publishing would say again what the current state says."""
    return (
        base.as_of == day
        and {layer: one.id for layer, one in base.revisions.items()} == {layer: one.id for layer, one in held.items()}
        and {layer: {kind: one.id for kind, one in kinds.items()} for layer, kinds in base.profiles.items()}
        == {layer: {kind: one.id for kind, one in kinds.items()} for layer, kinds in blocks.items()}
    )
