"""`sql/schema.sql`: the schema in one file for readers, derived from the migrations and never edited.

`python -m server.schema` says whether it equals what the migrations make; `--write` writes it anew.
"""

import difflib
import subprocess
import sys
import tempfile
from pathlib import Path

from server.cluster import Cluster
from server.migrate import migrate
from server.postgres import programs

SCHEMA = Path(__file__).parent / "sql" / "schema.sql"
HEAD = "-- Derived from migrations/ by `python -m server.schema --write`; a check compares the two. Not for editing.\n"
# Versions, session settings, and the right to call functions, which everybody has anyway (PostGIS brings 750).
NOISE = (
    "--",
    "SET ",
    "SELECT pg_catalog",
    "\\restrict",
    "\\unrestrict",
    "GRANT ALL ON FUNCTION",
    "COMMENT ON EXTENSION",
)


def dump(dsn: str) -> str:
    """The schema of a database as SQL, without what differs between two equal ones."""
    done = subprocess.run(
        [programs().pg_dump, "--schema-only", "--no-owner", dsn], capture_output=True, text=True, check=True
    )
    blocks: list[str] = []
    for line in done.stdout.splitlines():
        if line.startswith(NOISE) or ("FUNCTION" in line and line.startswith("GRANT")):
            continue
        if line or (blocks and blocks[-1]):
            blocks.append(line)
    return HEAD + "\n".join(blocks).strip() + "\n"


def derived() -> str:
    """What the migrations make of an empty database, in a cluster of its own that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="xunge-schema-") as folder:
        Path(folder).chmod(0o755)
        with Cluster(Path(folder) / "home", {"fsync": "off"}) as cluster:
            cluster.ensure_database()
            migrate(cluster.dsn())
            return dump(cluster.dsn())


def main(arguments: list[str]) -> int:
    made = derived()
    if arguments == ["--write"]:
        SCHEMA.write_text(made, encoding="utf-8")
        return 0
    if arguments:
        print("Only --write is known.", file=sys.stderr)
        return 2
    kept = SCHEMA.read_text(encoding="utf-8") if SCHEMA.exists() else ""
    if kept == made:
        return 0
    sys.stdout.writelines(
        difflib.unified_diff(kept.splitlines(True), made.splitlines(True), "schema.sql", "migrations")
    )
    print(
        "schema.sql is not what the migrations make: run `python -m server.schema --write`.", file=sys.stderr
    )
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
