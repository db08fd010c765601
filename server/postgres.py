"""PostgreSQL as this machine has it: its programs, the account they run under, and our settings for it."""

import grp
import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from server.errors import SetupFault

OLDEST = 15
DEBIAN = Path("/usr/lib/postgresql")
DEBIAN_SHARE = Path("/usr/share/postgresql")
# Nothing of the caller's: an empty one would give SQL_ASCII, PG* variables would point elsewhere.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}

# For two cores and a few gigabytes. Durability is never traded: synchronous_commit stays on.
SETTINGS: dict[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "wal_compression": "on",
    "checkpoint_timeout": "15min",
    "random_page_cost": "1.1",
    "jit": "off",
    "max_worker_processes": "8",
    "max_parallel_workers_per_gather": "1",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "on",
    "log_directory": "log",
    "log_filename": "postgresql-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
}


@dataclass(frozen=True)
class Programs:
    """The programs of one version of PostgreSQL."""

    version: int
    bin: Path

    @property
    def initdb(self) -> Path:
        return self.bin / "initdb"

    @property
    def pg_ctl(self) -> Path:
        return self.bin / "pg_ctl"

    @property
    def pg_isready(self) -> Path:
        return self.bin / "pg_isready"

    @property
    def pg_dump(self) -> Path:
        return self.bin / "pg_dump"

    @property
    def pg_restore(self) -> Path:
        return self.bin / "pg_restore"


def installed() -> list[Programs]:
    """Every installed version with PostGIS, oldest first: Debian's places, else what `pg_config` says."""
    found = [
        Programs(int(folder.name), folder / "bin")
        for folder in DEBIAN.glob("*")
        if folder.name.isdigit() and (DEBIAN_SHARE / folder.name / "extension" / "postgis.control").exists()
    ]
    if not found and (config := shutil.which("pg_config")):
        answer = subprocess.run(
            [config, "--version", "--bindir", "--sharedir"], capture_output=True, text=True, check=True
        ).stdout.splitlines()
        if (Path(answer[2]) / "extension" / "postgis.control").exists():
            found.append(Programs(int(answer[0].split()[1].split(".")[0]), Path(answer[1])))
    return sorted(
        (one for one in found if one.version >= OLDEST and one.initdb.exists()), key=lambda one: one.version
    )


@lru_cache(maxsize=8)
def programs(version: str | None = None) -> Programs:
    """The programs for data of `version` (as in PG_VERSION), or the newest for data yet to be made.

    Raises SetupFault when that version, or any, is not installed with PostGIS.
    """
    versions = installed()
    if not versions:
        raise SetupFault(
            "PostgreSQL {oldest} or newer with PostGIS is not installed: run `make setup`.", oldest=OLDEST
        )
    if version is None:
        return versions[-1]
    for one in versions:
        if str(one.version) == version:
            return one
    raise SetupFault(
        "The data were made by PostgreSQL {version}, which is not installed with PostGIS. Install"
        " postgresql-{version}-postgis-3, or move the data with backup and restore.",
        version=version,
    )


@dataclass(frozen=True)
class Account:
    """The account of the operating system that PostgreSQL runs under; never root, which it refuses."""

    uid: int
    gid: int

    @property
    def name(self) -> str:
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return str(self.uid)

    def can_enter(self, folder: Path) -> bool:
        """Whether this account can reach `folder`, through every folder above it."""
        groups = {self.gid, *(group.gr_gid for group in grp.getgrall() if self.name in group.gr_mem)}
        for place in (folder, *folder.parents):
            status = place.stat()
            if status.st_uid == self.uid:
                needed = stat.S_IXUSR
            else:
                needed = stat.S_IXGRP if status.st_gid in groups else stat.S_IXOTH
            if not status.st_mode & needed:
                return False
        return True


def run(program: Path, account: Account, logs: Sequence[Path], *arguments: str) -> None:
    """Runs one of PostgreSQL's programs as `account`; a failure is told by the lines that say most.

    They are looked for in the program's own output and at the end of `logs`.
    """
    root = os.geteuid() == 0
    done = subprocess.run(
        [program, *arguments],
        cwd="/",
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        user=account.uid if root else None,
        group=account.gid if root else None,
        extra_groups=[] if root else None,
        umask=0o077,
        check=False,
    )
    if done.returncode != 0:
        lines = done.stderr.decode(errors="replace").splitlines()
        for log in logs:
            if log.exists():
                lines += log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]
        telling = [line for line in lines if any(word in line for word in ("FATAL", "could not", "invalid"))]
        reason = " ".join((telling or lines or ["no reason given"])[-2:]).strip()
        raise SetupFault("PostgreSQL did not start: {reason}", reason=reason)
