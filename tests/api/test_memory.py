"""A process that answers keeps what it frees: asked for again, it costs no new pages."""

import gc
import subprocess
import sys

from api.memory import long_lived

PROGRAM = """
import resource
import numpy as np
from api.memory import keep_freed_memory

def pages():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        arrays = [np.ones(100_000) for _ in range(10)]
        del arrays
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

assert keep_freed_memory()
pages()
print(pages())
"""


def test_what_is_freed_is_kept_for_the_next_request() -> None:
    told = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout
    assert int(told) < 200  # given back to the system, it would be 40,000


def test_what_is_there_when_answering_begins_is_not_looked_through_again() -> None:
    before = gc.get_freeze_count()
    with long_lived():
        assert gc.get_freeze_count() > max(before, 10_000)
    assert gc.get_freeze_count() == 0
