"""The operator's commands: a webhook is added, tried and removed, an organisation gets letters."""

import json
import os
import subprocess
import sys

from server.settings import CHECKOUT
from tests.server.telling.conftest import House
from tests.server.telling.receivers import Receiver


def xunge(house: House, *words: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "DATABASE_URL": house.database.dsn, "XUNGE_WEBHOOK_PRIVATE": "1", "XUNGE_LANG": "en"}
    return subprocess.run(
        [sys.executable, "-m", "server", *words],
        env=env,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_webhook_is_added_pinged_and_removed(house: House, receiver: Receiver) -> None:
    made = xunge(house, "webhook", "add", "--source", "hotline", "--url", receiver.url, "--json")
    assert made.returncode == 0, made.stderr
    told = json.loads(made.stdout)
    assert xunge(house, "webhook", "ping", str(told["id"])).returncode == 0
    house.now = house.now.replace(year=2030)
    house.send()
    (ping,) = receiver.taken
    assert json.loads(ping.body)["event"] == ping.headers["x-xunge-event"] == "ping"
    (listed,) = json.loads(xunge(house, "webhook", "list", "--json").stdout)
    assert (listed["id"], listed["waiting"]) == (told["id"], 0)
    assert told["secret"] not in str(listed)
    assert xunge(house, "webhook", "remove", str(told["id"])).returncode == 0
    again = xunge(house, "webhook", "ping", str(told["id"]))
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
    assert (
        xunge(house, "webhook", "add", "--source", "hotline", "--url", "http://example.org/").returncode == 2
    )


def test_letters_of_an_organisation_begin_and_end(house: House) -> None:
    assert xunge(house, "letters", "crew-drain", "--mail", "drain@example.org").returncode == 0
    assert house.rows("select mail, active from contacts") == [{"mail": "drain@example.org", "active": True}]
    assert xunge(house, "letters", "crew-drain").returncode == 0
    assert house.rows("select mail, active from contacts") == [{"mail": "", "active": False}]
    assert xunge(house, "letters", "nobody", "--mail", "a@example.org").returncode == 2
