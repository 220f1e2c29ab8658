"""The application: `create_app(settings)`; nothing is built at import."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from api.description import complete
from api.errors import Faults, add_error_handlers
from api.face import Face
from api.methods import HeadLikeGet
from api.routes import router
from api.security import SecurityHeaders
from gis_sites.assets import asset
from gis_sites.errors import WrongUse
from gis_sites.inventory import open_inventory
from gis_sites.settings import Settings

WEB = Path(__file__).parent / "web"


class App(FastAPI):
    """The application, with a description that stands by itself."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        if self.openapi_schema is None:
            self.openapi_schema = complete(super().openapi())
        return self.openapi_schema


def create_app(settings: Settings | None = None) -> FastAPI:
    """Make the application over the inventory that the settings name; it is opened when the server starts.

    Raises:
        WrongUse: the settings narrow the public parcels, which cannot be done yet.
    """
    settings = settings or Settings()
    if settings.public_parcels not in {None, "all"}:
        raise WrongUse("http.not_yet_public", value=settings.public_parcels)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with open_inventory(settings) as inventory:
            app.state.face = Face(inventory)
            yield

    app = App(
        title="gis-sites",
        version=version("gis-sites"),
        summary="Which parcels fit this investor, why, and how sure are we",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        license_info={"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        # Its spans hold query strings, and an environment variable would send them to another host.
        telemetry={"auto_configure": False, "tracing": False, "metrics": False, "logs": False},
    )
    add_error_handlers(app)
    for inner_first in (Faults, HeadLikeGet, SecurityHeaders):
        app.add_middleware(inner_first)
    app.include_router(router)
    _add_pages(app)
    return app


def _add_pages(app: FastAPI) -> None:
    app.mount("/static/swagger-ui", StaticFiles(directory=asset("swagger-ui/swagger-ui.css").parent), name="swagger-ui")
    app.mount("/static", StaticFiles(directory=WEB / "static"), name="static")

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        """Show the API, from our own assets and without inline script."""
        return HTMLResponse((WEB / "templates" / "docs.html").read_text(encoding="utf-8"))
