"""The commands about the database: `gis-sites db`."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gis_sites.settings import Settings
from gis_sites.terminal import Lang, language
from gis_sites.words import say

if TYPE_CHECKING:
    from gis_sites.store.cluster import Status

db = typer.Typer(no_args_is_help=True, help="The database: the private cluster, or the server you set.")


@db.command("start")
def db_start(lang: Lang = None) -> None:
    """Start the private cluster and let it stay."""
    from gis_sites.store import cluster

    _print_status(cluster.start(Settings()), lang)


@db.command("stop")
def db_stop(
    force: Annotated[bool, typer.Option("--force", help="Now, even while commands use it.")] = False, lang: Lang = None
) -> None:
    """Let the private cluster go: now, or when the last command that uses it ends."""
    from gis_sites.store import cluster

    _print_status(cluster.stop(Settings(), force=force), lang)


@db.command("status")
def db_status(lang: Lang = None) -> None:
    """Tell how the database is, without starting it."""
    from gis_sites.store import cluster

    _print_status(cluster.status(Settings()), lang)


@db.command("url")
def db_url() -> None:
    """Print the address of the running database, password included."""
    from gis_sites.store import cluster

    print(cluster.url(Settings()))


@db.command("backup")
def db_backup(
    file: Annotated[Path, typer.Argument(help="Where the backup is written; what is there is replaced.")],
    lang: Lang = None,
) -> None:
    """Write the whole inventory into one file: layers, states, notes and saved shortlists."""
    from gis_sites.store.backup import backup

    made = backup(Settings(), file)
    print(say("cli.backed_up", language(lang), file=file, state=made.about.state or "-", mb=-(-made.size // 1_000_000)))


@db.command("restore")
def db_restore(file: Annotated[Path, typer.Argument(help="A file written by `db backup`.")], lang: Lang = None) -> None:
    """Bring a backup back into an empty inventory; every answer is as it was, to the last bit."""
    from gis_sites.inventory import open_inventory
    from gis_sites.store.backup import restore

    made = restore(Settings(), file)
    with open_inventory(Settings()) as inventory:
        inventory.refresh_views()
    at = f"{made.about.at:%Y-%m-%d %H:%M} UTC"
    print(say("cli.restored", language(lang), at=at, state=made.about.state or "-"))
    if made.differing:
        print(say("cli.layers_differ", language(lang), files=", ".join(made.differing)), file=sys.stderr)


def _print_status(status: "Status", lang: str | None) -> None:
    from gis_sites.show import status_text

    print(status_text(status, language(lang)))
