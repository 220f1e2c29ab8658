"""An inventory, open: it walks a source through the whole house, and answers.

source -> revision -> state (profile) -> shortlist -> map: each step hands immutable things to the next. Here is what
writes; what is held stands in `held`, what is answered in `answers`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from gis_sites.answers import Answers
from gis_sites.catalogue import load_catalogue
from gis_sites.errors import NotFound
from gis_sites.progress import Progress, silent
from gis_sites.settings import Settings
from gis_sites.store import saved, states
from gis_sites.store.connect import importing, open_store
from gis_sites.store.revisions import Revision
from gis_sites.store.states import State

if TYPE_CHECKING:
    from gis_sites.intake.note import Note
    from gis_sites.intake.report import ImportReport
    from gis_sites.profile.build import Blocks

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


class Inventory(Answers):
    """Everything one can do with an open inventory."""

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

    def refresh_views(self) -> bool:
        """Make the views of the current state anew if they are another state's, or show other parcels than is set.

        Returns:
            False if they had to be and could not: somebody is reading them.
        """
        from gis_sites.store import views

        state = self.state
        return state is None or views.are_of(self.store, state) or views.remake(self.store, state, self.catalogue)

    def refresh_tiles(self) -> None:
        """Make the generalised pictures that are missing: a setting, a layer file and a day have each their own."""
        from gis_sites.store import pictures

        if state := self.state:
            pictures.prepare(self.store, self.catalogue, state.revisions, as_of=state.as_of)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold the inventory alone; what killed commands left undone is done first."""
        with importing(self.store):
            self.refresh_views()
            yield

    def _publish(
        self, reason: str, *, as_of: date | None = None, scheduler: str | None = None, progress: Progress = silent
    ) -> State:
        from gis_sites.store import retention

        day = as_of or today()
        with self.store.begin() as conn:
            base, held = states.current(conn), states.basis(conn)
        if base is None and not held:
            raise NotFound("inventory.empty")
        with self._drawn(held, day, beside=base is not None, progress=progress):
            blocks, stale_after = self._built(held, day, scheduler=scheduler, progress=progress)
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

    def _built(
        self, held: Mapping[str, Revision], day: date, *, scheduler: str | None, progress: Progress
    ) -> "tuple[Blocks, date | None]":
        """Make the profile of some revisions; say when a value changes next."""
        from gis_sites.profile.build import build
        from gis_sites.profile.workers import cluster, workers

        parcels = held["parcel"].rows if "parcel" in held else 0
        with cluster(scheduler) if scheduler else workers(self.store.settings.workers, parcels) as executor:
            return build(self.store, self.catalogue, held, as_of=day, executor=executor, progress=progress)

    @contextmanager
    def _drawn(self, held: Mapping[str, Revision], day: date, *, beside: bool, progress: Progress) -> Iterator[None]:
        """Make the generalised pictures of some revisions: `beside` what is done meanwhile, else after it.

        A profile from nothing leaves neither a core nor memory for them.
        """
        from concurrent.futures import ThreadPoolExecutor

        from gis_sites.store import pictures

        if not beside:
            yield
            pictures.prepare(self.store, self.catalogue, held, as_of=day, progress=progress)
            return
        with ThreadPoolExecutor(1) as artist:
            made = artist.submit(pictures.prepare, self.store, self.catalogue, held, as_of=day)
            yield
            progress("tiles", 0, 1)  # only now: bars are drawn by one thread
            made.result()
            progress("tiles", 1, 1)

    def _after(self, state: State) -> None:
        """Make the views anew and drop what no state needs; neither is part of the publication."""
        from gis_sites.store import retention, views

        views.remake(self.store, state, self.catalogue)
        retention.prune(self.store)


def _same(base: State, held: Mapping[str, Revision], blocks: "Blocks", day: date) -> bool:
    """Tell whether publishing would say again what the current state says."""
    return (
        base.as_of == day
        and {layer: one.id for layer, one in base.revisions.items()} == {layer: one.id for layer, one in held.items()}
        and {layer: {kind: one.id for kind, one in kinds.items()} for layer, kinds in base.profiles.items()}
        == {layer: {kind: one.id for kind, one in kinds.items()} for layer, kinds in blocks.items()}
    )
