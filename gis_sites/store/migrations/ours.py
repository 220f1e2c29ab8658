"""What alembic may see: schema `registry`, nothing else."""

from typing import Any

from gis_sites.store.registry import SCHEMA, metadata


def ours(name: str | None, kind: str, _parents: Any) -> bool:  # noqa: ANN401 - alembic's mapping
    """Keep every other schema out of sight."""
    return kind != "schema" or name == SCHEMA


OPTIONS: dict[str, Any] = {
    "target_metadata": metadata,
    "version_table_schema": SCHEMA,
    "include_schemas": True,
    "include_name": ours,
    "compare_type": True,
    "compare_server_default": True,
}
