"""The fixed tables, schema `registry`: what was handed over, loaded, noticed, published and saved.

Alembic owns these and nothing else; revision and profile tables (schema `store`) are made from the catalogue.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

SCHEMA = "registry"

ORDERED = JSON(none_as_null=True)
"""JSON whose keys keep their order, where the order means something (the wants of a requirement, a note)."""

metadata = MetaData(
    schema=SCHEMA,
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    },
)


def _id() -> Column[int]:
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def _at() -> Column[object]:
    return Column("at", DateTime(timezone=True), nullable=False, server_default=func.now())


inventory = Table(
    "inventory",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("uuid", Text, nullable=False, comment="tells this inventory's caches from another's"),
    Column("crs", Text, nullable=False),
    _at(),
    CheckConstraint("id = 1", name="one_row"),
)

sources = Table(
    "sources",
    metadata,
    _id(),
    Column("sha256", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    _at(),
)

loads = Table(
    "loads",
    metadata,
    _id(),
    Column("source_id", ForeignKey(sources.c.id), nullable=False, index=True),
    Column("fingerprint", Text, nullable=False, index=True, comment="of bytes, mapping, layer files, CRS and options"),
    Column("status", Text, nullable=False, comment="running | ready | unchanged | refused"),
    Column("publisher", Text),
    Column("dated", Date),
    Column("note", ORDERED, nullable=False),
    Column("report", ORDERED),
    _at(),
    Column("closed_at", DateTime(timezone=True)),
)

findings = Table(
    "findings",
    metadata,
    _id(),
    Column("load_id", ForeignKey(loads.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("layer", Text),
    Column("table_name", Text),
    Column("type", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("source_row", BigInteger),
    Column("key", Text),
    Column("column_name", Text),
    Column("details", JSONB, nullable=False, comment="the values its sentence shows, masked"),
    Column("wkb", LargeBinary, comment="where, in the working CRS"),
)

columns = Table(
    "columns",
    metadata,
    _id(),
    Column("load_id", ForeignKey(loads.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("table_name", Text, nullable=False),
    Column("column_name", Text, nullable=False),
    Column("fate", Text, nullable=False, comment="loaded | ignored | conflict | set"),
    Column("layer", Text),
    Column("field", Text),
    Column("reason", Text),
)

revisions = Table(
    "revisions",
    metadata,
    _id(),
    Column("layer", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("table_name", Text, nullable=False),
    Column("layer_hash", Text, nullable=False),
    Column("fields", JSONB, nullable=False, comment="stored column -> SQL type"),
    Column("rows", BigInteger, nullable=False),
    Column("status", Text, nullable=False, comment="draft | ready | dropped"),
    _at(),
    UniqueConstraint("layer", "number"),
)

parts = Table(
    "parts",
    metadata,
    _id(),
    Column("revision_id", ForeignKey(revisions.c.id, ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),
    Column("load_id", ForeignKey(loads.c.id), nullable=False, index=True),
    Column("rows", BigInteger, nullable=False),
    Column("coverage", Text, nullable=False, comment="boundary | own | file | parcels | none"),
    Column("stated", Boolean, nullable=False),
    Column("wkb", LargeBinary, comment="the coverage; null: everything"),
    Column("dated", Date),
    Column("publisher", Text),
    UniqueConstraint("revision_id", "name"),
)

profiles = Table(
    "profiles",
    metadata,
    _id(),
    Column("layer", Text, nullable=False),
    Column("kind", Text, nullable=False, comment="parcels | offers"),
    Column("stamp", Text, nullable=False, unique=True),
    Column("table_name", Text, nullable=False),
    Column("columns", JSONB, nullable=False, comment="[{name, type: number | flag | label, high: two ends}]"),
    Column("rows", BigInteger, nullable=False),
    Column("next_change", Date),
    _at(),
)

states = Table(
    "states",
    metadata,
    _id(),
    _at(),
    Column("as_of", Date, nullable=False),
    Column("crs", Text, nullable=False),
    Column("revisions", JSONB, nullable=False, comment="layer -> revision id"),
    Column("profiles", JSONB, nullable=False, comment="layer -> kind -> profile id"),
    Column("stale_after", Date),
    Column("reason", Text, nullable=False),
    Column("dropped_at", DateTime(timezone=True), comment="its tables are gone; kept for the record"),
)

shortlists = Table(
    "shortlists",
    metadata,
    Column("id", Text, primary_key=True, comment="sha256 of requirement and state"),
    Column("state_id", ForeignKey(states.c.id), nullable=False, index=True),
    Column("requirement", ORDERED, nullable=False),
    Column("result", ORDERED, nullable=False),
    _at(),
)

lineage = Table(
    "lineage",
    metadata,
    _id(),
    Column("load_id", ForeignKey(loads.c.id), nullable=False, index=True),
    Column("old_id", Text, nullable=False, index=True),
    Column("new_id", Text, nullable=False, index=True),
    Column("how", Text, nullable=False, comment="split | merged | renumbered"),
    UniqueConstraint("load_id", "old_id", "new_id"),
)

mappings = Table(
    "mappings",
    metadata,
    Column("publisher", Text, primary_key=True),
    Column("note", ORDERED, nullable=False),
    _at(),
)
