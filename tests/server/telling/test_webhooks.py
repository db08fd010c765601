"""Outcomes go back to where a case came from: signed, in order, again and again until they were taken, folded by key."""

import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from itertools import pairwise

import pytest

from server.errors import BadInput
from server.telling import delivery, webhook
from tests.server.telling.conftest import House
from tests.server.telling.receivers import PATIENCE_S, Receiver


def verify(secret: str, header: str, body: bytes) -> bool:
    """What docs/webhooks.md tells receivers to do."""
    import hashlib
    import hmac

    parts = dict(part.split("=", 1) for part in header.split(","))
    made = hmac.new(secret.encode(), f"{parts['t']}.".encode() + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(made, parts["v1"])


def test_an_outcome_is_posted_once_signed_with_the_webhooks_secret(house: House, receiver: Receiver) -> None:
    made = house.hook(receiver.url)
    n = house.outcome("closed", "close", close_kind="fixed")
    assert house.send() == 1
    assert house.send() == 0
    (taken,) = receiver.taken
    event = json.loads(taken.body)
    assert taken.path == "/hook?k=1"
    assert taken.headers["x-xunge-event"] == event["event"] == "case.closed"
    assert taken.headers["idempotency-key"] == taken.key == f"{made['id']}.{house.case_id}.{n}"
    assert event["case"]["external_id"] == "A-7"
    assert verify(made["secret"], taken.headers["x-xunge-signature"], taken.body)
    assert not verify(made["secret"], taken.headers["x-xunge-signature"], taken.body + b" ")
    assert not verify("another", taken.headers["x-xunge-signature"], taken.body)


def test_what_is_refused_comes_again_later_with_the_same_key_and_the_same_bytes(
    house: House, receiver: Receiver
) -> None:
    house.hook(receiver.url)
    receiver.answers = [500, 503, 302]
    house.outcome()
    house.send()
    assert len(receiver.taken) == 1, "not again at once"
    for _ in range(3):
        house.later(hours=1)
        house.send()
    assert len(receiver.taken) == 4, "and a redirect is not followed"
    assert len(set(receiver.keys)) == 1
    assert len({one.body for one in receiver.taken}) == 1
    house.later(days=1)
    house.send()
    assert len(receiver.taken) == 4, "what was taken is not told again"
    assert [(e["status"], e["error"]) for e in house.rows("select status, error from exchanges order by id")] == [
        (500, "HTTP 500"), (503, "HTTP 503"), (302, "HTTP 302"), (200, None)]  # fmt: skip


def test_delays_grow_to_six_hours_and_what_failed_together_comes_back_apart() -> None:
    delays = [delivery.delay_after(tries, "k") for tries in range(1, 15)]
    assert timedelta(seconds=30) <= delays[0] <= timedelta(seconds=38)
    assert all(b > a for a, b in pairwise(delays[:10]))
    assert max(delays) <= timedelta(hours=7.5)
    assert len({delivery.delay_after(3, str(key)) for key in range(20)}) == 20


def test_a_case_is_told_in_order_though_its_first_event_failed(house: House, receiver: Receiver) -> None:
    house.hook(receiver.url)
    receiver.answers = [400]
    first, second = house.outcome("registered"), house.outcome("dispatched", "dispatch")
    house.send()
    assert len(receiver.taken) == 1, "the second waits for the first"
    house.later(hours=1)
    house.send()
    versions = [json.loads(one.body)["case"]["version"] for one in receiver.taken]
    assert versions == [first, first, second]


def test_a_receiver_that_is_ill_is_left_alone_and_another_is_not_kept_waiting(
    house: House, receiver: Receiver
) -> None:
    dead = house.hook("http://127.0.0.1:9/")
    for _ in range(3):
        house.outcome()
    well = house.hook(receiver.url)
    house.outcome()
    house.send()
    assert len(receiver.taken) == 1
    assert well["id"] == int(receiver.keys[0].split(".")[0])
    tried = house.rows("select sum(tries) as n from outbox where webhook_id = %s", dead["id"])
    assert tried == [{"n": 1}], "one try says enough"
    (row,) = house.rows("select failures, rest_until from webhooks where id = %s", dead["id"])
    assert (row["failures"], row["rest_until"]) == (1, house.now + timedelta(seconds=30))


def test_a_receiver_that_says_gone_is_told_nothing_more(house: House, receiver: Receiver) -> None:
    house.hook(receiver.url)
    receiver.answers = [410]
    house.outcome()
    house.outcome("dispatched")
    house.send()
    house.outcome("handling")
    house.later(days=1)
    house.send()
    assert len(receiver.taken) == 1
    assert len(house.rows("select from outbox where given_up_at is not null")) == 2


def test_after_fourteen_tries_it_is_given_up_and_can_be_sent_again_under_its_old_key(
    house: House, receiver: Receiver
) -> None:
    hook = house.hook(receiver.url)
    receiver.answers = [400] * delivery.MOST_TRIES
    house.outcome()
    for _ in range(delivery.MOST_TRIES + 3):
        house.send()
        house.later(hours=8)
    (row,) = house.rows("select id, tries, given_up_at, error from outbox")
    assert (row["tries"], row["error"]) == (delivery.MOST_TRIES, "HTTP 400")
    assert row["given_up_at"] is not None
    house.database.run(
        lambda conn: delivery.sql.again(conn, ids=[row["id"]], district=house.district.id, now=house.now)
    )
    house.send()
    assert len(receiver.taken) == delivery.MOST_TRIES + 1
    assert len(set(receiver.keys)) == 1
    assert house.rows("select sent_at from outbox where webhook_id = %s", hook["id"]) == [
        {"sent_at": house.now}
    ]


def test_news_older_than_three_days_is_given_up_without_a_try_each(house: House) -> None:
    house.hook("http://127.0.0.1:9/")
    for state in ("registered", "dispatched", "handling"):
        house.outcome(state)
    house.later(days=4)
    house.outcome("handled")
    house.send()
    assert house.rows("select count(*) from outbox where given_up_at is not null") == [{"count": 3}]
    assert house.rows("select count(*) from outbox where given_up_at is null") == [{"count": 1}]


def test_a_receiver_that_drips_its_answer_is_cut_off(
    house: House, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "WHOLE_S", 0.3)
    over = threading.Event()

    def drip(request: BaseHTTPRequestHandler) -> None:
        try:
            while not over.wait(0.05):
                request.wfile.write(b"H")
                request.wfile.flush()
        except OSError:
            over.set()

    receiver.answers = [drip]
    house.hook(receiver.url)
    house.outcome()
    house.send()
    over.set()
    (row,) = house.rows("select sent_at, tries, error from outbox")
    assert (row["sent_at"], row["tries"]) == (None, 1)
    assert row["error"]


def test_two_senders_at_once_send_everything_once(house: House, receiver: Receiver) -> None:
    hooks = [house.hook(receiver.url)["id"] for _ in range(4)]
    for state in ("registered", "dispatched", "handling", "handled"):
        house.outcome(state)
    senders = [threading.Thread(target=house.send) for _ in range(2)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(PATIENCE_S)
    house.send()
    assert len(receiver.keys) == len(set(receiver.keys)) == 4 * len(hooks)


@pytest.mark.parametrize(
    "url",
    ["http://example.org/", "ftp://example.org/", "https://", "https://user:secret@example.org/", "https://example.org/#a",
     "https://example.org:99999/", "http://10.0.0.1/", "https://exämple.org/", "https://example.org/a b"],
)  # fmt: skip
def test_an_address_that_deliveries_may_not_go_to_is_refused_when_it_is_given(url: str) -> None:
    with pytest.raises(BadInput):
        webhook.check_url(url, private=True)


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "http://localhost:8080/"])
def test_plain_http_is_for_this_machine_and_only_where_the_operator_allows_it(url: str) -> None:
    assert webhook.check_url(url, private=True).hostname
    with pytest.raises(BadInput):
        webhook.check_url(url, private=False)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "10.1.2.3", "192.168.0.1", "169.254.169.254", "[::1]", "[fd00::1]", "[::ffff:10.0.0.1]", "0.0.0.0"]
)  # fmt: skip
def test_a_name_that_leads_into_our_own_network_is_not_connected_to(house: House, host: str) -> None:
    hook = house.hook(f"https://{host}/")
    house.settings = house.settings.model_copy(update={"webhook_private": False})
    house.outcome()
    house.send()
    (row,) = house.rows("select error from outbox where webhook_id = %s", hook["id"])
    assert "a private address" in row["error"]


def test_a_receiver_whose_certificate_nobody_vouches_for_is_not_told(
    house: House, receiver: Receiver
) -> None:
    """The receiver here speaks plain HTTP where TLS is asked for: nothing of the event reaches it."""
    house.hook(receiver.url.replace("http://", "https://"))
    house.outcome()
    house.send()
    assert receiver.taken == []
    assert "SSL" in house.rows("select error from outbox")[0]["error"]


def test_the_log_keeps_the_host_of_a_receiver_but_not_its_path(house: House, receiver: Receiver) -> None:
    house.hook(receiver.url)
    house.outcome()
    house.send()
    (row,) = house.rows("select * from exchanges")
    assert (row["direction"], row["path"], row["number"], row["external_id"]) == (
        "out",
        "http://127.0.0.1",
        house.number,
        "A-7",
    )
