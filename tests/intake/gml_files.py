"""GML files of our own making, as the schemas of each generation have them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gis_sites.intake.formats import File
from gis_sites.intake.gml import read
from gis_sites.intake.report import ImportReport, LoadReport
from gis_sites.store import revisions
from gis_sites.store.connect import Store
from tests.intake.support import EAST, NORTH

URN = "urn:ogc:def:crs:EPSG::2177"
ADDRESS = "http://www.opengis.net/def/crs/EPSG/0/2177"
SHORT = "EPSG:2177"
EGIB = "ewidencjaGruntowIBudynkow:1.0"
EGIB_2015 = "urn:gugik:specyfikacje:gmlas:ewidencjaGruntowBudynkow:1.0"
GESUT = "geodezyjnaEwidencjaSieciUzbrojeniaTerenu:1.0"
GESUT_2015 = f"urn:gugik:specyfikacje:gmlas:{GESUT}"
BASE_2015 = "urn:gugik:specyfikacje:gmlas:modelPodstawowy:1.0"
APP = "https://www.gov.pl/static/zagospodarowanieprzestrzenne/schemas/app/"
APP_OLD = "http://zagospodarowanieprzestrzenne.gov.pl/schemas/app/1.0"
PLACE = "https://www.gov.pl/zagospodarowanieprzestrzenne/app"
CODES = "https://www.gov.pl/static/zagospodarowanieprzestrzenne/codelist"
STEP = "http://inspire.ec.europa.eu/codelist/ProcessStepGeneralValue"


def collection(members: Iterable[str], **spaces: str) -> str:
    """Return a collection of features; `x` is what its own elements are called by unless told."""
    names = {"gml": "http://www.opengis.net/gml/3.2", "xlink": "http://www.w3.org/1999/xlink", **spaces}
    names |= {"xsi": "http://www.w3.org/2001/XMLSchema-instance"}
    head = " ".join(f'xmlns:{prefix}="{space}"' for prefix, space in names.items())
    inside = "\n".join(f"<gml:featureMember>{one}</gml:featureMember>" for one in members)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<gml:FeatureCollection {head}>\n{inside}\n</gml:FeatureCollection>'


def written(path: Path, text: str) -> Path:
    """Write a file."""
    path.write_text(text, encoding="utf-8")
    return path


def rows(path: Path, table: str, *columns: str) -> dict[str, list[object]]:
    """Read a table as the child process does."""
    found = [batch.to_pydict() for batch in read.batches(File(str(path), "gml", path.name), table, list(columns))]
    return {name: [cell for one in found for cell in one[name]] for name in found[0]}


def tables(path: Path) -> dict[str, dict[str, object]]:
    """List the tables as the child process does, by name."""
    return {str(one["name"]): one for one in read.tables(File(str(path), "gml", path.name))}


def ring(x: float, y: float, side: float = 10, *, north_first: bool = True) -> str:
    """Return the numbers of a square, metres from the corner in Kalisz."""
    corners = [(0, 0), (side, 0), (side, side), (0, side), (0, 0)]
    points = [(EAST + x + dx, NORTH + y + dy) for dx, dy in corners]
    return " ".join(f"{n} {e}" if north_first else f"{e} {n}" for e, n in points)


def polygon(x: float, y: float, side: float = 10, *, srs: str = URN) -> str:
    """Return a square in a system, its axes as the system's name demands."""
    numbers = ring(x, y, side, north_first=srs in {URN, ADDRESS})
    return (
        f'<gml:Polygon srsName="{srs}"><gml:exterior><gml:LinearRing><gml:posList srsDimension="2">{numbers}'
        "</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon>"
    )


def line(x: float, y: float, *, srs: str = URN) -> str:
    """Return a line of 10 m."""
    numbers = f"{NORTH + y} {EAST + x} {NORTH + y} {EAST + x + 10}"
    return (
        f'<gml:Curve srsName="{srs}"><gml:segments><gml:LineStringSegment><gml:posList>{numbers}'
        "</gml:posList></gml:LineStringSegment></gml:segments></gml:Curve>"
    )


def uuid(number: int) -> str:
    """Return an identifier of the register's form."""
    return f"{number:08x}-0000-4000-8000-{number:012x}"


def identity(number: int, kind: str = "x:EGB_IdentyfikatorIIP", own: str = "x", space: str = "PL.PZGiK.1.EGiB") -> str:
    """Return what both generations say first of a feature."""
    parts = f"<{own}:lokalnyId>{uuid(number)}</{own}:lokalnyId><{own}:przestrzenNazw>{space}</{own}:przestrzenNazw>"
    return f"<x:idIIP><{kind}>{parts}</{kind}></x:idIIP>"


