"""How large the code is at revisions of it: `python -m benchmarks.code_size REVISION ...` (HEAD unless told)."""

import ast
import io
import statistics
import subprocess
import sys
import tarfile
from collections.abc import Iterable, Iterator, Mapping

from benchmarks.machine import ROOT
from benchmarks.table import table

ROOMS = ("gis_sites", "api")
HEAD = ("revision", "modules", "lines", "bodies", "median", "95th percentile", "longest", "the longest")


def modules(revision: str) -> dict[str, str]:
    """Return the text of each module at a revision."""
    command = ["git", "-C", str(ROOT), "archive", "--format=tar", revision, *ROOMS]
    packed = subprocess.run(command, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        files = {one.name: archive.extractfile(one) for one in archive if one.name.endswith(".py")}
        return {name: file.read().decode() for name, file in files.items() if file}


def bodies(text: str) -> Iterator[tuple[str, int]]:
    r"""Yield the name of each function and the lines of its body, from the first statement after the docstring.

    >>> list(bodies("def f():\n    '''Say.'''\n    a = 1\n    return a\n"))
    [('f', 2)]
    """
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            said = ast.get_docstring(node, clean=False) is not None
            first = node.body[1 if said and len(node.body) > 1 else 0]
            yield node.name, (node.end_lineno or first.lineno) - first.lineno + 1


def row(revision: str, found: Mapping[str, str]) -> tuple[str, ...]:
    """Sum up the modules of a revision."""
    lengths = [(lines, f"{name}: {function}") for name, text in found.items() for function, lines in bodies(text)]
    every = [lines for lines, _ in lengths]
    longest, where = max(lengths)
    lines = sum(text.count("\n") for text in found.values())
    highest = statistics.quantiles(every, n=100, method="inclusive")[94]
    numbers = (len(found), lines, len(every), statistics.median(every), highest, longest)
    return (revision[:12], *(f"{number:,.0f}" for number in numbers), where)


def main(revisions: Iterable[str]) -> None:
    """Print a row for each revision."""
    print("\n".join(table(HEAD, (row(one, modules(one)) for one in revisions))))


if __name__ == "__main__":
    main(sys.argv[1:] or ["HEAD"])
