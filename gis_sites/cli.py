"""The command line: one command, `gis-sites`. It reads words, calls the inventory, and shows what came back."""

import signal
import sys
from itertools import pairwise

import typer

from gis_sites import cli_held, cli_import, cli_match, cli_serve
from gis_sites.cli_db import db
from gis_sites.errors import GisSitesError
from gis_sites.settings import Settings
from gis_sites.words import LANGUAGES, say

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Inventory of investment land: import layers, profile parcels, match an investor's requirement.",
)
for some in (cli_import, cli_held, cli_match, cli_serve):
    app.add_typer(some.commands)
app.add_typer(db, name="db")


def main() -> None:
    """Run the command; an error a person can mend ends with its sentence, not with a trace."""
    # Ended by another program, a command still lets go of the database it shares.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        app()
    except GisSitesError as error:
        lang = _asked_lang(sys.argv) or Settings().lang
        print(say("cli.error", lang, sentence=error.sentence(lang)), file=sys.stderr)
        sys.exit(error.exit_code)


def _asked_lang(words: list[str]) -> str | None:
    """Return the language the command line asks for, where it is one we speak: errors are said in it too."""
    asked = [after for word, after in pairwise(words) if word == "--lang"]
    asked += [word.removeprefix("--lang=") for word in words if word.startswith("--lang=")]
    return next((lang for lang in asked if lang in LANGUAGES), None)
