"""What is kept: the last states, those a saved shortlist stands on, and the tables these name."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from gis_sites import scratch
from gis_sites.store import registry
from gis_sites.store.connect import Store
from gis_sites.store.faults import is_locked
from gis_sites.store.states import basis
from gis_sites.store.tables import SCHEMA, quoted

PATIENCE = "2s"
"""How long a table that somebody reads is waited for before it is left to the next time."""
CACHE = "^(?:tiles|sites)_(.+)_[0-9a-f]{8}$"
"""Tables made of a revision's own, named after it: they go with it."""


@dataclass(frozen=True)
class Pruned:
    """What was dropped."""

    states: tuple[int, ...]
    tables: tuple[str, ...]
    snapshots: tuple[str, ...]


def prune(store: Store) -> Pruned:
    """Drop the states beyond the last `keep_states` that no saved shortlist stands on, and what only they held.

    Call it while holding `importing`. Revisions that are ready and wait for their publication stay.
    """
    with store.begin() as conn:
        states = _drop_states(conn, store.settings.keep_states)
    return Pruned(states, sweep(store), _drop_snapshots(store))


def _drop_states(conn: sa.Connection, keep: int) -> tuple[int, ...]:
    states = registry.states
    held = states.c.dropped_at.is_(None)
    last = sa.select(states.c.id).where(held).order_by(states.c.id.desc()).limit(keep)
    saved = sa.select(registry.shortlists.c.state_id)
    beyond = held & states.c.id.not_in(last) & states.c.id.not_in(saved)
    gone = states.update().where(beyond).values(dropped_at=sa.func.now()).returning(states.c.id)
    return tuple(sorted(conn.execute(gone).scalars()))


def tidy(store: Store) -> None:
    """Take away what killed commands left: tables, snapshots of states that are no more, folders for a while."""
    sweep(store)
    _drop_snapshots(store)
    scratch.sweep(store.snapshots)
    scratch.sweep()


def sweep(store: Store) -> tuple[str, ...]:
    """Drop the tables no held state names: those of dropped states and those a crashed command left.

    The registry keeps the rows of dropped revisions, so that their numbers are never given again.
    """
    with store.begin() as conn:
        waiting = {one.table for one in basis(conn).values()}
        tables = [table for table in _orphans(conn) if table not in waiting]
    return tuple(name for name in tables if _drop(store, name))


def _orphans(conn: sa.Connection) -> list[str]:
    found = sa.text(
        "WITH held AS (SELECT revisions, profiles FROM registry.states WHERE dropped_at IS NULL), wanted AS ("
        " SELECT table_name FROM registry.revisions WHERE id IN"
        "  (SELECT value::bigint FROM held, jsonb_each_text(held.revisions))"
        " UNION SELECT table_name FROM registry.profiles WHERE id IN"
        "  (SELECT kind.value::bigint FROM held, jsonb_each(held.profiles) AS layer,"
        "   jsonb_each_text(layer.value) AS kind)"
        # Blocks younger than the newest state wait for the next one: a run that was broken off goes on with them.
        "  OR at > (SELECT coalesce(max(at), '-infinity') FROM registry.states))"
        "SELECT schemaname || '.' || tablename AS name FROM pg_tables WHERE schemaname = :schema AND NOT EXISTS ("
        " SELECT FROM wanted WHERE table_name IN (schemaname || '.' || tablename,"
        "  regexp_replace(tablename, :cache, schemaname || '.\\1'))) ORDER BY name"
    )
    return list(conn.execute(found, {"schema": SCHEMA, "cache": CACHE}).scalars())


def _drop(store: Store, table: str) -> bool:
    """Drop one table with its entry; leave it if somebody is reading it."""
    try:
        with store.begin() as conn:
            conn.execute(sa.text(f"SET LOCAL lock_timeout = '{PATIENCE}'"))
            # Views of an old state may still stand on it; they are re-made with the next one.
            conn.execute(sa.text(f"DROP TABLE IF EXISTS {quoted(table)} CASCADE"))
            blocks, revisions = registry.profiles, registry.revisions
            conn.execute(blocks.delete().where(blocks.c.table_name == table))
            conn.execute(revisions.update().where(revisions.c.table_name == table).values(status="dropped"))
    except sa.exc.OperationalError as error:
        if not is_locked(error):
            raise
        return False
    return True


def _drop_snapshots(store: Store) -> tuple[str, ...]:
    with store.begin() as conn:
        held = set(
            conn.execute(sa.select(registry.states.c.id).where(registry.states.c.dropped_at.is_(None))).scalars()
        )
    gone = [file for file in _snapshots(store) if not _is_of(file, held)]
    for file in gone:
        file.unlink(missing_ok=True)
    return tuple(file.name for file in gone)


def _snapshots(store: Store) -> Iterable[Path]:
    return sorted(store.snapshots.glob("state-*.arrow"))


def _is_of(file: Path, states: set[int]) -> bool:
    number = file.name.split("-")[1]
    return number.isdigit() and int(number) in states
