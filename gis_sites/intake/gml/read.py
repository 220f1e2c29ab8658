"""The tables of a GML file and their rows, as the child process tells them of any other file."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import lru_cache, partial
from typing import Any

from gis_sites.errors import Refused
from gis_sites.intake.formats import File
from gis_sites.intake.gml import app, egib, gesut, other
from gis_sites.intake.gml.facts import Facts
from gis_sites.intake.gml.family import Family
from gis_sites.intake.gml.parse import Feature, Holds, Node, Parser, Unfit, first_srs, parse
from gis_sites.intake.gml.shapes import KINDS, to_wkb
from gis_sites.intake.gml.survey import Met, Survey, survey

BATCH = 16_384
BATCH_BYTES = 32 << 20
"""Geometry and text of one batch, so that few large features do not make a large batch."""
FAMILIES = (egib.FAMILY, gesut.FAMILY, app.FAMILY)


@lru_cache(maxsize=10_000)
def family_of(namespace: str, name: str) -> Family | None:
    """Return the family of a feature by its namespace or name, None for one we know no list for.

    Raises:
        Unfit: it is a version of a schema that we do not know.
    """
    for sign, family in ((egib.SIGN, egib.FAMILY), (gesut.SIGN, gesut.FAMILY)):
        if sign.fullmatch(f"{namespace} {name}"):
            return family
    if (match := app.NAMESPACE.fullmatch(namespace)) is None:
        return None
    if match["version"] not in app.VERSIONS:
        raise Unfit("gml_version", version=match["version"], known=", ".join(sorted(app.VERSIONS)))
    return app.FAMILY


@contextmanager
def _judged(file: File) -> Iterator[None]:
    try:
        yield
    except Unfit as error:
        raise Refused(f"import.{error.key}", file=file.label, **error.values) from error


def tables(file: File) -> list[dict[str, Any]]:
    """Return name, geometry, columns, system and number of rows of every kind of feature.

    `withheld` names what is in the file and not on the list of what may enter; a kind that is not on the list at all
    has no columns and no geometry.

    Raises:
        Refused: it is no GML we read.
    """
    with _judged(file):
        found = survey(file.path, _closed)
        _whole(found)
        return [_table(name, met, found) for name, met in found.met.items()]


def _closed(namespace: str, name: str) -> bool:
    family = family_of(namespace, name)
    return family is not None and family.rules(name) is None


def _whole(found: Survey) -> None:
    """Refuse one page of a service's answer: loaded, it would stand for the whole."""
    matched, rows = found.root[1].get("numberMatched", ""), sum(met.rows for met in found.met.values())
    if matched.isascii() and matched.isdigit() and int(matched[:18]) > rows:
        raise Unfit("gml_page", rows=rows, matched=matched[:18])


def _table(name: str, met: Met, found: Survey) -> dict[str, Any]:
    family = family_of(met.namespace, name)
    top = dict.fromkeys(path.partition("/")[0].partition("@")[0] for path in met.paths)
    about: dict[str, Any] = {"name": name, "layer": name, "rows": met.rows, "geometry": None, "crs": None}
    shapes = met.shapes
    if family is None:
        columns = [other.ID, *other.columns_of(path for path in met.paths if path not in shapes)]
        withheld: list[str] = []
    else:
        rules = family.rules(name) or {}
        shapes = {own: shape for own, shape in shapes.items() if rules and own in family.geometry}
        there = [rule for own, rule in rules.items() if own in top or own in family.always]
        columns = list(dict.fromkeys(column for rule in there for column in rule.columns if column != app.ACT_STATUS))
        withheld = [own for own in top if own not in rules and own not in shapes]
    kinds = {kind for shape in shapes.values() for kind in shape.kinds}
    if kinds:
        systems = {one for shape in shapes.values() for one in shape.srs}
        about |= {"geometry": _kind(kinds), "crs": _crs(name, systems, found)}
    return {**about, "columns": dict.fromkeys(columns, "str"), "withheld": withheld}


def _kind(kinds: set[str]) -> str:
    """Name the geometry of a table whose features hold one or several kinds."""
    single = {kind.removeprefix("Multi") for kind in kinds}
    if len(single) > 1:
        return "Unknown"
    return next(iter(kinds)) if len(kinds) == 1 else f"Multi{next(iter(single))}"


def _crs(name: str, names: set[str], found: Survey) -> str | None:
    """Return the one system of a table's geometries."""
    from gis_sites.intake.crs import srs_name

    said = {one: srs_name(one) for one in (names or ({found.srs} if found.srs else set()))}
    codes = {f"EPSG:{code}" if one and (code := one.crs.to_epsg()) else text for text, one in said.items()}
    if len(codes) > 1:
        raise Unfit("gml_crs_mixed", table=name, systems=", ".join(sorted(codes)))
    return next(iter(codes), None)


