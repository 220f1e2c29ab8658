"""GML of no family we know: every property by the names of its elements, of which only what is asked for is kept."""

from collections.abc import Iterable, Iterator, Mapping

from gis_sites.intake.gml.parse import Node

ID = "gml_id"
"""The column of a feature's own identifier."""
TOGETHER = "; "
"""Between the values of a property that stands in a feature more than once."""


def columns_of(paths: Iterable[str]) -> dict[str, None]:
    """Name the columns of features by the paths of their elements: the last name where it is the only one of its kind.

    >>> list(columns_of(["id", "id/Id", "id/Id/local", "area", "area@uom", "plan", "plan@href"]))
    ['local', 'area', 'area_uom', 'plan', 'plan_href']
    """
    every = [*paths]
    inner = {path.rpartition("/")[0] for path in every}
    ends = [path for path in every if path not in inner]
    last = [path.rpartition("/")[2] for path in ends]
    return dict.fromkeys(
        (name if last.count(name) == 1 else path.replace("/", "_")).replace("@", "_")
        for path, name in zip(ends, last, strict=True)
    )


def cells(properties: Mapping[str, list[Node]], wanted: frozenset[str]) -> dict[str, str]:
    """Return the texts of the columns that are wanted."""
    found: dict[str, list[str]] = {}
    for nodes in properties.values():
        for node in nodes:
            for path, text in _ends(node, ""):
                names = (path.rpartition("/")[2].replace("@", "_"), path.replace("/", "_").replace("@", "_"))
                column = next((name for name in names if name in wanted), None)
                if column and text:
                    found.setdefault(column, []).append(text)
    return {column: TOGETHER.join(texts) for column, texts in found.items()}


def _ends(node: Node, above: str) -> Iterator[tuple[str, str]]:
    """Yield the path and text of every element that holds no other, and of its telling attributes."""
    path = f"{above}/{node.name}" if above else node.name
    for name in ("href", "title", "uom"):
        if name in node.attributes:
            yield f"{path}@{name}", node.attributes[name]
    inner = [child for child in node.children if not child.gml]
    for child in inner:
        yield from _ends(child, path)
    if not inner:
        yield path, node.text
