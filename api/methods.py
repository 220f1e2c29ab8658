"""What HTTP says of HEAD, OPTIONS and lists in headers, once for every address."""

from collections.abc import Iterable, Iterator

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class HeadLikeGet:
    """Middleware that answers HEAD as GET is answered, without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on as GET, and the answer back without its body."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self.app({**scope, "method": "GET"}, receive, send_head)


def allowed(methods: Iterable[str]) -> str:
    """Return what `Allow` says of an address that takes these methods.

    >>> allowed(["GET"]), allowed(["POST"])
    ('GET, HEAD, OPTIONS', 'OPTIONS, POST')
    """
    taken = {*methods, "OPTIONS"}
    return ", ".join(sorted(taken | {"HEAD"} if "GET" in taken else taken))


def listed(header: str | None) -> set[str]:
    """Return what a header lists."""
    return {one.strip() for one in (header or "").split(",")}


def weighed(header: str) -> Iterator[tuple[str, float]]:
    """Yield what a header of wishes lists, each with its weight; one that is no number counts as 0.

    >>> list(weighed("pl, en;q=0.5, de;q=much"))
    [('pl', 1.0), ('en', 0.5), ('de', 0.0)]
    """
    for piece in header.split(","):
        name, _, weight = piece.lower().replace(" ", "").partition(";q=")
        try:
            yield name, float(weight or 1)
        except ValueError:
            yield name, 0.0
