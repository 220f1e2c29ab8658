"""How much one client may ask, how much is worked on at once, and how long a body may take to come.

A bucket a client and a kind of request: full at first, refilled evenly, emptied by one with each request. Clients are
told apart by the address uvicorn gives: the forwarded one only where uvicorn trusts the proxy that says it.
"""

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from urllib.parse import parse_qs

import anyio
from fastapi import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import Busy, TooSlow, problem
from gis_sites.kept import Kept
from gis_sites.settings import Settings
from gis_sites.words import Said

USUAL_RATE = 60
"""Costly requests a minute of one client, where the public asks and the settings say nothing."""
MOST_CLIENTS = 10_000
"""Buckets kept; the one longest unused goes first."""
BODY_S = 30.0
"""How long a body may take to come."""
WAIT_S = 20.0
"""How long a request may wait for its turn."""
MOST_WAITING = 32


@dataclass(frozen=True)
class Kind:
    """Requests of one kind: how many a client may make for one costly one, and how many are worked on at once."""

    name: str
    share: int
    turns: int | None


COSTLY = Kind("costly", 1, os.cpu_count() or 1)
"""Whatever is posted, what is asked for as a file, and an answer asked for by its address."""
LIGHT = frozenset({"html", "json", "points"})
"""Forms of a page that are no files."""
ANSWER = "/shortlists/answer"
READING = frozenset({"GET", "HEAD", "OPTIONS"})
PAGE = Kind("page", 10, 8)
TILE = Kind("tile", 100, None)
FREE = Kind("free", 0, None)


def kind_of(method: str, path: str, query: bytes = b"") -> Kind:
    """Return how a request counts.

    >>> [kind_of(*one).name for one in (("POST", "/shortlists"), ("GET", "/"), ("GET", "/tiles/1/parcel/9/1/2"))]
    ['costly', 'page', 'tile']
    >>> [kind_of("GET", "/", query).name for query in (b"format=csv", b"v=2&format=points")]
    ['costly', 'page']
    """
    if path.startswith("/static/"):
        return FREE
    if path.startswith("/tiles/"):
        return TILE
    if not LIGHT.issuperset(parse_qs(query.decode("latin-1")).get("format", ())):
        return COSTLY
    return PAGE if method in READING and path != ANSWER else COSTLY


class Buckets:
    """What each client has left, of one kind of request."""

    def __init__(
        self, per_minute: float, *, most: int = MOST_CLIENTS, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.size = per_minute
        self._now = now
        self._left: Kept[str, tuple[float, float]] = Kept(most)

    def __len__(self) -> int:
        return len(self._left)

    def take(self, client: str) -> float:
        """Take one from a client's bucket; return 0, or in how many seconds there will be one to take."""
        now = self._now()
        left, at = self._left.get(client) or (self.size, now)
        left = min(left + (now - at) * self.size / 60, self.size)
        wait = 0.0 if left >= 1 else (1 - left) * 60 / self.size
        self._left.put(client, (left - 1 if left >= 1 else left, now))
        return wait


def client_of(scope: Scope) -> str:
    """Return who asks: an address, of version 6 the network of a household."""
    host = (scope.get("client") or ("",))[0]
    try:
        address = ip_address(host)
    except ValueError:
        return str(host)
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or IPv6Address(int(address) >> 64 << 64)
    return str(address)


def rate_of(settings: Settings) -> int:
    """Return how many costly requests a minute a client may make; 0: as many as it likes."""
    if settings.rate_per_minute is not None:
        return settings.rate_per_minute
    return 0 if settings.public_parcels is None else USUAL_RATE


class Turns:
    """So many requests are worked on at once; others wait, not too many and not too long."""

    def __init__(self, turns: int) -> None:
        self._turns = anyio.Semaphore(turns)
        self._waiting = 0

    async def take(self) -> None:
        """Wait for a turn.

        Raises:
            Busy: too many wait already, or the wait is too long.
        """
        if self._waiting >= MOST_WAITING:
            raise Busy("http.busy")
        self._waiting += 1
        try:
            with anyio.fail_after(WAIT_S):
                await self._turns.acquire()
        except TimeoutError:
            raise Busy("http.busy") from None
        finally:
            self._waiting -= 1

    def give(self) -> None:
        """Let the next one have its turn."""
        self._turns.release()


class Limits:
    """Middleware that keeps requests within what one client may ask and the machine can do."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        rate = rate_of(settings)
        kinds = (COSTLY, PAGE, TILE)
        self._buckets = {kind: Buckets(rate * kind.share) for kind in kinds} if rate else {}
        self._turns = {kind: Turns(kind.turns) for kind in kinds if kind.turns}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on when it may be, and when it is its turn."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        kind = kind_of(scope["method"], scope["path"], scope.get("query_string", b""))
        if kind in self._buckets and (wait := self._buckets[kind].take(client_of(scope))):
            seconds = math.ceil(wait)
            said = Said("http.too_many", {"seconds": seconds})
            answer = problem(Request(scope), 429, said, headers={"retry-after": str(seconds)})
            await answer(scope, receive, send)
            return
        turn = Turn(self._turns.get(kind), receive, send)
        try:
            if scope["method"] in READING:  # nothing is waited for: there is no body
                await turn.take()
            await self.app(scope, turn.receive, turn.send)
        except Busy as error:
            if turn.begun:
                raise
            answer = problem(Request(scope), 503, Said(error.key), headers={"retry-after": "5"})
            await answer(scope, receive, send)
        finally:
            turn.give()


class Turn:
    """The turn of one request: taken when its whole body is there, given back when its answer begins.

    So neither a client that sends slowly nor one that reads slowly keeps the others waiting.
    """

    def __init__(self, turns: Turns | None, receive: Receive, send: Send) -> None:
        self._turns = turns
        self._receive = receive
        self._send = send
        self._until = time.monotonic() + BODY_S
        self._read = self._held = False
        self.begun = False

    async def take(self) -> None:
        """Wait for the turn, if it is not had already.

        Raises:
            Busy: it does not come.
        """
        if self._turns and not self._held:
            await self._turns.take()
            self._held = True

    def give(self) -> None:
        """Give the turn back."""
        if self._turns and self._held:
            self._held = False
            self._turns.give()

    async def receive(self) -> Message:
        """Receive a piece of the body, and after the last of them the turn.

        Raises:
            TooSlow: it does not come.
            Busy: the turn does not come.
        """
        if self._read:
            return await self._receive()
        try:
            with anyio.fail_after(max(self._until - time.monotonic(), 0)):
                message = await self._receive()
        except TimeoutError:
            raise TooSlow("http.too_slow", seconds=int(BODY_S)) from None
        self._read = not message.get("more_body", False)
        if self._read and message["type"] == "http.request":
            await self.take()
        return message

    async def send(self, message: Message) -> None:
        """Send a piece of the answer."""
        self.begun = True
        self.give()
        await self._send(message)
