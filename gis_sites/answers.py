"""What an inventory answers: shortlists and their reasons, maps, files. Nothing here writes into it."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gis_sites.errors import NotFound, WrongUse
from gis_sites.held import Held, Lang
from gis_sites.store import saved
from gis_sites.store.features import LAYERS
from gis_sites.store.states import State

if TYPE_CHECKING:
    import geopandas

    from gis_sites.maps.overlays import Overlay
    from gis_sites.matching.assembly_reasons import Joining
    from gis_sites.matching.requirement import Requirement
    from gis_sites.profile.union import Unions
    from gis_sites.store.snapshot import Snapshot


class Answers(Held):
    """What one can ask an inventory."""

    def views(self, state: State | None = None) -> "list[Snapshot]":
        """Open what matching reads: the attributes of parcels, and of offers where there are any."""
        from gis_sites.profile.stored_land import StoredLand
        from gis_sites.store.snapshot import open_snapshot

        state = state or self.need_state()
        narrowed = self.shown.narrowed(state) if self.shown else None
        whole = narrowed.whole if narrowed else state
        views = [open_snapshot(self.store, whole, kind) for kind, layer in LAYERS.items() if layer in state.revisions]
        land = StoredLand(self.store, whole, most=self.most_grounds)
        for one in views:
            one.land = land
        if narrowed is None:
            return views
        return [one.only(narrowed.rows[LAYERS[one.kind]], narrowed.state) for one in views]

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
        more, joining = ANSWERS if also is None else also, self.joining(asked, state)
        return match(asked, views, self.catalogue, top=top, also=more, joining=joining)

    def joining(self, requirement: "Requirement", state: State | None = None) -> "Joining | None":
        """Open what the assemblies of a requirement are found with; None where it asks for none."""
        from gis_sites.matching.requirement import ASSEMBLIES

        if ASSEMBLIES not in requirement.scope:
            return None
        from gis_sites.matching.assembly import FOR_THE_PUBLIC, Effort
        from gis_sites.matching.assembly_reasons import Joining

        return Joining(self.together(state), Effort() if self.most_grounds is None else FOR_THE_PUBLIC)

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
        except NotFound as error:
            how, heirs = self.heirs(parcel)
            if not heirs:
                for one in parcel.split("+") if together else ():
                    self.raise_if_gone(one, error)
                raise
            return why_gone(asked, views, self.catalogue, parcel, how=how, successors=heirs)

    def why_in(self, requirement_or_shortlist: str, parcel: str) -> dict[str, Any]:
        """Explain a parcel for a requirement's file, or within a saved shortlist's own state."""
        if (path := Path(requirement_or_shortlist)).exists() or path.suffix:  # no identifier has one
            return self.why(path, parcel)
        with self.store.begin() as conn:
            kept = saved.shortlist(conn, requirement_or_shortlist)
        return self.why(kept.requirement, parcel, state=self.need_state(kept.state))

    def _understood(self, requirement: "Requirement | Mapping[str, Any] | Path | str") -> "Requirement":
        from gis_sites.matching.reading import read_requirement
        from gis_sites.matching.requirement import Requirement

        return requirement if isinstance(requirement, Requirement) else read_requirement(requirement)

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
        return answer, differences(result, answer)

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
        ids = {kind: [one["id"] for one in shortlist["candidates"] if f"{one['kind']}s" == kind] for kind in LAYERS}
        joined = [one for one in shortlist["candidates"] if one["kind"] == "assembly"]
        ids["parcels"] = list(dict.fromkeys([*ids["parcels"], *(id for one in joined for id in one["parcels"])]))
        with self.store.begin() as conn:
            found = [sites(conn, state, kind, ids[kind]) for kind in LAYERS if ids[kind] or kind == "parcels"]
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
