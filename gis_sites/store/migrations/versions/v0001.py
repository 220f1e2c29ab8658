"""The fixed tables as first published."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make every table."""
    _inventory()
    _mappings()
    _profiles()
    _revisions()
    _sources()
    _states()
    _loads()
    _shortlists()
    _columns()
    _findings()
    _lineage()
    _parts()


def _inventory() -> None:
    op.create_table(
        "inventory",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("uuid", sa.Text(), nullable=False, comment="tells this inventory's caches from another's"),
        sa.Column("crs", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_inventory_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inventory")),
        schema="registry",
    )


def _mappings() -> None:
    op.create_table(
        "mappings",
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("note", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("publisher", name=op.f("pk_mappings")),
        schema="registry",
    )


def _profiles() -> None:
    op.create_table(
        "profiles",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False, comment="parcels | offers"),
        sa.Column("stamp", sa.Text(), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column(
            "columns",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="[{name, type: number | flag | label, high: two ends}]",
        ),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("next_change", sa.Date(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_profiles")),
        sa.UniqueConstraint("stamp", name=op.f("uq_profiles_stamp")),
        schema="registry",
    )


def _revisions() -> None:
    op.create_table(
        "revisions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("layer", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("layer_hash", sa.Text(), nullable=False),
        sa.Column(
            "fields", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="stored column -> SQL type"
        ),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False, comment="draft | ready | dropped"),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revisions")),
        sa.UniqueConstraint("layer", "number", name=op.f("uq_revisions_layer_number")),
        schema="registry",
    )


def _sources() -> None:
    op.create_table(
        "sources",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sources")),
        sa.UniqueConstraint("sha256", name=op.f("uq_sources_sha256")),
        schema="registry",
    )


def _states() -> None:
    op.create_table(
        "states",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("crs", sa.Text(), nullable=False),
        sa.Column("revisions", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="layer -> revision id"),
        sa.Column(
            "profiles", postgresql.JSONB(astext_type=sa.Text()), nullable=False, comment="layer -> kind -> profile id"
        ),
        sa.Column("stale_after", sa.Date(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column(
            "dropped_at", sa.DateTime(timezone=True), nullable=True, comment="its tables are gone; kept for the record"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_states")),
        schema="registry",
    )


def _loads() -> None:
    op.create_table(
        "loads",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False, comment="of bytes, mapping, layer files, CRS and options"),
        sa.Column("status", sa.Text(), nullable=False, comment="running | ready | unchanged | refused"),
        sa.Column("publisher", sa.Text(), nullable=True),
        sa.Column("dated", sa.Date(), nullable=True),
        sa.Column("note", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("report", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["source_id"], ["registry.sources.id"], name=op.f("fk_loads_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loads")),
        schema="registry",
    )
    op.create_index(op.f("ix_loads_fingerprint"), "loads", ["fingerprint"], unique=False, schema="registry")
    op.create_index(op.f("ix_loads_source_id"), "loads", ["source_id"], unique=False, schema="registry")


def _shortlists() -> None:
    op.create_table(
        "shortlists",
        sa.Column("id", sa.Text(), nullable=False, comment="sha256 of requirement and state"),
        sa.Column("state_id", sa.BigInteger(), nullable=False),
        sa.Column("requirement", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("result", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.ForeignKeyConstraint(["state_id"], ["registry.states.id"], name=op.f("fk_shortlists_state_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shortlists")),
        schema="registry",
    )
    op.create_index(op.f("ix_shortlists_state_id"), "shortlists", ["state_id"], unique=False, schema="registry")


def _columns() -> None:
    op.create_table(
        "columns",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("load_id", sa.BigInteger(), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=False),
        sa.Column("fate", sa.Text(), nullable=False, comment="loaded | ignored | conflict | set"),
        sa.Column("layer", sa.Text(), nullable=True),
        sa.Column("field", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["load_id"], ["registry.loads.id"], name=op.f("fk_columns_load_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_columns")),
        schema="registry",
    )
    op.create_index(op.f("ix_columns_load_id"), "columns", ["load_id"], unique=False, schema="registry")


def _findings() -> None:
    op.create_table(
        "findings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("load_id", sa.BigInteger(), nullable=False),
        sa.Column("layer", sa.Text(), nullable=True),
        sa.Column("table_name", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("source_row", sa.BigInteger(), nullable=True),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("column_name", sa.Text(), nullable=True),
        sa.Column(
            "details",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="the values its sentence shows, masked",
        ),
        sa.Column("wkb", sa.LargeBinary(), nullable=True, comment="where, in the working CRS"),
        sa.ForeignKeyConstraint(
            ["load_id"], ["registry.loads.id"], name=op.f("fk_findings_load_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_findings")),
        schema="registry",
    )
    op.create_index(op.f("ix_findings_load_id"), "findings", ["load_id"], unique=False, schema="registry")


def _lineage() -> None:
    op.create_table(
        "lineage",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("load_id", sa.BigInteger(), nullable=False),
        sa.Column("old_id", sa.Text(), nullable=False),
        sa.Column("new_id", sa.Text(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False, comment="split | merged | renumbered"),
        sa.ForeignKeyConstraint(["load_id"], ["registry.loads.id"], name=op.f("fk_lineage_load_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lineage")),
        sa.UniqueConstraint("load_id", "old_id", "new_id", name=op.f("uq_lineage_load_id_old_id_new_id")),
        schema="registry",
    )
    op.create_index(op.f("ix_lineage_load_id"), "lineage", ["load_id"], unique=False, schema="registry")
    op.create_index(op.f("ix_lineage_new_id"), "lineage", ["new_id"], unique=False, schema="registry")
    op.create_index(op.f("ix_lineage_old_id"), "lineage", ["old_id"], unique=False, schema="registry")


def _parts() -> None:
    op.create_table(
        "parts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("revision_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("load_id", sa.BigInteger(), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("coverage", sa.Text(), nullable=False, comment="boundary | own | file | parcels | none"),
        sa.Column("stated", sa.Boolean(), nullable=False),
        sa.Column("wkb", sa.LargeBinary(), nullable=True, comment="the coverage; null: everything"),
        sa.Column("dated", sa.Date(), nullable=True),
        sa.Column("publisher", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["load_id"], ["registry.loads.id"], name=op.f("fk_parts_load_id")),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["registry.revisions.id"], name=op.f("fk_parts_revision_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parts")),
        sa.UniqueConstraint("revision_id", "name", name=op.f("uq_parts_revision_id_name")),
        schema="registry",
    )
    op.create_index(op.f("ix_parts_load_id"), "parts", ["load_id"], unique=False, schema="registry")
