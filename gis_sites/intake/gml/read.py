"""The tables of a GML file and their rows, as the child process tells them of any other file."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gis_sites.intake.gml import app, egib, gesut, other
from gis_sites.intake.gml.facts import Facts
from gis_sites.intake.gml.family import Family, Rule
from gis_sites.intake.gml.parse import Feature, Node, Parser, Unfit, first_srs, parse
from gis_sites.intake.gml.shapes import KINDS, to_wkb
from gis_sites.intake.gml.survey import Met, Survey, survey

BATCH = 16_384
BATCH_BYTES = 32 << 20
"""Geometry and text of one batch, so that few large features do not make a large batch."""
INFINITE = float("inf")


def family_of(namespace: str) -> Family | None:
    """Return the family of a feature by its namespace, None for one we know no list for.

    Raises:
        Unfit: it is a version of a schema that we do not know.
    """
    if namespace in egib.NAMESPACES:
        return egib.FAMILY
    if namespace in gesut.NAMESPACES:
        return gesut.FAMILY
    if (match := app.NAMESPACE.fullmatch(namespace)) is None:
        return None
    if match["version"] not in app.VERSIONS:
        raise Unfit(f"planning acts of schema {match['version']}; known are {', '.join(sorted(app.VERSIONS))}")
    return app.FAMILY


def list_tables(path: str) -> list[dict[str, Any]]:
    """Return name, geometry, columns, system and number of rows of every kind of feature.

    `withheld` names what is in the file and not on the list of what may enter; a kind that is not on the list at all
    has no columns and no geometry.

    Raises:
        Unfit: it is no GML we read.
    """
    found = survey(path)
    return [_table(name, met, found) for name, met in found.met.items()]


def _table(name: str, met: Met, found: Survey) -> dict[str, Any]:
    family = family_of(met.namespace)
    top = list(dict.fromkeys(path.partition("/")[0].partition("@")[0] for path in met.paths))
    about: dict[str, Any] = {"name": name, "rows": met.rows, "geometry": None, "crs": None}
    shapes = met.shapes
    if family is None:
        columns = list(other.columns_of(path for path in met.paths if path not in shapes))
        withheld: list[str] = []
    else:
        rules = family.rules(name) or {}
        shapes = {own: shape for own, shape in shapes.items() if rules and own in family.geometry}
        columns = list(dict.fromkeys(column for own in top if own in rules for column in _public(rules[own])))
        withheld = [own for own in top if own not in rules and own not in shapes]
    kinds = {kind for shape in shapes.values() for kind in shape.kinds}
    if kinds:
        about |= {"geometry": _kind(kinds), "crs": _crs(name, {one for shape in shapes.values() for one in shape.srs}, found)}
    numbers = {rule.columns[0] for rule in (family.rules(name) or {}).values() if rule.number} if family else set()
    return {**about, "columns": {one: "float" if one in numbers else "str" for one in columns}, "withheld": withheld}


def _public(rule: Rule) -> tuple[str, ...]:
    return tuple(column for column in rule.columns if column != "status_aktu")


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
        raise Unfit(f"table {name} holds geometry in several coordinate systems: {', '.join(sorted(codes))}")
    return next(iter(codes), None)


def batches(path: str, table: str, columns: Sequence[str]) -> Iterator[Any]:
    """Yield the Arrow batches of a table: row ids, the columns asked for, geometry as WKB without curves.

    Raises:
        Unfit: it is no GML we read.
    """
    system = first_srs(path, Parser(lambda namespace, name: _holds(namespace, name, ()) if name == table else None))
    facts = Facts()
    try:
        _gather(path, table, columns, facts)
        rows = _Rows(columns)
        for feature in parse(path, Parser(lambda namespace, name: _holds(namespace, name, columns) if name == table else None)):
            family = family_of(feature.namespace)
            nodes = _geometry(family, feature)
            rows.add(feature.number, _cells(family, feature, facts, columns), nodes, system)
            if rows.full:
                yield rows.batch()
        yield rows.batch()
    finally:
        facts.close()


def _holds(namespace: str, name: str, columns: Sequence[str]) -> Any:  # noqa: ANN401 - a test of names, or none
    """Return which properties of a feature are held for some columns; None for a kind that may not enter."""
    family = family_of(namespace)
    if family is None:
        return lambda own: True
    rules = family.rules(name)
    if rules is None:
        return None
    wanted = {own for own, rule in rules.items() if not {*rule.columns}.isdisjoint(columns)}
    wanted |= {"plan"} if "status" in columns and "plan" in rules else set()
    return (wanted | family.geometry).__contains__


def _gather(path: str, table: str, columns: Sequence[str], facts: Facts) -> None:
    """Read the file once for what its features say about others, where the table asks."""
    asked: dict[str, Family] = {}

    def wanted(namespace: str, name: str) -> Any:  # noqa: ANN401 - a test of names, or none
        family = family_of(namespace)
        if family is None or name not in family.facts:
            return None
        asked[namespace] = family
        return family.facts[name].__contains__

    families = (egib.FAMILY, app.FAMILY)
    tables = [family.rules(table) for family in families]
    if not any(_asks(family, rules or {}, columns) for family, rules in zip(families, tables, strict=True)):
        return
    for feature in parse(path, Parser(wanted)):
        facts.tell(asked[feature.namespace].told(feature))


def _asks(family: Family, rules: Mapping[str, Rule], columns: Sequence[str]) -> bool:
    return any(not {*rule.columns}.isdisjoint(columns) for own, rule in rules.items() if own in family.asking)


def _geometry(family: Family | None, feature: Feature) -> Node | None:
    """Return the geometry of a feature: the first one in a property that may hold it."""
    for own, nodes in feature.properties.items():
        if family is None or own in family.geometry:
            for node in nodes:
                found = next((one for one in node.children if one.gml and one.name in KINDS), None)
                if found is not None or (own in (family.geometry if family else ()) and "href" in node.attributes):
                    return found or Node("MultiGeometry", node.attributes, gml=True)
    return None


def _cells(
    family: Family | None, feature: Feature, facts: Facts, columns: Sequence[str]
) -> Mapping[str, str | None]:
    if family is None:
        return other.cells(feature.properties, frozenset(columns))
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
        self.numbers = {rule.columns[0] for rules in _every_rule() for rule in rules.values() if rule.number}
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
            held.append(_number(text) if column in self.numbers else text)

    def batch(self) -> Any:  # noqa: ANN401 - pyarrow comes without types
        """Return the rows as a batch, and begin anew."""
        import pyarrow as pa

        kinds = {column: pa.float64() if column in self.numbers else pa.string() for column in self.columns}
        arrays = [pa.array(self.number, pa.int64()), *(pa.array(self.cells[one], kinds[one]) for one in self.columns)]
        arrays += [pa.array(self.wkb, pa.binary()), pa.array(self.curved, pa.bool_())]
        made = pa.RecordBatch.from_arrays(arrays, names=["__row", *self.columns, "__wkb", "__curved"])
        self._empty()
        return made


def _every_rule() -> Iterator[Mapping[str, Rule]]:
    for family in (egib.FAMILY, app.FAMILY):
        yield from family.tables.values()


def _number(text: str | None) -> float | None:
    """Read a number of the schema; what is none becomes infinite, so that it is noticed as unreadable."""
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        return INFINITE
