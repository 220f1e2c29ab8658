"""What a family of GML files lets in: for each kind of feature, which properties, and the columns they become.

A property that is not listed is never held; a kind of feature that is not listed is only counted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from gis_sites.intake.gml.facts import Facts
from gis_sites.intake.gml.parse import Feature, Node

Texts = Sequence[str | None]


@dataclass(frozen=True)
class Rule:
    """The columns one property becomes, and how all its elements of one feature are read."""

    columns: tuple[str, ...]
    read: Callable[[Sequence[Node], Facts], Texts]


@dataclass(frozen=True)
class Family:
    """A family: its kinds of features with their rules, the properties that hold their geometry, and its facts."""

    tables: Mapping[str, Mapping[str, Rule]]
    geometry: frozenset[str]
    facts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Features that others speak of -> the properties that tell."""
    told: Callable[[Feature], Sequence[tuple[str, str]]] = lambda feature: ()
    """What such a feature tells: keys and texts."""
    asking: frozenset[str] = frozenset()
    """Properties whose rules look facts up."""
    always: frozenset[str] = frozenset()
    """Properties whose columns are told even where no feature of a file has them."""
    finish: Callable[[dict[str, str | None], Facts], None] = lambda row, facts: None
    """What is done to a row when all its properties are read."""

    def rules(self, name: str) -> Mapping[str, Rule] | None:
        """Return the rules of a kind of feature, None where nothing of it enters."""
        return self.tables.get(name)


def _first(nodes: Sequence[Node]) -> str | None:
    return nodes[0].text or None


def text(column: str) -> Rule:
    """Take the text of the first element."""
    return Rule((column,), lambda nodes, facts: (_first(nodes),))


def leaves(*names: str) -> Rule:
    """Take the texts of elements below, by their names."""

    def read(nodes: Sequence[Node], facts: Facts) -> Texts:
        found = {node.name: node.text for node in nodes[0].walk()}
        return [found.get(name) or None for name in names]

    return Rule(names, read)


def number(column: str, unit: str | None = None) -> Rule:
    """Take a number and its unit: what `uom` says, else what the standard says, in a column beside it."""

    def read(nodes: Sequence[Node], facts: Facts) -> Texts:
        return _first(nodes), nodes[0].attributes.get("uom", "").rpartition("#")[2] or unit

    return Rule((column, f"{column}_uom"), read)


def last(href: str) -> str:
    """Return the last part of an address: code lists differ in `http` and `https`, never in it.

    >>> last("https://inspire.ec.europa.eu/codelist/ProcessStepGeneralValue/legalForce")
    'legalForce'
    """
    return href.rstrip("/").rpartition("/")[2]


def code(column: str) -> Rule:
    """Take the code a link points to, else its title, else the text."""

    def read(nodes: Sequence[Node], facts: Facts) -> Texts:
        href, title = nodes[0].attributes.get("href", ""), nodes[0].attributes.get("title")
        return (last(href) or title or _first(nodes),)

    return Rule((column,), read)
