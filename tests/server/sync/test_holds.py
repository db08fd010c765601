"""Acts that a person must decide about: held, never dropped."""

from datetime import UTC, datetime
from typing import Any

from server.cases import acts
from server.protocol.commands import Position
from tests.conftest import LiveServer
from tests.factories import COVER, RUBBISH, Street
from tests.server.sync.tablet import Tablet, count, enrol


def test_an_act_on_what_moved_on_is_applied_with_a_word_or_held_never_dropped(
    live_server: LiveServer, tablet: Tablet, street: Street
) -> None:
    report = tablet.command()
    number = tablet.send(report)[0]["case_number"]

    def register(conn: Any) -> None:
        street.conn = conn
        street.now = datetime.now(UTC)
        street.act("duty", number, "register")

    live_server.database.run(register)
    escalate = tablet.command(
        "escalate", case_id=report["case_id"], base_version=1, payload={"reason": "too big for us"}
    )
    passing = tablet.command(
        "pass", case_id=report["case_id"], base_version=1, payload={"close_kind": "fixed"}
    )
    comment = tablet.command(
        "comment", case_id=report["case_id"], base_version=1, payload={"text": "still there"}
    )
    results = tablet.send(escalate, passing, comment)
    assert [r["outcome"] for r in results] == ["applied_with_conflict", "held", "applied"]
    assert count(live_server, "holds") == 1


def test_what_builds_on_a_held_act_waits_with_it(live_server: LiveServer, tablet: Tablet) -> None:
    report = tablet.command(person_id=tablet.person + 1)
    comment = tablet.command(
        "comment", case_id=report["case_id"], payload={"text": "x"}, depends_on=report["command_id"]
    )
    assert [r["reason"]["code"] for r in tablet.send(report)] == ["held_author"]
    assert [r["reason"]["code"] for r in tablet.send(comment)] == ["held_dependant"]
    assert (count(live_server, "cases"), count(live_server, "holds")) == (0, 2)


def test_a_field_that_somebody_changed_meanwhile_holds_a_change_of_it_and_of_no_other(
    live_server: LiveServer, street: Street
) -> None:
    """Holders change facts of a case from tablets: the same field twice is for a person, two fields are not."""
    community = enrol(live_server, "community")
    report = community.command()
    number = community.send(report)[0]["case_number"]

    def office(*acts: tuple[str, str, dict[str, Any]]) -> None:
        def work(conn: Any) -> None:
            street.conn, street.now = conn, datetime.now(UTC)
            for login, action, payload in acts:
                street.act(login, number, action, **payload)

        live_server.database.run(work)

    def hold_by_community(conn: Any) -> None:
        conn.cursor().execute(
            "update cases set holder_level = 2, holder_id = %s",
            (street.district.organisations["community-S1C1"],),
        )

    office(("duty", "register", {}))
    live_server.database.run(hold_by_community)
    (seen,) = [c["version"] for c in community.follow()[0] if c["kind"] == "case"]
    office(("duty", "change", {"payer": "fund", "reason": "维修资金"}))

    def change(**payload: Any) -> dict[str, Any]:
        more = {"position": payload.pop("position")} if "position" in payload else {}
        told = {"reason": "现场看过", **payload}
        act = community.command("change", case_id=report["case_id"], base_version=seen, payload=told, **more)
        return community.send(act)[0]

    assert change(payer="owner", position=None)["reason"]["code"] == "held_moved_on"

    def set_right(conn: Any) -> None:
        """Another point of the same grid."""
        street.conn, street.now = conn, datetime.now(UTC)
        point, seen = Position(104.0051, 30.0051, 5, "hand", crs="EPSG:4326"), street.case(number)["version"]
        acts.act(conn, street.viewer("duty"), number, "change", {"reason": "点位偏了"}, seen, "console", None, street.now, point)  # fmt: skip

    live_server.database.run(set_right)
    assert change()["reason"]["code"] == "held_moved_on"
    assert change(category=COVER, condition="missing", position=None)["outcome"].startswith("applied")
    # Of its own change a moment ago, a tablet that has not followed yet would write over somebody's, too.
    assert change(category=RUBBISH, position=None)["reason"]["code"] == "held_moved_on"
    with live_server.database.read() as conn, conn.cursor() as cursor:
        cursor.execute("select payer, category_code, lon_e7 from cases")
        assert cursor.fetchone() == {"payer": "fund", "category_code": COVER["code"], "lon_e7": 1040051000}
    community.session.close()
