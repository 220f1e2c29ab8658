"""XML as a stream of features: no document type, no entities, no tree of the whole file, and limits on everything.

What a family does not ask for is never held: its text is not even handed over by the parser.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from typing import NoReturn
from xml.parsers import expat

GML = frozenset({"http://www.opengis.net/gml", "http://www.opengis.net/gml/3.2", "http://www.opengis.net/gml/3.3"})
MEMBERS = frozenset({"featureMember", "featureMembers", "member", "members"})
ROOTS = ("FeatureCollection", "SpatialDataSet")
CHUNK = 1 << 16
DEPTH = 64
ATTRIBUTES = 64
NAME = 256
TOKEN = 4 << 20
"""Bytes of the longest tag, comment or instruction."""
NODES = 500_000
"""Elements of one feature that are held."""
TEXT = 64 << 20
"""Characters of one feature that are held."""


class Unfit(Exception):
    """A file that is no GML we read: the key of the sentence that says why, and what it shows."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key, values)
        self.key = key
        self.values = values


class Node:
    """An element that is held: its local name, attributes by local name, text and children."""

    __slots__ = ("attributes", "children", "gml", "name", "pieces")

    def __init__(self, name: str, attributes: Mapping[str, str], *, gml: bool) -> None:
        self.name = name
        self.gml = gml
        self.attributes = attributes
        self.pieces: list[str] = []
        self.children: list[Node] = []

    @property
    def text(self) -> str:
        """What stands in the element itself, without blanks around it."""
        return "".join(self.pieces).strip()

    def walk(self) -> Iterator["Node"]:
        """Yield the element and all below it, in document order."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass
class Feature:
    """A feature: its place in the file's namespace, and the properties that were asked for."""

    namespace: str
    name: str
    id: str
    number: int
    """Which of the features of its name it is, from 1."""
    properties: dict[str, list[Node]] = field(default_factory=dict)


Holds = Callable[[str], bool]
Wanted = Callable[[str, str], Holds | None]
"""Namespace and name of a feature -> which of its properties are held; None for none of it."""


