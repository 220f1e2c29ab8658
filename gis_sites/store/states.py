"""States: which revisions and which profile are published. A state is one row; the newest is current."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from gis_sites.errors import NotFound, Refused
from gis_sites.store import profiles as profile_blocks
from gis_sites.store import revisions as revision_tables
from gis_sites.store.connect import Store
from gis_sites.store.profiles import Profile
from gis_sites.store.registry import inventory
from gis_sites.store.registry import revisions as revisions_table
from gis_sites.store.registry import states as states_table
from gis_sites.store.revisions import Revision

PUBLISHING = "gis-sites publishing"
"""The advisory lock that puts publishers in a row."""


@dataclass(frozen=True)
class State:
    """The published revisions and the profile made from them, as of one day."""

    id: int
    at: datetime
    as_of: date
    crs: str
    revisions: Mapping[str, Revision]
    profiles: Mapping[str, Mapping[str, Profile]]
    """Layer -> kind (`parcels`, `offers`) -> the attributes the layer gives to these."""
    stale_after: date | None
    reason: str


@dataclass(frozen=True)
class Entry:
    """One line of the history of states."""

    id: int
    at: datetime
    as_of: date
    reason: str
    stale_after: date | None
    revisions: Mapping[str, int]
    """Layer -> number of the revision."""
    held: bool
    """Whether its tables are still there."""


def current_id(conn: sa.Connection) -> int | None:
    """Return the id of the current state, None before the first publication."""
    found: int | None = conn.execute(sa.select(sa.func.max(states_table.c.id))).scalar_one()
    return found


def newest(conn: sa.Connection) -> tuple[int, datetime] | None:
    """Return the id of the current state and when it was published, without reading what it holds."""
    query = sa.select(states_table.c.id, states_table.c.at).order_by(states_table.c.id.desc()).limit(1)
    row = conn.execute(query).one_or_none()
    return None if row is None else (row.id, row.at)


def current(conn: sa.Connection, *, coverages: bool = False) -> State | None:
    """Return the current state, None before the first publication."""
    newest = current_id(conn)
    return None if newest is None else get(conn, newest, coverages=coverages)


def get(conn: sa.Connection, state: int, *, coverages: bool = False) -> State:
    """Return a state; the geometries of its parts' coverages only where asked for.

    Raises:
        NotFound: there is none of that id, or its tables were dropped.
    """
    row = _held(conn, states_table.select(), state)
    held = revision_tables.several(conn, row.revisions.values(), coverages=coverages)
    revisions = {one.layer: one for one in held}
    blocks = {one.id: one for one in profile_blocks.several(conn, _ids(row.profiles))}
    profiles = {layer: {kind: blocks[one] for kind, one in kinds.items()} for layer, kinds in row.profiles.items()}
    return State(row.id, row.at, row.as_of, row.crs, revisions, profiles, row.stale_after, row.reason)


def published_at(conn: sa.Connection, state: int) -> datetime:
    """Return when a state was published, without reading what it holds.

    Raises:
        NotFound: there is none of that id, or its tables were dropped.
    """
    at: datetime = _held(conn, sa.select(states_table.c.at, states_table.c.dropped_at), state).at
    return at


def _held(conn: sa.Connection, columns: sa.Select[Any], state: int) -> sa.Row[Any]:
    row = conn.execute(columns.where(states_table.c.id == state)).one_or_none()
    if row is None:
        raise NotFound("store.no_state", id=state)
    if row.dropped_at is not None:
        raise NotFound("store.state_dropped", id=state, at=row.dropped_at.date())
    return row


def _ids(profiles: Mapping[str, Mapping[str, int]]) -> list[int]:
    return [one for kinds in profiles.values() for one in kinds.values()]


def basis(conn: sa.Connection) -> dict[str, Revision]:
    """Return the revisions the next state is made of: the published ones, and over them those that wait.

    A revision waits when it is ready and newer than any of its layer that was ever published: a rollback leaves
    nothing waiting.
    """
    now = current(conn, coverages=True)
    held = dict(now.revisions) if now else {}
    published = sa.text(
        "SELECT layer.key AS layer, max(layer.value::bigint) AS last "
        "FROM registry.states, jsonb_each_text(revisions) AS layer "
        "GROUP BY layer.key"
    )
    newest = {row.layer: row.last for row in conn.execute(published)}
    for one in reversed(revision_tables.listed(conn, coverages=True)):
        if one.id > newest.get(one.layer, 0):
            held[one.layer] = one
    return held


def publish(
    conn: sa.Connection,
    *,
    revisions: Mapping[str, int],
    profiles: Mapping[str, Mapping[str, Profile]],
    as_of: date,
    stale_after: date | None,
    reason: str,
    base: int | None = None,
) -> State:
    """Insert a new state, which is current from the commit on.

    `revisions` and `profiles` are whole: a layer not named is not held by the state. `base` is the state they
    were made from (0: there was none).

    Raises:
        Refused: another state was published since `base`.
    """
    conn.execute(sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": PUBLISHING})
    now = current_id(conn)
    if base is not None and (now or 0) != base:
        raise Refused("store.state_moved", base=base, now=now)
    row = states_table.insert().values(
        as_of=as_of,
        crs=sa.select(inventory.c.crs).scalar_subquery(),
        revisions=dict(revisions),
        profiles={layer: {kind: one.id for kind, one in kinds.items()} for layer, kinds in profiles.items()},
        stale_after=stale_after,
        reason=reason,
    )
    return get(conn, conn.execute(row.returning(states_table.c.id)).scalar_one())


def history(conn: sa.Connection) -> list[Entry]:
    """Return every state there ever was, newest first."""
    rows = conn.execute(states_table.select().order_by(states_table.c.id.desc())).all()
    every = {one for row in rows for one in row.revisions.values()}
    numbers = {one.id: one.number for one in revision_tables.several(conn, every)}
    return [
        Entry(
            row.id,
            row.at,
            row.as_of,
            row.reason,
            row.stale_after,
            {layer: numbers[one] for layer, one in row.revisions.items()},
            row.dropped_at is None,
        )
        for row in rows
    ]


def rollback(store: Store, state: int) -> State:
    """Publish the content of an older state as a new state; call it while holding `importing`.

    What waits of a layer that is taken back holds other parts of it as they were before: it is taken back with them.

    Raises:
        NotFound: there is no such state, or its tables were dropped.
        Refused: it is the current one.
    """
    with store.begin() as conn:
        older, now = get(conn, state), current(conn)
        if now is None or now.id == state:
            raise Refused("store.already_current", id=state)
        ours, theirs = ({layer: one.id for layer, one in each.revisions.items()} for each in (older, now))
        _drop_waiting(conn, [layer for layer in ours.keys() | theirs.keys() if ours.get(layer) != theirs.get(layer)])
        return publish(
            conn,
            revisions=ours,
            profiles=older.profiles,
            as_of=older.as_of,
            stale_after=older.stale_after,
            reason=f"rollback {state}",
            base=now.id,
        )


def _drop_waiting(conn: sa.Connection, layers: list[str]) -> None:
    """Mark the revisions of some layers that were never published as dropped; their tables are swept away."""
    every, layer = revisions_table, sa.func.jsonb_each_text(states_table.c.revisions).table_valued("key", "value")
    published = sa.select(sa.cast(layer.c.value, sa.BigInteger)).select_from(states_table).join(layer, sa.true())
    waiting = every.c.layer.in_(layers) & (every.c.status == "ready") & every.c.id.not_in(published)
    conn.execute(every.update().where(waiting).values(status="dropped"))


def layer_sources(state: State) -> dict[str, dict[str, Any]]:
    """Return for each layer of a state where its values come from, as answers show it."""
    return {layer: _source(revision) for layer, revision in sorted(state.revisions.items())}


def _source(revision: Revision) -> dict[str, Any]:
    dated = [part.dated for part in revision.parts if part.dated]
    publishers = {part.publisher for part in revision.parts if part.publisher}
    return {
        "kind": "layer",
        "layer": revision.layer,
        "revision": revision.number,
        "part": revision.parts[0].name if len(revision.parts) == 1 else None,
        "parts": len(revision.parts),
        # Of several parts the oldest day is said: the data speak of no later day than that.
        "dated": min(dated).isoformat() if dated else None,
        "publisher": publishers.pop() if len(publishers) == 1 else None,
    }
