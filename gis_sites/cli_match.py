"""The commands that answer an investor: `gis-sites match`, `templates`, `why`, `repeat`."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gis_sites.errors import WrongUse
from gis_sites.terminal import Json, Lang, draw, language, opened, tell
from gis_sites.words import say

if TYPE_CHECKING:
    from gis_sites.inventory import Inventory

commands = typer.Typer()


@commands.command()
def match(
    requirement: Annotated[Path | None, typer.Argument(help="What the investor needs (TOML or JSON).")] = None,
    template: Annotated[str | None, typer.Option(help="A sector template to start from.")] = None,
    top: Annotated[int, typer.Option(min=1, max=100_000, help="How many candidates.")] = 10,
    lang: Lang = None,
    map_: Annotated[Path | None, typer.Option("--map", metavar="FILE.html")] = None,
    export: Annotated[list[Path] | None, typer.Option(metavar="FILE.gpkg|.xlsx|.csv|.geojson")] = None,
    save: Annotated[
        bool, typer.Option("--save", help="Keep the shortlist, so that `repeat` can answer again.")
    ] = False,
    json_: Json = None,
) -> None:
    """Find the sites that fit, with reasons."""
    from gis_sites.matching.reading import read_requirement

    if requirement is None and template is None:
        raise WrongUse("cli.no_requirement")
    asked = read_requirement(requirement or {}, template=template)
    with opened() as inventory:
        shortlist = inventory.match(asked, top=top)
        if save:
            inventory.save(shortlist)
        if map_:
            inventory.map(shortlist, map_, lang=language(lang))
        for path in export or []:
            inventory.export(shortlist, path, lang=language(lang))
        _tell_shortlist(inventory, shortlist, lang, json_)


@commands.command()
def templates(
    name: Annotated[
        str | None, typer.Argument(help="Print this one, to edit: `templates logistics > ours.toml`.")
    ] = None,
    lang: Lang = None,
) -> None:
    """List the sector templates that `match --template` begins with, or print one."""
    from gis_sites.matching.reading import template_text
    from gis_sites.show import templates_table

    if name is None:
        draw(templates_table(language(lang)))
    else:
        sys.stdout.write(template_text(name))


def _tell_shortlist(inventory: "Inventory", shortlist: dict[str, Any], lang: str | None, json_: str | None) -> None:
    from gis_sites.show import shortlist_shown
    from gis_sites.show_answer import answers_shown

    def things() -> Iterator[Any]:
        yield from shortlist_shown(shortlist, inventory.catalogue, language(lang))
        yield from answers_shown(shortlist, inventory.catalogue, language(lang))

    tell(shortlist, json_, things)


@commands.command()
def why(
    requirement: Annotated[str, typer.Argument(help="A requirement's file, or a saved shortlist's id.")],
    parcel: str,
    lang: Lang = None,
    json_: Json = None,
) -> None:
    """Explain why a parcel fits, or why not."""
    from gis_sites.matching.sentences import sentences

    with opened() as inventory:
        explanation = inventory.why_in(requirement, parcel)
        tell(explanation, json_, lambda: sentences(explanation, inventory.catalogue, language(lang)))


@commands.command()
def repeat(shortlist: str, lang: Lang = None, json_: Json = None) -> None:
    """Answer a saved requirement again, from its own state; exit 1 if anything differs."""
    with opened() as inventory:
        answer, differing = inventory.repeat(shortlist)
        _tell_shortlist(inventory, answer, lang, json_)
    for place in differing:
        print(say("cli.differs", language(lang), place=place), file=sys.stderr)
    raise typer.Exit(1 if differing else 0)
