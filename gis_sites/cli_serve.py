"""The commands that show it to people: `gis-sites demo` and `serve`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from gis_sites.errors import WrongUse
from gis_sites.settings import Settings
from gis_sites.terminal import Lang, draw, language, progress_bars

commands = typer.Typer()


@commands.command()
def demo(
    parcels: Annotated[int, typer.Option(min=500, max=2_000_000, help="How large the city is.")] = 2000,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Do not serve the API at the end.")] = False,
    folder: Annotated[Path, typer.Option(help="Where files and maps are written.")] = Path("demo"),
    lang: Lang = None,
) -> None:
    """Take a synthetic city through the whole house: three shortlists and three maps."""
    from gis_sites.inventory import open_inventory
    from gis_sites.show import show_demo

    settings = _demo_settings(parcels)
    with open_inventory(settings) as inventory, progress_bars() as progress:
        for thing in show_demo(inventory, folder, parcels=parcels, lang=language(lang), progress=progress):
            draw(thing)
    if not no_serve:
        _serve(settings, "127.0.0.1", 8000)


def _demo_settings(parcels: int) -> Settings:
    """Keep the demo city apart from a real inventory, unless told where it goes."""
    settings = Settings()
    if settings.database_url or "home" in settings.model_fields_set:
        return settings
    return settings.model_copy(update={"home": settings.home.with_name(f"gis-sites-demo-{parcels}")})


@commands.command()
def serve(
    host: str = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    workers: Annotated[
        int, typer.Option(min=1, max=64, help="Processes that answer; each counts a client's requests by itself.")
    ] = 1,
) -> None:
    """Serve the API and the pages."""
    _serve(Settings(), host, port, workers=workers)


def _serve(settings: Settings, host: str, port: int, *, workers: int = 1) -> None:
    import importlib

    import uvicorn

    from gis_sites.inventory import open_inventory

    if settings.public_parcels is None and not _is_loopback(host):
        raise WrongUse("cli.not_public", host=host)
    face = importlib.import_module("api.main").create_app(settings)
    # A database that cannot be had is told in a sentence, not by a server that fails to start.
    with open_inventory(settings) as inventory:
        # What others read of the database must not show more than the server does.
        if not inventory.refresh_views():
            raise WrongUse("cli.views_held")
        inventory.refresh_tiles()
        # Query strings are nobody's business: uvicorn would log them with every request.
        options: dict[str, Any] = {"host": host, "port": port, "access_log": False, "server_header": False}
        if workers == 1:
            uvicorn.run(face, **options)
        else:  # each makes the application for itself, from the same settings
            uvicorn.run("api.main:create_app", factory=True, workers=workers, **options)


def _is_loopback(host: str) -> bool:
    import ipaddress

    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
