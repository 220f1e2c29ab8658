"""The commands that take sources in: `gis-sites import` and `profile`."""

import sys
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gis_sites.terminal import Json, Lang, draw, language, opened, progress_bars, tell
from gis_sites.words import say

if TYPE_CHECKING:
    from gis_sites.intake.report import ImportReport

commands = typer.Typer()


@commands.command(name="import")
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
    with opened(lang) as inventory, progress_bars(lang) as progress:
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


def _tell_report(report: "ImportReport", lang: str | None, json_: str | None) -> None:
    from gis_sites.show_import import report_tables

    tell(report.model_dump(mode="json"), json_, lambda: report_tables(report, language(lang)))


def _agreed(preview: "ImportReport", lang: str | None) -> bool:
    """Show a person at the terminal what would happen, and ask; nobody there means no."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return False
    _tell_report(preview, lang, None)
    return typer.confirm(say("cli.go_on", language(lang)))


@commands.command()
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

    with opened() as inventory:
        if explain:
            found = inventory.explain(explain)
            tell(found, json_, lambda: explanation(found, inventory.catalogue, language(lang)))
            return
        with progress_bars(lang) as progress:
            state = inventory.profile(_day(as_of), scheduler=scheduler, progress=progress)
        draw(state_line(state, language(lang)))


def _day(day: datetime | None) -> date | None:
    return day.date() if day else None
