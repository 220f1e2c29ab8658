"""What is in a GML file: the names of its features, how many, what they are made of; no text is held."""

from collections.abc import Callable
from dataclasses import dataclass, field

from gis_sites.intake.gml.parse import GML, Parser, Unfit, parse
from gis_sites.intake.gml.shapes import KINDS

Closed = Callable[[str, str], bool]
"""Namespace and name of a feature -> whether nothing of its kind may enter."""
TABLES = 1000
PATHS = 2000
TOLD = frozenset({"href", "title", "uom"})
"""Attributes that say something an element's text does not."""


@dataclass
class Shapes:
    """The geometries one property holds: their kinds and the systems they name."""

    kinds: set[str] = field(default_factory=set)
    srs: set[str] = field(default_factory=set)


@dataclass
class Met:
    """The features of one name: how many, the paths of their elements, their geometries by property."""

    namespace: str
    rows: int = 0
    paths: dict[str, None] = field(default_factory=dict)
    shapes: dict[str, Shapes] = field(default_factory=dict)


class Survey(Parser):
    """A parser that holds nothing and takes note of what it meets."""

    passes_over = False

    def __init__(self, closed: Closed) -> None:
        super().__init__(lambda namespace, name: None)
        self.closed = closed
        self.met: dict[str, Met] = {}
        self._path: list[str] = []
        self._here = Met("")
        self._shape: Shapes | None = None
        self._shape_depth = 0

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        super()._start(tag, attributes)
        if self._feature is None:
            return
        if self._depth == 3:
            self._meet(self._feature.namespace, self._feature.name)
        elif self._depth > 3:
            self._inside(tag, attributes)

    def _meet(self, namespace: str, name: str) -> None:
        if name not in self.met and len(self.met) >= TABLES:
            raise Unfit("gml_tables", most=TABLES)
        self._here = self.met.setdefault(name, Met(namespace))
        self._here.rows += 1
        if self._here.rows > 1 and self.closed(namespace, name):
            self.pass_over()

    def _inside(self, tag: str, attributes: dict[str, str]) -> None:
        namespace, name = self._names.get(tag) or self._split(tag)
        if self._shape is None and namespace in GML and name in KINDS and len(self._path) == 1:
            own = self._path[0]
            self._shape = self._here.shapes.setdefault(own, Shapes())
            self._shape.kinds.add(KINDS[name])
            self._shape_depth = self._depth
        if self._shape is not None:
            if "srsName" in attributes and len(self._shape.srs) < 10:
                self._shape.srs.add(attributes["srsName"])
            return
        known = namespace not in GML
        path = f"{self._path[-1]}/{name}" if self._path and known else name if known else ""
        self._path.append(path)
        if path:
            self._note(path, attributes)

    def _note(self, path: str, attributes: dict[str, str]) -> None:
        paths = self._here.paths
        paths[path] = None
        for key in attributes:
            name = key.rpartition(" ")[2]
            if name in TOLD:
                paths[f"{path}@{name}"] = None
        if len(paths) > PATHS:
            raise Unfit("gml_columns", most=PATHS)

    def _end(self, tag: str) -> None:
        if self._shape is not None:
            if self._depth == self._shape_depth:
                self._shape = None
        elif self._depth > 3 and self._path:
            self._path.pop()
        super()._end(tag)


def survey(path: str, closed: Closed) -> Survey:
    """Go through a file once and return what was met; of features that are closed, the first is looked into.

    Raises:
        Unfit: it is no GML we read.
    """
    found = Survey(closed)
    for _ in parse(path, found):
        pass
    return found
