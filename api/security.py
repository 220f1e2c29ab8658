"""Headers every answer carries: nothing from other hosts, no inline script or style, no guessing of types."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self'",
        "font-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), microphone=(), geolocation=(self)",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def policy(basemap_host: str | None) -> str:
    """Return the content security policy, widened by the basemap's host alone where an office has set one."""
    wider = ("img-src 'self' data:", "connect-src 'self'")
    parts = (f"{one} {basemap_host}" if basemap_host and one in wider else one for one in POLICY.split("; "))
    return "; ".join(parts)


class SecurityHeaders:
    """Middleware that puts the headers on every answer, errors included."""

    def __init__(self, app: ASGIApp, basemap_host: str | None = None) -> None:
        self.app = app
        self.headers = {**HEADERS, "content-security-policy": policy(basemap_host)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and the answer back with the headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)
