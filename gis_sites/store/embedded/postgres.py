"""The system's PostgreSQL: which one, where PostGIS is, and as which account its programs run."""

import os
import pwd
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gis_sites.errors import DatabaseError
from gis_sites.settings import Settings

SYSTEM = Path("/usr/lib/postgresql")
"""Where Debian keeps PostgreSQL: `<major>/bin`."""
SHARED = Path("/usr/share/postgresql")
"""Where Debian keeps its extensions: `<major>/extension`."""
ACCOUNT = "postgres"
"""The unprivileged account that comes with Debian's server package; root runs PostgreSQL under it."""


@dataclass(frozen=True)
class Account:
    """The unprivileged account PostgreSQL runs under and whose files are the cluster's."""

    name: str
    uid: int
    gid: int

    def spawning(self) -> dict[str, Any]:
        """Return what `subprocess` needs to run a program under this account, away from the user's environment."""
        # Settings of other servers (PGDATA, PGOPTIONS, PROJ_LIB of a virtual environment) must not reach this one.
        path = os.environ.get("PATH", os.defpath)
        common = {"cwd": "/", "umask": 0o077, "env": {"PATH": path, "LC_ALL": "C.UTF-8", "HOME": "/", "TZ": "UTC"}}
        if os.geteuid() == self.uid:
            return common
        return common | {"user": self.uid, "group": self.gid, "extra_groups": os.getgrouplist(self.name, self.gid)}


def account_for(folder: Path) -> Account:
    """Return the account a cluster in `folder` runs under: whose it is, or who we are, and never root.

    Raises:
        DatabaseError: we are root and there is no account to run under, or the folder is somebody else's.
    """
    try:
        owner = folder.stat().st_uid
    except (FileNotFoundError, NotADirectoryError):
        owner = os.geteuid() or _unprivileged().pw_uid
    if owner == 0:
        raise DatabaseError("db.owned_by_root", folder=folder, account=ACCOUNT)
    account = account_of(owner)
    if os.geteuid() not in {0, owner}:
        raise DatabaseError("db.not_yours", folder=folder, owner=account.name)
    return account


def _unprivileged() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(ACCOUNT)
    except KeyError as fault:
        raise DatabaseError("db.no_account", account=ACCOUNT) from fault


def account_of(uid: int) -> Account:
    """Return the account of a number, which may have no name."""
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        return Account(str(uid), uid, os.getegid())
    return Account(entry.pw_name, uid, entry.pw_gid)


@dataclass(frozen=True)
class Postgres:
    """One installed PostgreSQL."""

    bin: Path
    major: int

    def program(self, name: str) -> str:
        """Return the full path of one of its programs."""
        return str(self.bin / name)

    def version(self) -> str:
        """Return its version in full, such as `15.8`."""
        return _version(self.bin)

    def postgis(self) -> str | None:
        """Return the version of PostGIS it would install, None when it has none."""
        for folder in self._extensions():
            try:
                control = (folder / "postgis.control").read_text(encoding="utf-8")
            except OSError:
                continue
            found = re.search(r"^default_version\s*=\s*'([^']+)'", control, re.MULTILINE)
            return found[1] if found else ""
        return None

    def _extensions(self) -> list[Path]:
        # PostgreSQL looks for its shared files from where its program really is, links followed.
        real = Path(self.program("postgres")).resolve().parent
        if real == SYSTEM / str(self.major) / "bin":
            return [SHARED / str(self.major) / "extension"]
        return [real.parent / share / "extension" for share in ("share", "share/postgresql")]


def find(settings: Settings, major: int | None = None) -> Postgres:
    """Return the newest PostgreSQL that has PostGIS; of the major version that made the data, when told.

    Raises:
        DatabaseError: there is no PostgreSQL, none of that version, or none with PostGIS.
    """
    installed = _installed(settings.postgres_bin)
    if not installed:
        raise DatabaseError("db.no_postgresql", place=settings.postgres_bin or SYSTEM)
    fitting = [one for one in installed if major in {None, one.major}]
    if not fitting:
        found = ", ".join(str(one.major) for one in installed)
        raise DatabaseError("db.other_version", home=settings.home, major=major, found=found)
    with_postgis = [one for one in fitting if one.postgis() is not None]
    if not with_postgis:
        raise DatabaseError("db.no_postgis", bin=fitting[0].bin, major=fitting[0].major)
    return with_postgis[0]


def folders(chosen: Path | None) -> list[Path]:
    """Return where the programs of each PostgreSQL are: in the folder that is set, else where Debian keeps them."""
    return [chosen] if chosen else [path for path in SYSTEM.glob("*/bin") if path.parent.name.isdigit()]


def _installed(chosen: Path | None) -> list[Postgres]:
    """Return what is installed, newest first: only where there is a server, not the client programs alone."""
    found = [
        Postgres(folder, int(_version(folder).split(".")[0] if chosen else folder.parent.name))
        for folder in folders(chosen)
        if (folder / "postgres").is_file() and (folder / "initdb").is_file()
    ]
    return sorted(found, key=lambda one: -one.major)


def _version(folder: Path) -> str:
    program = folder / "postgres"
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    except OSError as fault:
        me = account_of(os.geteuid()).name
        raise DatabaseError("db.cannot_run", program=program, account=me, fault=fault.strerror) from fault
    found = re.search(r"\d+(\.\d+)?", said)
    if not found:
        raise DatabaseError("db.no_postgresql", place=folder)
    return found[0]


def made_by(data: Path) -> int | None:
    """Return the major version a data directory was made by, None where there is none.

    Raises:
        DatabaseError: there is a folder, but no PostgreSQL data in it.
    """
    try:
        return int((data / "PG_VERSION").read_text(encoding="utf-8").split(".")[0])
    except FileNotFoundError as fault:
        if data.exists():
            raise DatabaseError("db.not_data", data=data) from fault
        return None
    except PermissionError as fault:
        raise DatabaseError("db.not_yours", folder=data, owner="?") from fault
    except ValueError as fault:
        raise DatabaseError("db.not_data", data=data) from fault


def run(
    account: Account, command: list[str], *, stdin: int = subprocess.DEVNULL, stdout: int, legacy: int | None = None
) -> "subprocess.CompletedProcess[bytes]":
    """Run a program, named by its full path, as an account; its errors go where its output goes.

    An open file given as `legacy` is left to it and its children; such a program is not of our session,
    so that what interrupts us does not interrupt it.

    Raises:
        DatabaseError: it cannot be run.
    """
    try:
        return subprocess.run(  # noqa: S603 - a full path, and no shell reads the words
            command,
            stdin=stdin,
            stdout=stdout,
            stderr=subprocess.STDOUT,
            pass_fds=() if legacy is None else (legacy,),
            start_new_session=legacy is not None,
            check=False,
            **account.spawning(),
        )
    except (OSError, subprocess.SubprocessError) as fault:
        raise DatabaseError("db.cannot_run", program=command[0], account=account.name, fault=str(fault)) from fault
