"""What a boundary file takes in memory: its shapes, and the most that reading, checking and loading it takes.

`python -m bench.memory [FILE]`; without a file, 12,000 made-up areas. Prints one line of JSON, megabytes.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pyogrio

from bench.cells import tree
from gis.checks import check
from gis.compare import compare
from gis.read import read
from gis.topology import for_tablets, seam
from gis.write import write
from server.settings import CHECKOUT

CELLS = 12_000


def _resident(key: str) -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024
    raise OSError(f"the kernel does not tell {key}")


def main(path: Path) -> None:
    """Prints what the shapes of a file and the work on them take, bytes above what the program takes empty."""
    pyogrio.list_drivers()
    before = _resident("VmRSS")
    areas = read(path).areas
    shapes = _resident("VmRSS") - before
    check(areas)
    made, _ = seam(areas)
    compare([], made)
    for_tablets(made)
    peak = _resident("VmHWM") - before
    print(json.dumps({"file_mb": path.stat().st_size / 1e6, "shapes_mb": shapes / 1e6, "peak_mb": peak / 1e6,
                      "ratio": round(peak / shapes, 2)}))  # fmt: skip


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            made_up = Path(folder) / "areas.geojson"
            write(tree(CELLS), made_up)
            # In a process of its own: making the file has taken memory here.
            subprocess.run([sys.executable, "-m", "bench.memory", str(made_up)], cwd=CHECKOUT, check=True)
