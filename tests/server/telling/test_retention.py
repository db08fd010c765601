"""What was told is forgotten after thirteen months; what still waits, and what is younger, is not."""

from tasks import forget_told
from tests.server.telling.conftest import House
from tests.server.telling.receivers import PostOffice, Receiver


def counts(house: House) -> dict[str, int]:
    tables = ("messages", "letter_lines", "outbox", "exchanges", "message_reads")
    return {table: house.rows(f"select count(*) as n from {table}")[0]["n"] for table in tables}


def test_news_is_kept_for_thirteen_months_and_then_forgotten(
    house: House, office: PostOffice, receiver: Receiver
) -> None:
    house.contact("worker")
    house.hook(receiver.url)
    house.tell("person", "worker")
    house.outcome()
    house.send()
    house.execute("insert into message_reads select id, %s from messages", house.district.people["worker"])
    house.execute("insert into outbox (key, channel, district_id, webhook_id, body, made_at, due_at)"
                  " select 'waits', 'webhook', district_id, id, '{}', made_at, made_at from webhooks")  # fmt: skip
    full = counts(house)
    assert all(full.values())
    house.later(days=395)
    # The deliveries' own rows carry the real time at which they went.
    house.execute("insert into exchanges (at, direction, district_id, method, path, status, ms, request_id)"
                  " values ('2026-11-22', 'in', %s, 'GET', '/api/v1/me', 200, 1, 'old')", house.district.id)  # fmt: skip
    assert house.database.run(lambda conn: forget_told.run(conn, house.now)) == 0
    house.later(days=2)
    assert house.database.run(lambda conn: forget_told.run(conn, house.now)) == 2
    after = counts(house)
    assert (after["messages"], after["letter_lines"], after["message_reads"]) == (0, 0, 0)
    assert house.rows("select key from outbox") == [{"key": "waits"}]
    assert house.rows("select from exchanges where request_id = 'old'") == []