def batches(file: File, table: str, columns: Sequence[str]) -> Iterator[Any]:
    """Yield the Arrow batches of a table: row ids, the columns asked for, geometry as WKB without curves.

    Raises:
        Refused: it is no GML we read.
    """
    with _judged(file):
        yield from _batches(file.path, table, columns)


def _batches(path: str, table: str, columns: Sequence[str]) -> Iterator[Any]:
    asked = frozenset(columns) | ({app.ACT_STATUS} if "status" in columns else frozenset())
    system = first_srs(path, Parser(partial(_holds, table, frozenset())))
    rows = _Rows(columns)
    with closing(Facts()) as facts:
        _gather(path, table, asked, facts)
        for feature in parse(path, Parser(partial(_holds, table, asked))):
            family = family_of(feature.namespace, feature.name)
            rows.add(feature.number, _cells(family, feature, facts, asked), _geometry(family, feature), system)
            if rows.full:
                yield rows.batch()
    yield rows.batch()


def _holds(table: str, columns: frozenset[str], namespace: str, name: str) -> Holds | None:
    """Return which properties of a table's features are held for some columns; None for other features."""
    if name != table:
        return None
    family = family_of(namespace, name)
    if family is None:
        return lambda own: True
    rules = family.rules(name)
    if rules is None:
        return None
    wanted = {own for own, rule in rules.items() if not columns.isdisjoint(rule.columns)}
    return (wanted | family.geometry).__contains__


def _gather(path: str, table: str, columns: frozenset[str], facts: Facts) -> None:
    """Read the file once for what its features say about others, where the columns of the table ask."""
    if not any(
        own in family.asking and not columns.isdisjoint(rule.columns)
        for family in FAMILIES
        for own, rule in (family.rules(table) or {}).items()
    ):
        return
    for feature in parse(path, Parser(_telling)):
        family = family_of(feature.namespace, feature.name)
        facts.tell(family.told(feature) if family else ())


def _telling(namespace: str, name: str) -> Holds | None:
    """Return which properties of a feature tell something about others."""
    family = family_of(namespace, name)
    return family.facts[name].__contains__ if family and name in family.facts else None


def _geometry(family: Family | None, feature: Feature) -> Node | None:
    """Return the geometry of a feature: the first one in a property that may hold it."""
    for own, nodes in feature.properties.items():
        if family is None or own in family.geometry:
            for node in nodes:
                found = next((one for one in node.children if one.gml and one.name in KINDS), None)
                if found is not None or (own in (family.geometry if family else ()) and "href" in node.attributes):
                    return found or Node("MultiGeometry", node.attributes, gml=True)
    return None


def _cells(family: Family | None, feature: Feature, facts: Facts, columns: frozenset[str]) -> Mapping[str, str | None]:
    if family is None:
        return {**other.cells(feature.properties, columns), other.ID: feature.id or None}
    row: dict[str, str | None] = {}
    rules = family.rules(feature.name) or {}
    for own, nodes in feature.properties.items():
        if own in rules:
            rule = rules[own]
            for column, text in zip(rule.columns, rule.read(nodes, facts), strict=True):
                if row.get(column) is None:
                    row[column] = text
    family.finish(row, facts)
    return row


class _Rows:
    """Rows on their way into a batch."""

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = [*columns]
        self._empty()

    def _empty(self) -> None:
        self.number: list[int] = []
        self.cells: dict[str, list[Any]] = {column: [] for column in self.columns}
        self.wkb: list[bytes | None] = []
        self.curved: list[bool] = []
        self.size = 0

    @property
    def full(self) -> bool:
        """Whether it is time for a batch."""
        return len(self.number) >= BATCH or self.size >= BATCH_BYTES

    def add(self, number: int, cells: Mapping[str, str | None], geometry: Node | None, system: str | None) -> None:
        """Add a feature."""
        wkb, curved = (None, False) if geometry is None else to_wkb(geometry, system)
        self.number.append(number)
        self.wkb.append(wkb)
        self.curved.append(curved)
        self.size += len(wkb or b"")
        for column, held in self.cells.items():
            text = cells.get(column)
            self.size += len(text or "")
            held.append(text)

    def batch(self) -> Any:  # noqa: ANN401 - pyarrow comes without types
        """Return the rows as a batch, and begin anew."""
        import pyarrow as pa

        texts = (pa.array(self.cells[column], pa.string()) for column in self.columns)
        arrays = [pa.array(self.number, pa.int64()), *texts]
        arrays += [pa.array(self.wkb, pa.binary()), pa.array(self.curved, pa.bool_())]
        made = pa.RecordBatch.from_arrays(arrays, names=["__row", *self.columns, "__wkb", "__curved"])
        self._empty()
        return made
