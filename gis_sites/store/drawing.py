"""What of a layer may be drawn, as SQL: its rows on a day, their classes in the legend, their names.

Rows come with `row`, `key`, `geom` and the stored fields; those that have no geometry of their own but name parcels
are drawn as these, united.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from gis_sites.catalogue import UNKNOWN, Catalogue, FieldSpec, Layer
from gis_sites.errors import NotFound
from gis_sites.store.copy import quoted_column
from gis_sites.store.lineage import walked
from gis_sites.store.reading import has_geometry
from gis_sites.store.revisions import Revision
from gis_sites.store.shown import Setting, conditions
from gis_sites.store.tables import SCHEMA, field_columns, quoted

FORMAT = 1
"""Raised with every change of what tiles hold: pictures of another format are made anew."""
Box = tuple[float, float, float, float]
"""West, south, east, north."""
SITES = ("parcel", "offer")
"""Layers whose rows are sites: tiles tell their identifiers."""
KW = r"\m[A-Z]{2}[0-9A-Z]{2}\s?/\s?[0-9]{8}\s?/\s?[0-9]\M"
PESEL = r"(?<![0-9])[0-9]{11}(?![0-9])"


@dataclass(frozen=True)
class Drawing:
    """A layer of a state, as it may be drawn."""

    layer: Layer
    """As the public knows it."""
    revision: Revision
    srid: int
    where: str
    """Which rows of the revision are drawn."""
    parcels: str | None
    """Where rows that name parcels have their geometry from, as it stands after FROM: `key`, `geom`."""
    own: bool
    """Whether the revision has geometries."""
    stamp: str
    """Tells drawings of the same revision apart: another layer file, setting or day."""
    kept: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """What readers found out about it, for the next one."""

    @property
    def pictures(self) -> str:
        """The table of its generalised pictures."""
        return f"{SCHEMA}.tiles_{self._name}"

    @property
    def sites(self) -> str:
        """The table of the united parcels its rows name."""
        return f"{SCHEMA}.sites_{self._name}"

    @property
    def _name(self) -> str:
        return f"{self.revision.table.removeprefix(f'{SCHEMA}.')}_{self.stamp[:8]}"

    @property
    def source(self) -> str:
        """The rows that are drawn, as it stands after FROM."""
        return self._rows(quoted(self.sites))

    @property
    def live(self) -> str:
        """The same while nothing of it is made beforehand."""
        return self._rows(f"({self.union()})" if self.parcels else "")

    def union(self) -> str:
        """Return the query that unites the parcels which rows without a geometry of their own name."""
        assert self.layer.parcels is not None
        named = f"regexp_split_to_table({quoted_column(self.layer.parcels)}, '[\\s,;]+')"
        rows = f"SELECT row, {named} AS key FROM {quoted(self.revision.table)}"  # noqa: S608 - our own names
        rows += " WHERE geom IS NULL" if self.own else ""
        return (
            f"SELECT named.row, ST_Multi(ST_Union(own.geom))::geometry(MultiPolygon, {self.srid}) AS geom "  # noqa: S608
            f"FROM ({rows}) AS named JOIN {self.parcels} USING (key) GROUP BY named.row"
        )

    def _rows(self, sites: str) -> str:
        columns = ", ".join(quoted_column(name) for name in self.revision.types)
        fields = ", ".join(filter(None, ["row", "key", columns, "{geom}"]))
        plain = f"SELECT {fields} FROM {quoted(self.revision.table)}"  # noqa: S608 - our own names
        parts = []
        if self.own:
            parts.append(f"{plain.format(geom='geom')} WHERE geom IS NOT NULL AND {self.where}")
        if self.parcels:
            whole = f"{plain.format(geom='united.geom')} JOIN {sites} AS united USING (row)"
            parts.append(f"{whole} WHERE {self.where}")
        return f"({' UNION ALL '.join(parts)}) AS source"

    def classes(self) -> dict[str, str]:
        """Return what the legend speaks of: property -> SQL."""
        if not self.layer.legend:
            return {}
        names = dict.fromkeys(name for entry in self.layer.legend for name in entry.when)
        columns = [column_of(name, self.layer.fields[name]) for name in names]
        return {"legend": self._step(), **{name: self._cell(name) for name in columns}}

    def groups(self) -> str:
        """Return what pictures tell apart: JSON of the step of the legend and of the codes it names."""
        named: dict[str, set[str]] = {}
        for entry in self.layer.legend:
            for name, codes in entry.when.items():
                wanted = codes if isinstance(codes, tuple) else (codes,)
                named.setdefault(name, set()).update(_word(code) for code in wanted if code != UNKNOWN)
        pairs = [f"'legend', {self._step()}"] if self.layer.legend else []
        for name, words in named.items():
            column = column_of(name, self.layer.fields[name])
            pairs.append(f"{literal(column)}, {self._among(column, self.layer.fields[name], words)}")
        return f"jsonb_strip_nulls(jsonb_build_object({', '.join(pairs)}))::text"

    def names(self) -> dict[str, str]:
        """Return what people call a row: property -> SQL. Of sites the identifier, else what is not the key alone."""
        if self.layer.name in SITES:
            return {"id": "key"}
        key = self.layer.key_fields
        left = {*self.classes(), self.layer.parcels, *(key if len(key) == 1 else ())}
        told = {name: spec for name, spec in self.layer.fields.items() if spec.type not in {"number", "date"}}
        return {
            name: _masked(self._cell(name)) if spec.type == "text" else self._cell(name)
            for name, spec in told.items()
            if name not in left
        }

    def window(self, box: Box) -> str:
        """Return a box (EPSG:3857) in the rows' CRS, as SQL.

        Its sides bend on the way: they are taken in sixteen pieces, and what a piece may bend beyond its ends is far
        less than what is added.
        """
        piece = max(box[2] - box[0], box[3] - box[1], 16.0) / 16
        envelope = f"ST_Segmentize(ST_MakeEnvelope({', '.join(map(repr, box))}, 3857), {piece!r})"
        return f"ST_Expand(ST_Transform({envelope}, {self.srid}), {piece / 50 + 1!r})"

    def near(self, box: Box) -> str:
        """Return the condition of rows that may come into a box (EPSG:3857): it goes to the rows, not they to it."""
        return f"geom && {self.window(box)}"

    def _cell(self, column: str) -> str:
        """Read a column; what the revision lacks, or holds as another type, is unknown."""
        kind = field_columns(self.layer)[column].name
        if self.revision.types.get(column) == kind:
            return quoted_column(column)
        return f"NULL::{kind}"

    def _step(self) -> str:
        steps = [
            f"WHEN {' AND '.join([*(self._fits(*one) for one in entry.when.items()), 'true'])} THEN {step}"
            for step, entry in enumerate(self.layer.legend)
        ]
        return f"CASE {' '.join(steps)} ELSE {len(self.layer.legend)} END"

    def _fits(self, name: str, codes: object) -> str:
        spec = self.layer.fields[name]
        cell = self._cell(column_of(name, spec))
        wanted = codes if isinstance(codes, tuple) else (codes,)
        words = ", ".join(literal(_word(code)) for code in wanted if code != UNKNOWN)
        terms = [f"{cell} IS NULL"] if UNKNOWN in wanted else []
        if words and _looked_up(spec):
            terms.append(f"string_to_array({cell}, ' ') && ARRAY[{words}]")
        elif words:
            terms.append(f"{cell}::text IN ({words})")
        return f"coalesce({' OR '.join(terms)}, false)"

    def _among(self, column: str, spec: FieldSpec, codes: set[str]) -> str:
        """Read a column as far as the legend names what it says."""
        cell, words = self._cell(column), ", ".join(map(literal, sorted(codes)))
        if not words:
            return "NULL"
        if not _looked_up(spec):
            return f"CASE WHEN {cell}::text IN ({words}) THEN to_jsonb({cell}) END"
        kept = f"SELECT string_agg(word, ' ' ORDER BY word) FROM unnest(string_to_array({cell}, ' ')) AS word"  # noqa: S608
        return f"({kept} WHERE word IN ({words}))"


@dataclass(frozen=True)
class Ground:
    """What drawings are made from: revisions, the whole catalogue, the day, and how far the public may look."""

    revisions: Mapping[str, Revision]
    catalogue: Catalogue
    as_of: date
    srid: int
    setting: Setting

    @cached_property
    def layers(self) -> dict[str, Layer]:
        """The layers that may be drawn, as the public knows them."""
        return {
            layer.name: layer
            for layer in self.catalogue.public()
            if layer.public == "geometry" and layer.geometry != "table"
        }

    def drawing(self, conn: sa.Connection, name: str) -> Drawing | None:
        """Return how a layer is drawn; None where there is nothing to draw.

        Raises:
            NotFound: the public knows no such layer, or no geometry of it.
        """
        if name not in self.layers:
            raise NotFound("tiles.no_layer", layer=name)
        layer, revision = self.layers[name], self.revisions.get(name)
        if revision is None:
            return None
        own, parcels = has_geometry(conn, revision), self._parcels(layer, revision)
        if not own and parcels is None:
            return None
        only = self._only.get(name, "true")
        since = _since(conn, layer, revision, self.as_of)
        about = [FORMAT, layer.hash, revision.table, only, since and since.isoformat(), parcels]
        stamp = hashlib.sha256(json.dumps(about).encode()).hexdigest()
        where = f"({only}) AND {_valid(layer, revision, self.as_of)}"
        return Drawing(layer, revision, self.srid, where, parcels, own, stamp)

    @cached_property
    def _only(self) -> dict[str, str]:
        return conditions(self.setting, self.revisions, self.catalogue)

    def _parcels(self, layer: Layer, revision: Revision) -> str | None:
        """Return the parcels that rows of a layer may be drawn as: those that are public."""
        parcel = self.revisions.get("parcel")
        if parcel is None or layer.parcels not in revision.types:
            return None
        shown, table = self._only.get("parcel", "true"), quoted(parcel.table)
        gone = walked("SELECT DISTINCT old_id AS first FROM registry.lineage", parcel.table)
        own = f"SELECT key, geom FROM {table} WHERE geom IS NOT NULL AND ({shown})"  # noqa: S608 - our own names
        heirs = f"SELECT heir.first, own.geom FROM ({gone}) AS heir JOIN ({own}) AS own ON own.key = heir.heir"  # noqa: S608 - our own
        return f"({own} UNION ALL {heirs} WHERE heir.first <> heir.heir) AS own"


def _valid(layer: Layer, revision: Revision, day: date) -> str:
    """Return the condition of rows that count on a day: from the first to the last, an empty end is open."""
    if layer.rows.valid is None:
        return "true"
    ends = ((layer.rows.valid.start, "<="), (layer.rows.valid.end, ">="))
    terms = [
        f"coalesce({quoted_column(name)} {than} '{day}', true)"
        for name, than in ends
        if revision.types.get(name) == "date"
    ]
    return " AND ".join(terms) or "true"


def _since(conn: sa.Connection, layer: Layer, revision: Revision, day: date) -> date | None:
    """Return since when the same rows count as on a day; None: always."""
    if layer.rows.valid is None:
        return None
    ends = ((layer.rows.valid.start, ""), (layer.rows.valid.end, " + 1"))
    changes = [
        f"SELECT max({quoted_column(name)}{then}) AS day FROM {quoted(revision.table)} "  # noqa: S608 - our own names
        f"WHERE {quoted_column(name)}{then} <= '{day}'"
        for name, then in ends
        if revision.types.get(name) == "date"
    ]
    if not changes:
        return None
    found: date | None = conn.exec_driver_sql(f"SELECT max(day) FROM ({' UNION ALL '.join(changes)}) AS d").scalar_one()  # noqa: S608
    return found


def column_of(name: str, spec: FieldSpec) -> str:
    """Return the column that says which classes a field is of: of a looked-up symbol, those it allows."""
    return f"{name}_yes" if _looked_up(spec) else name


def _looked_up(spec: FieldSpec) -> bool:
    return spec.type == "codes" and spec.table is not None


def _word(code: object) -> str:
    return str(code).lower() if isinstance(code, bool) else str(code)


def literal(text: str) -> str:
    """Quote a text for SQL."""
    return "'" + text.replace("'", "''") + "'"


def _masked(cell: str) -> str:
    """Blot out land-register and PESEL numbers, as `findings.mask` does."""
    masked = f"regexp_replace(regexp_replace({cell}, {literal(KW)}, '***', 'g'), {literal(PESEL)}, '***', 'g')"
    return f"CASE WHEN {cell} ~ '[0-9]{{8}}' THEN {masked} ELSE {cell} END"
