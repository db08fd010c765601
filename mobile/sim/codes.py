"""Codes for simulated tablets: asked of the office by an administrator's token, for its grid workers in turn."""

import json
import subprocess
import sys
from itertools import cycle, islice
from typing import Any

import requests

TIMEOUT_S = 30
PAGE = 200
DEMO_ADMIN = "admin1"


class NoCodes(Exception):
    """The office gives no codes; the sentence says why."""


def demo_token() -> str:
    """An API token of the demo's administrator, made by the server's own command line on this machine."""
    words = [sys.executable, "-m", "server", "token", DEMO_ADMIN, "--label", "mobile.sim", "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise NoCodes(
            f"No token of {DEMO_ADMIN} could be made ({said[-1] if said else 'no words'}). "
            "Give --token of an administrator, or --codes."
        )
    return str(json.loads(done.stdout)["token"])


class Codes:
    """The administrator's side of the API on one server."""

    def __init__(self, server: str, token: str) -> None:
        self._api = server.rstrip("/") + "/api/v1"
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {token}"

    def make(self, count: int) -> list[str]:
        """`count` codes, shared out among all active grid workers. Raises NoCodes."""
        workers = self._workers()
        if not workers:
            raise NoCodes("The district of this token has no grid workers with grids of their own.")
        return [
            str(self._ask("POST", f"/people/{login}/enrol-code")["code"])
            for login in islice(cycle(workers), count)
        ]

    def _workers(self) -> list[str]:
        found: list[str] = []
        after: int | None = 0
        while after is not None:
            page = self._ask("GET", f"/people?limit={PAGE}&after={after}")
            found += [one["login"] for one in page["items"] if one["role"] == "worker" and one["active"]]
            after = page["next"]
        return found

    def _ask(self, method: str, path: str) -> dict[str, Any]:
        try:
            answer = self._session.request(method, self._api + path, timeout=TIMEOUT_S)
            told: dict[str, Any] = answer.json()
        except (requests.RequestException, ValueError) as problem:
            raise NoCodes(f"{self._api}{path} did not answer as Xunge does: {problem}") from problem
        if answer.status_code >= 400:
            raise NoCodes(f"{path}: {told.get('detail') or answer.status_code}")
        return told
