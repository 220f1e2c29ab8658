"""Versions of the fixed tables. Alembic owns schema `registry` only and never sees the others."""

from pathlib import Path

import sqlalchemy as sa

HEAD = "0001"
"""The newest version; a constant, so that an up-to-date registry is known without importing alembic."""


def upgrade(conn: sa.Connection) -> None:
    """Bring the registry to the newest version, within the connection's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = conn
    command.upgrade(config, "head")
