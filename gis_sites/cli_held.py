"""The commands that show what is held, since when, and go back: `gis-sites layers`, `states`, `findings` and others."""

from pathlib import Path
from typing import Annotated

import typer

from gis_sites.terminal import Json, Lang, draw, language, opened, tell

commands = typer.Typer()


@commands.command()
def layers(lang: Lang = None, json_: Json = None) -> None:
    """Show every layer with its parts, rows, day, coverage and publisher."""
    from gis_sites.show import layers_document, layers_table

    with opened() as inventory:
        found = layers_document(inventory.catalogue, inventory.state)
    tell(found, json_, lambda: [layers_table(found, language(lang))])


@commands.command()
def revisions(layer: Annotated[str | None, typer.Argument()] = None, lang: Lang = None, json_: Json = None) -> None:
    """Show every revision that is held, newest first."""
    from gis_sites.show import revisions_document, revisions_table

    with opened() as inventory:
        found = revisions_document(inventory.revisions(layer), inventory.state)
    tell(found, json_, lambda: [revisions_table(found, language(lang))])


@commands.command()
def states(lang: Lang = None, json_: Json = None) -> None:
    """Show every state there ever was, newest first."""
    from gis_sites.show import states_document, states_table

    with opened() as inventory:
        found = states_document(inventory.states())
    tell(found, json_, lambda: [states_table(found, language(lang))])


@commands.command()
def rollback(state: int, lang: Lang = None) -> None:
    """Publish what an older state published."""
    from gis_sites.show import state_line

    with opened() as inventory:
        draw(state_line(inventory.rollback(state), language(lang)))


@commands.command()
def findings(
    load: int,
    export: Annotated[
        Path | None, typer.Option(metavar="FILE.gpkg", help="Write them with their places, for QGIS.")
    ] = None,
    lang: Lang = None,
    json_: Json = None,
) -> None:
    """Show what a load noticed, type by type: what it means, whose job it is, how it is mended, and where it is."""
    from gis_sites.show_import import findings_document, findings_tables

    with opened() as inventory:
        found = findings_document(inventory.findings(load), language(lang))
        if export:
            inventory.export_findings(load, export, lang=language(lang))
    tell(found, json_, lambda: findings_tables(found, language(lang)))


@commands.command()
def changes(
    load: int,
    map_: Annotated[Path | None, typer.Option("--map", metavar="FILE.html", help="Draw it, before and after.")] = None,
    lang: Lang = None,
    json_: Json = None,
) -> None:
    """Show what a load changed: added, changed, removed, split, merged, renumbered."""
    from gis_sites.show_changes import changes_document, changes_tables

    with opened() as inventory:
        told, layers = inventory.changes(load)
        if map_:
            inventory.change_map(told, layers, map_, lang=language(lang))
    found = changes_document(told, layers)
    tell(found, json_, lambda: changes_tables(found, language(lang)))
