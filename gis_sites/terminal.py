"""The terminal: progress bars on standard error, answers on standard output."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from gis_sites.errors import WrongUse
from gis_sites.settings import Settings
from gis_sites.words import LANGUAGES, number, say

if TYPE_CHECKING:
    from gis_sites.inventory import Inventory
    from gis_sites.progress import Progress

SAID = {"profile", "tiles"}
"""The steps that have a sentence (`progress.<step>`); others name themselves."""
PACE_S = 600.0
"""Over how many seconds the pace is averaged: partitions of a large layer take long."""
Lang = Annotated[str | None, typer.Option(help="Language of the answer: pl or en.")]
Json = Annotated[str | None, typer.Option("--json", metavar="-", help="Write one JSON document to standard output.")]


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
def opened(lang: str | None = None) -> "Iterator[Inventory]":
    """Open the inventory of the settings, to speak the language asked for."""
    from gis_sites.inventory import open_inventory

    with open_inventory(Settings().model_copy(update={"lang": language(lang)})) as inventory:
        yield inventory


@contextmanager
def progress_bars(lang: str | None = None) -> "Iterator[Progress]":
    """Show a bar a step on standard error, when a person is looking: what is done, how much of it, the time left."""
    from rich import progress
    from rich.console import Console

    console = Console(stderr=True)
    columns = (
        progress.TextColumn("{task.description}"),
        progress.BarColumn(bar_width=20),
        progress.TextColumn("{task.fields[amount]}"),
        progress.TimeRemainingColumn(elapsed_when_finished=True),
    )
    spoken = language(lang)
    with progress.Progress(
        *columns, console=console, disable=not console.is_terminal, speed_estimate_period=PACE_S
    ) as bars:
        tasks: dict[str, Any] = {}

        def show(step: str, done: int, total: int | None = None, **where: Any) -> None:  # noqa: ANN401
            text, amount = step_text(step, spoken, where), _amount(done, total, spoken, where)
            if step not in tasks:
                tasks[step] = bars.add_task(text, total=total, amount=amount)
            bars.update(tasks[step], completed=done, total=total, description=text, amount=amount)

        yield show


def step_text(step: str, lang: Literal["pl", "en"], where: Mapping[str, Any]) -> str:
    """Say what is being done and where; a step without a sentence of its own says so itself."""
    if step not in SAID:
        return step
    said = {name: one.say(lang) if hasattr(one, "say") else one for name, one in where.items()}
    return say(f"progress.{step}", lang, **said)


def _amount(done: int, total: int | None, lang: str, where: Mapping[str, Any]) -> str:
    """Say how much is done: of what is counted the number, else the share."""
    if total is None:
        return number(done, lang, 0)
    return f"{done / max(total, 1):.0%}" if where else f"{number(done, lang, 0)}/{number(total, lang, 0)}"


def tell(document: Any, json_: str | None, things: Callable[[], Iterable[Any]]) -> None:  # noqa: ANN401 - any JSON
    """Write a document as JSON where that is asked for, else draw the things that show it to a person."""
    if json_:
        write_json(document)
        return
    for thing in things():
        draw(thing)


def draw(thing: Any) -> None:  # noqa: ANN401 - whatever rich can draw
    """Draw a table or a line on standard output."""
    from rich.console import Console

    console = Console()
    # A pipe has no width; tables must not be squeezed into 80 columns there.
    (console if console.is_terminal else Console(width=160)).print(thing)


def write_json(document: Any) -> None:  # noqa: ANN401 - any JSON
    """Write one document to standard output."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2, default=str) + "\n")
