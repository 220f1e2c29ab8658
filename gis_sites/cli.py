"""The command line: one command, `gis-sites`. It reads words, calls the inventory, and shows what came back."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gis_sites.cli_db import db
from gis_sites.errors import GisSitesError, WrongUse
from gis_sites.settings import Settings
from gis_sites.terminal import Lang, draw, language, progress_bars, write_json
from gis_sites.words import LANGUAGES, say

if TYPE_CHECKING:
    from gis_sites.inventory import Inventory

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Inventory of investment land: import layers, profile parcels, match an investor's requirement.",
)
app.add_typer(db, name="db")

Json = Annotated[str | None, typer.Option("--json", metavar="-", help="Write one JSON document to standard output.")]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]


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


@contextmanager
def _inventory(lang: str | None = None) -> "Iterator[Inventory]":
    from gis_sites.inventory import open_inventory

    with open_inventory(Settings().model_copy(update={"lang": language(lang)})) as inventory:
        yield inventory


def _day(day: datetime | None) -> date | None:
    return day.date() if day else None


# ---- in ------------------------------------------------------------------------------------------------


@app.command(name="import")
def import_(
    file: Annotated[
        Path, typer.Argument(help="GeoPackage, Shapefile, GeoJSON, FlatGeobuf, GML, CSV, XLSX; zipped or not.")
    ],
    mapping: Annotated[Path | None, typer.Option(help="A note (TOML) that holds any of the options.")] = None,
    layer: Annotated[list[str] | None, typer.Option(metavar="TABLE=LAYER[,LAYER]|skip")] = None,
    rest: Annotated[str | None, typer.Option(metavar="skip", help="Leave out the tables nobody recognised.")] = None,
    column: Annotated[list[str] | None, typer.Option(metavar="TABLE.COL=LAYER.FIELD")] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="LAYER.FIELD=VALUE")] = None,
    part: Annotated[
        list[str] | None, typer.Option(metavar="[TABLE=]NAME", help="The part this delivery replaces.")
    ] = None,
    coverage: Annotated[list[str] | None, typer.Option(metavar="[LAYER=]boundary|parcels|own|none|FILE")] = None,
    crs: Annotated[
        list[str] | None,
        typer.Option(metavar="[TABLE=]EPSG:n", help="Of numbers; 'EPSG:n swapped' turns easting and northing round."),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of texts whose file does not say it: cp1250, utf-8.")
    ] = None,
    dated: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day the data speak of.")] = None,
    publisher: Annotated[str | None, typer.Option(help="Whose data these are.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would happen.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    allow_shrink: Annotated[bool, typer.Option("--allow-shrink")] = False,
    no_profile: Annotated[bool, typer.Option("--no-profile", help="Load only; `profile` publishes later.")] = False,
    lang: Lang = None,
    json_: Json = None,
) -> None:
    """Take a source in: recognise, repair, compare, load, profile, publish."""
    from gis_sites.intake.note import note_of, read_note

    said = note_of(
        layer=layer or (),
        column=column or (),
        set=set_ or (),
        part=part or (),
        coverage=coverage or (),
        rest=rest,
        crs=crs or (),
        encoding=encoding,
        dated=_day(dated),
        publisher=publisher,
        allow_shrink=allow_shrink,
    )
    note = said.over(read_note(mapping)) if mapping else said
    with _inventory(lang) as inventory, progress_bars(lang) as progress:
        if not yes and not dry_run:
            preview = inventory.import_file(file, note, dry_run=True, progress=progress)
            if preview.status == "nothing_to_do":
                _tell_report(preview, lang, json_)
                return
            if not _agreed(preview, lang):
                _tell_report(preview, lang, json_)
                print(say("cli.need_yes", language(lang)), file=sys.stderr)
                raise typer.Exit(1)
        report = inventory.import_file(file, note, dry_run=dry_run, profile=not no_profile, progress=progress)
    _tell_report(report, lang, json_)
    if report.status == "ready" and report.rejected:
        raise typer.Exit(3)


def _tell_report(report: Any, lang: str | None, json_: str | None) -> None:  # noqa: ANN401 - an ImportReport, imported when needed
    from gis_sites.show_import import report_tables

    if json_:
        write_json(report.model_dump(mode="json"))
        return
    for table in report_tables(report, language(lang)):
        draw(table)


def _agreed(preview: Any, lang: str | None) -> bool:  # noqa: ANN401 - an ImportReport, imported when needed
    """Show a person at the terminal what would happen, and ask; nobody there means no."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    _tell_report(preview, lang, None)
    return typer.confirm(say("cli.go_on", language(lang)))


