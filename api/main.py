"""The application: `create_app(settings)`; nothing is built at import."""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from api.errors import add_error_handlers
from api.face import Face
from api.routes import router
from api.security import SecurityHeaders
from gis_sites.assets import asset
from gis_sites.inventory import open_inventory
from gis_sites.settings import Settings

WEB = Path(__file__).parent / "web"


def create_app(settings: Settings | None = None) -> FastAPI:
    """Make the application over the inventory that the settings name; it is opened when the server starts."""
    settings = settings or Settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with ExitStack() as stack:
            app.state.face = Face(stack.enter_context(open_inventory(settings)))
            yield

    app = FastAPI(
        title="gis-sites",
        version=version("gis-sites"),
        summary="Which parcels fit this investor, why, and how sure are we",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        license_info={"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
    )
    app.add_middleware(SecurityHeaders)
    add_error_handlers(app)
    app.include_router(router)
    app.mount("/static/swagger-ui", StaticFiles(directory=asset("swagger-ui/swagger-ui.css").parent), name="swagger-ui")
    app.mount("/static", StaticFiles(directory=WEB / "static"), name="static")

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        """Show the API, from our own assets and without inline script."""
        return HTMLResponse((WEB / "templates" / "docs.html").read_text(encoding="utf-8"))

    return app
