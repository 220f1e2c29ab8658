"""A process that answers keeps what it frees: asked for again, it costs no new pages."""

import subprocess
import sys

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