@app.command()
def profile(
    as_of: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day that counts; today.")] = None,
    scheduler: Annotated[
        str | None, typer.Option(metavar="tcp://HOST:PORT", help="Let the workers of a Dask cluster measure.")
    ] = None,
    explain: Annotated[str | None, typer.Option(metavar="PARCEL", help="Say how every value is known.")] = None,
    lang: Lang = None,
    json_: Json = None,
) -> None:
    """Bring the profile up to date and publish it; or explain one parcel's."""
    from gis_sites.show import state_line
    from gis_sites.show_explain import explanation

    with _inventory() as inventory:
        if explain:
            found = inventory.explain(explain)
            if json_:
                write_json(found)
                return
            for one in explanation(found, inventory.catalogue, language(lang)):
                draw(one)
            return
        with progress_bars(lang) as progress:
            state = inventory.profile(_day(as_of), scheduler=scheduler, progress=progress)
        draw(state_line(state, language(lang)))


@app.command()
def layers(lang: Lang = None, json_: Json = None) -> None:
    """Show every layer with its parts, rows, day, coverage and publisher."""
    from gis_sites.show import layers_document, layers_table

    with _inventory() as inventory:
        found = layers_document(inventory.catalogue, inventory.state)
    write_json(found) if json_ else draw(layers_table(found, language(lang)))


@app.command()
def revisions(layer: Annotated[str | None, typer.Argument()] = None, lang: Lang = None, json_: Json = None) -> None:
    """Show every revision that is held, newest first."""
    from gis_sites.show import revisions_document, revisions_table

    with _inventory() as inventory:
        found = revisions_document(inventory.revisions(layer), inventory.state)
    write_json(found) if json_ else draw(revisions_table(found, language(lang)))


@app.command()
def states(lang: Lang = None, json_: Json = None) -> None:
    """Show every state there ever was, newest first."""
    from gis_sites.show import states_document, states_table

    with _inventory() as inventory:
        found = states_document(inventory.states())
    write_json(found) if json_ else draw(states_table(found, language(lang)))


@app.command()
def rollback(state: int, lang: Lang = None) -> None:
    """Publish what an older state published."""
    from gis_sites.show import state_line

    with _inventory() as inventory:
        draw(state_line(inventory.rollback(state), language(lang)))


@app.command()
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

    with _inventory() as inventory:
        found = findings_document(inventory.findings(load), language(lang))
        if export:
            inventory.export_findings(load, export, lang=language(lang))
    if json_:
        write_json(found)
        return
    for table in findings_tables(found, language(lang)):
        draw(table)


@app.command()
def changes(
    load: int,
    map_: Annotated[Path | None, typer.Option("--map", metavar="FILE.html", help="Draw it, before and after.")] = None,
    lang: Lang = None,
    json_: Json = None,
) -> None:
    """Show what a load changed: added, changed, removed, split, merged, renumbered."""
    from gis_sites.show_changes import changes_document, changes_tables

    with _inventory() as inventory:
        told, layers = inventory.changes(load)
        if map_:
            inventory.change_map(told, layers, map_, lang=language(lang))
    found = changes_document(told, layers)
    if json_:
        write_json(found)
        return
    for table in changes_tables(found, language(lang)):
        draw(table)


# ---- out -----------------------------------------------------------------------------------------------


@app.command()
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
    with _inventory() as inventory:
        shortlist = inventory.match(asked, top=top)
        if save:
            inventory.save(shortlist)
        if map_:
            inventory.map(shortlist, map_, lang=language(lang))
        for path in export or []:
            inventory.export(shortlist, path, lang=language(lang))
        _tell_shortlist(inventory, shortlist, lang, json_)


@app.command()
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

    if json_:
        write_json(shortlist)
        return
    for shown in (shortlist_shown, answers_shown):
        for thing in shown(shortlist, inventory.catalogue, language(lang)):
            draw(thing)


@app.command()
def why(
    requirement: Annotated[str, typer.Argument(help="A requirement's file, or a saved shortlist's id.")],
    parcel: str,
    lang: Lang = None,
    json_: Json = None,
) -> None:
    """Explain why a parcel fits, or why not."""
    from gis_sites.matching.sentences import sentences

    with _inventory() as inventory:
        explanation = inventory.why_in(requirement, parcel)
        if json_:
            write_json(explanation)
            return
        for sentence in sentences(explanation, inventory.catalogue, language(lang)):
            draw(sentence)


@app.command()
def repeat(shortlist: str, lang: Lang = None, json_: Json = None) -> None:
    """Answer a saved requirement again, from its own state; exit 1 if anything differs."""
    with _inventory() as inventory:
        answer, differing = inventory.repeat(shortlist)
        _tell_shortlist(inventory, answer, lang, json_)
    for place in differing:
        print(say("cli.differs", language(lang), place=place), file=sys.stderr)
    raise typer.Exit(1 if differing else 0)


@app.command()
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


@app.command()
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
