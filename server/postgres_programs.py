"""Finds PostgreSQL's own programs: the newest version, 15 or later, that has PostGIS; or the one the data need."""

import shutil
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from server.errors import SetupFault

OLDEST = 15
DEBIAN = Path("/usr/lib/postgresql")
DEBIAN_SHARE = Path("/usr/share/postgresql")


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
    """Every installed version with PostGIS, oldest first; Debian's places, then what `pg_config` on PATH says."""
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
