import signal
import subprocess
import sys
from pathlib import Path

from gis_sites.scratch import scratch, sweep

HOLD = """
import sys
from pathlib import Path
from gis_sites.scratch import scratch
with scratch(Path(sys.argv[1])) as folder:
    (folder / "spool").write_bytes(b"x")
    print(folder, flush=True)
    sys.stdin.readline()
"""


def test_it_is_gone_at_the_end(tmp_path: Path) -> None:
    with scratch(tmp_path) as folder:
        (folder / "below").mkdir()
        (folder / "below" / "file").write_bytes(b"x")
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o777 == 0o700
    assert list(tmp_path.iterdir()) == []


def test_only_what_nobody_holds_is_swept(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    folder = Path(holder.stdout.readline().strip())
    other = tmp_path / "somebody's"
    other.mkdir()
    assert sweep(tmp_path) == ()
    assert (folder / "spool").exists()
    holder.send_signal(signal.SIGKILL)
    holder.communicate()
    assert sweep(tmp_path) == (folder.name,)
    assert list(tmp_path.iterdir()) == [other]


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_bytes(b"x")
    (tmp_path / "gis-sites-scratch-link").symlink_to(precious)
    assert sweep(tmp_path) == ()
    assert (precious / "file").exists()