class Parser:
    """What the handlers of one pass know; features wait in `ready` until they are fetched."""

    passes_over = True
    """Whether features that are not wanted are only counted."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = cache(wanted)
        self.root: tuple[str, dict[str, str]] = ("", {})
        self.srs: str | None = None
        """The system of the whole collection, where its envelope names one."""
        self.ready: list[Feature] = []
        self._counts: dict[str, int] = {}
        self._depth = 0
        self._in_member = False
        self._in_bounds = False
        self._feature: Feature | None = None
        self._holds: Holds | None = None
        self._open: list[Node] = []
        self._held = 0
        self._characters = 0
        self._names: dict[str, tuple[str, str]] = {}
        self.expat = expat.ParserCreate(namespace_separator=" ")
        self.expat.buffer_text = True
        self.expat.StartDoctypeDeclHandler = _refuse
        self.expat.EntityDeclHandler = _refuse
        self.expat.ExternalEntityRefHandler = _refuse
        self.expat.StartElementHandler = self._start
        self.expat.EndElementHandler = self._end

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        depth = self._depth
        self._depth = depth + 1
        if depth >= DEPTH:
            raise Unfit("gml_deep", most=DEPTH)
        namespace, name = self._names.get(tag) or self._split(tag)
        if len(attributes) > ATTRIBUTES:
            raise Unfit("gml_attributes", element=name, most=ATTRIBUTES)
        if self._open:
            self._hold(namespace, name, attributes)
        elif depth == 3 and self._feature is not None:
            if self._holds is not None and self._holds(name):
                self._hold(namespace, name, attributes)
                self.expat.CharacterDataHandler = self._text
        elif depth < 3:
            self._outside(depth, namespace, name, attributes)

    def _outside(self, depth: int, namespace: str, name: str, attributes: dict[str, str]) -> None:
        """Take note of an element above the properties of features."""
        if depth == 0:
            if not name.endswith(ROOTS):
                raise Unfit("gml_root", root=name)
            self.root = name, _local(attributes)
        elif depth == 1:
            self._in_member = name in MEMBERS
            self._in_bounds = name == "boundedBy"
        elif self._in_bounds:
            self.srs = attributes.get("srsName")
        elif self._in_member:
            number = self._counts[name] = self._counts.get(name, 0) + 1
            self._holds = self.wanted(namespace, name)
            self._held = self._characters = 0
            identifier = next((value for key, value in attributes.items() if key.endswith("id")), "")
            self._feature = Feature(namespace, name, identifier, number)
            if self._holds is None and self.passes_over:
                self.pass_over()

    def pass_over(self) -> None:
        """Count the elements of the feature that has just begun, and do nothing else with them."""
        self.expat.StartElementHandler, self.expat.EndElementHandler = self._pass, self._passed

    def _pass(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEPTH:
            raise Unfit("gml_deep", most=DEPTH)

    def _passed(self, tag: str) -> None:
        self._depth -= 1
        if self._depth == 2:
            self._feature = None
            self.expat.StartElementHandler, self.expat.EndElementHandler = self._start, self._end

    def _hold(self, namespace: str, name: str, attributes: dict[str, str]) -> None:
        node = Node(name, _local(attributes) if attributes else attributes, gml=namespace in GML)
        self._held += 1
        if self._held > NODES:
            raise Unfit("gml_feature_elements", most=NODES)
        if self._open:
            self._open[-1].children.append(node)
        elif self._feature is not None:
            self._feature.properties.setdefault(name, []).append(node)
        self._open.append(node)

    def _text(self, data: str) -> None:
        self._characters += len(data)
        if self._characters > TEXT:
            raise Unfit("gml_feature_size", most=TEXT >> 20)
        self._open[-1].pieces.append(data)

    def _end(self, tag: str) -> None:
        self._depth -= 1
        if self._open:
            self._open.pop()
            if not self._open:
                self.expat.CharacterDataHandler = None
        elif self._depth == 2 and self._feature is not None:
            if self._holds is not None:
                self.ready.append(self._feature)
            self._feature = self._holds = None

    def _split(self, tag: str) -> tuple[str, str]:
        namespace, _, name = tag.rpartition(" ")
        if len(name) > NAME:
            raise Unfit("gml_name", most=NAME)
        if len(self._names) < 10_000:
            self._names[tag] = namespace, name
        return namespace, name


def _local(attributes: Mapping[str, str]) -> dict[str, str]:
    return {key.rpartition(" ")[2]: value for key, value in attributes.items()}


def _refuse(*_: object) -> NoReturn:
    raise Unfit("gml_doctype")


def parse(path: str, parser: Parser) -> Iterator[Feature]:
    """Yield the features of a file, one at a time, as far as they are wanted.

    Raises:
        Unfit: it is no well-formed XML, holds entities, or goes beyond the limits.
    """
    fed = 0
    with open(path, "rb") as file:  # noqa: PTH123 - the child process knows paths as texts
        try:
            for chunk in iter(lambda: file.read(CHUNK), b""):
                parser.expat.Parse(chunk)
                fed += len(chunk)
                if fed - parser.expat.CurrentByteIndex > TOKEN:
                    raise Unfit("gml_tag", most=TOKEN >> 20)
                yield from parser.ready
                parser.ready.clear()
            parser.expat.Parse(b"", True)
            yield from parser.ready
        except (expat.ExpatError, LookupError, ValueError) as error:
            raise Unfit("gml_malformed", fault=error) from error


def first_srs(path: str, parser: Parser) -> str | None:
    """Return the system of the collection, else the first one that a feature names."""
    with suppress(StopIteration):
        for feature in islice(parse(path, parser), 1000):
            for nodes in feature.properties.values():
                for node in (inner for one in nodes for inner in one.walk()):
                    if "srsName" in node.attributes:
                        return parser.srs or node.attributes["srsName"]
    return parser.srs
