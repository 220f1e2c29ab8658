"""The terminal: progress bars on standard error, answers on standard output."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from gis_sites.errors import WrongUse
from gis_sites.settings import Settings
from gis_sites.words import LANGUAGES

if TYPE_CHECKING:
    from gis_sites.progress import Progress

Lang = Annotated[str | None, typer.Option(help="Language of the answer: pl or en.")]


def language(asked: str | None) -> Literal["pl", "en"]:
    """Return the language to answer in: the one asked for, else that of the settings.

    Raises:
        WrongUse: we do not speak it.
    """
    chosen = asked or Settings().lang
    if chosen not in LANGUAGES:
        raise WrongUse("cli.no_lang", lang=chosen, allowed=", ".join(LANGUAGES))
    return "en" if chosen == "en" else "pl"


@contextmanager
def progress_bars() -> "Iterator[Progress]":
    """Show a bar a step on standard error, when a person is looking."""
    from rich import progress
    from rich.console import Console

    console = Console(stderr=True)
    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TimeRemainingColumn(elapsed_when_finished=True),
    )
    with progress.Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def show(step: str, done: int, total: int | None = None) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total)
            bars.update(tasks[step], completed=done, total=total)

        yield show


def draw(thing: Any) -> None:  # noqa: ANN401 - whatever rich can draw
    """Draw a table or a line on standard output."""
    from rich.console import Console

    console = Console()
    # A pipe has no width; tables must not be squeezed into 80 columns there.
    (console if console.is_terminal else Console(width=160)).print(thing)


def write_json(document: Any) -> None:  # noqa: ANN401 - any JSON
    """Write one document to standard output."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2, default=str) + "\n")
