"""Runs a module of ours in a process of its own: limits of time, memory and written bytes; it ends with its parent."""

import ctypes
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from server.children import PR_SET_PDEATHSIG

GIGABYTE = 1 << 30
MEMORY_BYTES, WRITTEN_BYTES = 6 * GIGABYTE, 2 * GIGABYTE
# All that a child learns of the environment of its parent.
KEPT = ("PATH", "LANG", "HOME", "TMPDIR", "SYSTEMROOT")


PARENT = "XUNGE_PARENT"


def run(
    module: str, arguments: Sequence[str], folder: Path, seconds: float, more: Mapping[str, str] | None = None
) -> int | None:
    """How `python -m module` ended in `folder`; None when it was ended because it took longer than `seconds`."""
    from server.settings import CHECKOUT  # only here: a child need not read the settings

    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    environment = {
        **kept, "PYTHONPATH": str(CHECKOUT), "PYTHONNOUSERSITE": "1", PARENT: str(os.getpid()), **(more or {}),
    }  # fmt: skip
    child = subprocess.Popen([sys.executable, "-m", module, *arguments], cwd=folder, env=environment,
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             start_new_session=True)  # fmt: skip
    try:
        return child.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def limit(cpu_seconds: int) -> None:
    """For the child itself, first of all."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.environ.get(PARENT, str(os.getppid())) != str(os.getppid()):
        os._exit(1)  # the parent ended before it could be told
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (WRITTEN_BYTES, WRITTEN_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
