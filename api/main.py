"""The application: `create_app(settings)`; nothing is built at import."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI

from api.accessibility import add_accessibility
from api.description import complete
from api.errors import Faults, add_error_handlers
from api.face import Face
from api.limits import Limits
from api.memory import keep_freed_memory, long_lived
from api.methods import HeadLikeGet
from api.ogc import add_ogc
from api.pages import add_pages
from api.ready import look_through
from api.routes import router
from api.security import SecurityHeaders
from api.tiles import Straight, add_tiles
from api.upkeep import kept_up
from gis_sites.inventory import open_inventory
from gis_sites.settings import Settings
from gis_sites.store.connect import hasty

LONGEST_QUESTION_S = 15
"""How long the database may take over one question of a request."""


class App(FastAPI):
    """The application, with a description that stands by itself."""

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        if self.openapi_schema is None:
            self.openapi_schema = complete(super().openapi())
        return self.openapi_schema


@asynccontextmanager
async def _opened(app: FastAPI, *, settings: Settings) -> AsyncIterator[None]:
    keep_freed_memory()
    with open_inventory(settings) as inventory, hasty(inventory.store, seconds=LONGEST_QUESTION_S) as store:
        face = app.state.face = Face(inventory, store)
        with kept_up(inventory, face, partial(look_through, app, face)), long_lived():
            yield


def create_app(settings: Settings | None = None) -> FastAPI:
    """Make the application over the inventory that the settings name; it is opened when the server starts."""
    settings = settings or Settings()
    app = App(
        title="gis-sites",
        version=version("gis-sites"),
        summary="Which parcels fit this investor, why, and how sure are we",
        lifespan=partial(_opened, settings=settings),
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        license_info={"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        # Its spans hold query strings, and an environment variable would send them to another host.
        telemetry={"auto_configure": False, "tracing": False, "metrics": False, "logs": False},
    )
    _add_middleware(app, settings)
    add_error_handlers(app)
    app.include_router(router)
    add_tiles(app)
    add_ogc(app)
    add_accessibility(app)
    add_pages(app, settings)
    return app


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    """Add what stands between a request and its route, the innermost first."""
    app.add_middleware(Straight)
    app.add_middleware(Limits, settings=settings)
    app.add_middleware(Faults)
    app.add_middleware(HeadLikeGet)
    app.add_middleware(SecurityHeaders, basemap_host=settings.basemap_host)