def soil(*items: tuple[str, str, str, str]) -> str:
    """Return a parcel's own list: use, soil use, soil class, hectares."""
    names = ("OFU", "OZU", "OZK")
    return "".join(
        "<x:klasouzytek><x:EGB_Klasouzytek>"
        + "".join(f"<x:{name}>{word}</x:{name}>" for name, word in zip(names, item, strict=False) if word)
        + f'<x:powierzchnia uom="ha">{item[3]}</x:powierzchnia></x:EGB_Klasouzytek></x:klasouzytek>'
        for item in items
    )


def parcel(number: int, name: str, shape: str, more: str = "", *, area: str = "0.0100", ended: str = "") -> str:
    """Return a parcel of the schema of 2021."""
    end = f"<x:koniecWersjaObiekt>{ended}</x:koniecWersjaObiekt>" if ended else ""
    return (
        f'<x:EGB_DzialkaEwidencyjna gml:id="p{number}">{identity(number)}{end}<x:idDzialki>{name}</x:idDzialki>'
        f'<x:geometria>{shape}</x:geometria><x:poleEwidencyjne uom="ha">{area}</x:poleEwidencyjne>{more}'
        "</x:EGB_DzialkaEwidencyjna>"
    )


def act_address(act: str, space: str = "PL.ZIPPZP.1/306101-POG", kind: str = "AktPlanowaniaPrzestrzennego") -> str:
    """Return the address of an act or a document, without version."""
    return f"{PLACE}/{kind}/{space}/{act}"


def planning(kind: str, number: str, inside: str, space: str = "PL.ZIPPZP.1/306101-POG") -> str:
    """Return a feature of a planning file."""
    parts = f"<x:przestrzenNazw>{space}</x:przestrzenNazw><x:lokalnyId>{number}</x:lokalnyId>"
    return (
        f'<x:{kind} gml:id="{number}"><x:idIIP><x:Identyfikator>{parts}<x:wersjaId>20260101T000000</x:wersjaId>'
        f"</x:Identyfikator></x:idIIP>{inside}</x:{kind}>"
    )


def link(name: str, href: str, title: str = "") -> str:
    """Return an empty element that points somewhere."""
    return f'<x:{name} xlink:href="{href}" xlink:title="{title}"/>'


def zone(
    number: str, symbol: str, shape: str, *, step: str = "legalForce", uses: Iterable[str] = (), more: str = ""
) -> str:
    """Return a zone of a general plan."""
    profiles = "".join(
        link("profilPodstawowy", f"https://www.gov.pl/static/zagospodarowanieprzestrzenne/ontology/KPT#KPT-MPZP-{use}")
        for use in uses
    )
    inside = (
        f"<x:oznaczenie>{number}</x:oznaczenie><x:symbol>{symbol}</x:symbol><x:obowiazujeOd>2025-01-02</x:obowiazujeOd>"
        f"{link('status', f'{STEP}/{step}')}<x:geometria>{shape}</x:geometria>{link('plan', act_address('1POG'))}"
        f"{profiles}{more}"
    )
    return planning("StrefaPlanistyczna", f"1POG-{number}", inside)


def act(number: str, kind: str, shape: str, *, step: str = "legalForce", more: str = "", space: str = "") -> str:
    """Return a planning act with its boundary."""
    inside = (
        f"<x:tytul>Plan {number}</x:tytul>{link('typPlanu', f'{CODES}/TypAktuPlanowaniaPrzestrzennegoKod/{kind}')}"
        f"<x:obowiazujeOd>2025-01-02</x:obowiazujeOd>{link('status', f'{STEP}/{step}')}"
        f"<x:zasiegPrzestrzenny>{shape}</x:zasiegPrzestrzenny>{more}"
    )
    return planning("AktPlanowaniaPrzestrzennego", number, inside, space or "PL.ZIPPZP.1/306101-POG")


def by_layer(report: ImportReport) -> dict[str, LoadReport]:
    """Return the loads of an import by layer."""
    return {one.layer: one for one in report.loads}


def stored(store: Store, report: ImportReport, layer: str, *columns: str) -> list[dict[str, Any]]:
    """Return some columns of a revision that is ready."""
    with store.begin() as conn:
        table = revisions.read(conn, revisions.get(conn, report.ready[layer])).table
    return [{name: row[name] for name in columns} for row in table.to_pylist()]
