"""What HTTP says of HEAD and OPTIONS, once for every address."""

from collections.abc import Iterable

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
