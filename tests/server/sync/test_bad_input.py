"""Bad input: each case has its outcome, its sentence, and never a fault of ours."""

import gzip
import json

import requests

from tests.conftest import LiveServer
from tests.factories import RUBBISH
from tests.server.sync.tablet import Tablet, count


def test_an_old_envelope_a_huge_batch_and_a_zip_bomb_get_sentences(tablet: Tablet) -> None:
    url, headers = f"{tablet.url}/sync/v1/commands", tablet.headers()
    many = {"envelope": "xunge/1", "commands": [tablet.command() for _ in range(101)]}
    assert (
        requests.post(
            url, json={"envelope": "other/9", "commands": []}, headers=headers, timeout=30
        ).status_code
        == 422
    )
    assert requests.post(url, json=many, headers=headers, timeout=30).status_code == 422
    assert (
        requests.post(url, data=b"{", headers=headers, timeout=30).json()["detail"] == "The body is not JSON."
    )
    cut = gzip.compress(json.dumps(many).encode())[:-20]
    spoiled = requests.post(url, data=cut, headers=headers | {"Content-Encoding": "gzip"}, timeout=30).json()
    assert (spoiled["status"], spoiled["code"]) == (422, "unreadable_body")
    bomb = gzip.compress(b" " * 40_000_000)
    assert (
        requests.post(url, data=bomb, headers=headers | {"Content-Encoding": "gzip"}, timeout=30).status_code
        == 413
    )


def test_one_bad_command_never_blocks_the_others(live_server: LiveServer, tablet: Tablet) -> None:
    good, bad, unknown, late = (
        tablet.command(),
        tablet.command(payload={"title": 7}),
        tablet.command("dance"),
        tablet.command(),
    )
    results = tablet.send(good, bad, unknown, late)
    assert [r["outcome"] for r in results] == ["applied", "rejected", "rejected", "applied"]
    assert "title" in results[1]["reason"]["sentence"]
    assert tablet.send(bad)[0]["outcome"] == "rejected"
    assert count(live_server, "cases") == 2


def test_a_known_id_with_another_content_is_refused_and_kept_for_people(
    live_server: LiveServer, tablet: Tablet
) -> None:
    command = tablet.command()
    tablet.send(command)
    forged = command | {"payload": {"category": RUBBISH, "title": "something else"}}
    result = tablet.send(forged)[0]
    assert (result["outcome"], result["reason"]["code"]) == ("rejected", "forged")
    assert count(live_server, "forged_commands") == 1
    assert tablet.send(command)[0]["outcome"] == "applied"
