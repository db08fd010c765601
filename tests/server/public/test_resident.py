"""A resident's own case: what the page says and never says, what may be done there, and who is turned away."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.audit.masking import hide_numbers
from server.cases import guests
from server.console.headers import POLICY
from server.public import knocks
from tests.factories import Street, picture
from tests.pictures import png
from tests.server.public.conftest import House, close, report_by_phone


def test_the_page_says_in_plain_words_where_the_case_stands(house: House) -> None:
    number = house.make(report_by_phone, minutes=50)
    link = house.link(number)
    page = house.get(link.path, "en")
    assert page.status_code == 200
    assert "Your report has arrived." in page.text
    assert "You get an answer by" in page.text
    assert number in page.text
    assert "S1名 › S1C1名 › S1C1G1名" in page.text
    assert "您的反映已收到" in house.get(link.path).text
    assert '<html lang="zh-CN"' in house.get(link.path + "?lang=zh-CN", "en").text

    house.make(lambda street: close(street, number), minutes=45)
    page = house.get(link.path, "en")
    assert "It is finished." in page.text
    assert "排水队 says that it is done." in page.text
    assert "The case was finished." in page.text
    assert page.text.count('class="done"') == 6, "six of the seven steps; the seventh is the rating"


def test_the_address_is_kept_from_others_and_the_policy_is_the_strict_one(house: House) -> None:
    number = house.make(report_by_phone, minutes=5)
    for path in (house.link(number).path, "/public", "/public/cases/forged"):
        page = house.get(path)
        assert page.headers["content-security-policy"] == POLICY
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["x-robots-tag"] == "noindex, nofollow"
        assert page.headers["cache-control"] == "no-store"
        assert "set-cookie" not in page.headers
        assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=\"", page.text)


# Planted in every field that takes text: a name, a telephone, a number of an identity card, a home.
SECRETS = ("欧阳建国", "13987654321", "510104199001011234", "幸福里8栋2单元301")
PLANTED = " ".join(SECRETS)
NUMBERS = " ".join(SECRETS[1:3])


def planted_everywhere(street: Street) -> str:
    number = report_by_phone(
        street, title=PLANTED, description=PLANTED,
        form={"contact_name": SECRETS[0], "contact_phone": SECRETS[1], "address": SECRETS[3]},
    )  # fmt: skip
    street.act("duty", number, "ask", question=f"请问具体位置？{NUMBERS}")
    street.act("duty", number, "answer", answer=PLANTED)
    street.act("duty", number, "comment", text=PLANTED)
    street.act("duty", number, "contact", text=PLANTED)
    street.act("duty", number, "register", condition="missing")
    street.act("dispatch", number, "dispatch", crew="crew-drain")
    street.act("crew", number, "ask_return", reason=PLANTED)
    street.act("duty", number, "refuse_return", reason=PLANTED)
    street.act("crew", number, "accept")
    street.act("crew", number, "handle", done=PLANTED, attachments=[street.photo()])
    street.act("worker", number, "fail", unmet=PLANTED)
    street.act("crew", number, "handle", done=PLANTED, attachments=[street.photo(colour="blue")])
    street.act("worker", number, "pass", close_kind="fixed", note=PLANTED)
    street.act("duty", number, "close", note=PLANTED)
    street.act("duty", number, "reply", text=f"已更换井盖。{NUMBERS}")
    street.act("duty", number, "callback", result="satisfied", note=PLANTED)
    return number


def test_no_personal_data_stands_on_any_public_page_wherever_somebody_wrote_it(house: House) -> None:
    number = house.make(planted_everywhere, minutes=30)
    declined = house.make(report_by_phone, minutes=30)
    house.make(
        lambda street: street.act("duty", declined, "decline", reason=f"不在范围内 {NUMBERS}"), minutes=20
    )
    people = [row["name"] for row in house.rows("select name from people_private")]
    assert len(people) == len(house.district.people)
    for path in (house.link(number).path, house.link(declined).path, "/public/streets/S1", "/public"):
        for lang in ("zh-CN", "en"):
            text = house.get(path, lang).text
            assert [secret for secret in (*SECRETS, *people, "104.005", "30.005") if secret in text] == []
    page = house.get(house.link(number).path)
    assert "已更换井盖。**** ****" in page.text, "the answer is there, its numbers are not"
    assert "不在范围内" in house.get(house.link(declined).path).text


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("请拨打 028-87654321 或 138 1234 5678", "请拨打 **** 或 ****"),
        ("身份证51010419900101123X", "身份证****"),
        ("写信到 wang@example.org", "写信到 ****"),
        ("川A·12345 挡路", "**** 挡路"),
        (
            "与 20261122-000017 一并答复，2026-12-01 前完成，共 35 处",
            "与 20261122-000017 一并答复，2026-12-01 前完成，共 35 处",
        ),
    ],
)
def test_words_for_the_reporter_are_shown_without_numbers_of_people(said: str, shown: str) -> None:
    assert hide_numbers(said) == shown


def test_whom_to_call_is_masked_for_everybody_who_sees_the_case(house: House) -> None:
    number = house.make(report_by_phone, minutes=5)
    case = house.case(number)
    assert {answer["label"]: answer["value"] for answer in case["form"]} == {
        "反映人姓名": "王**",
        "反映人电话": "138****5678",
    }
    assert case["masked"]


# Links -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/public/streets/%00", "/public/streets/S1?district=%00"])
def test_characters_that_no_text_has_are_refused_and_are_no_fault_of_ours(house: House, path: str) -> None:
    assert house.get(path).status_code == 422
    assert house.post("/public", number="\0", code="1234567890").status_code == 422


def test_forged_ended_and_expired_links_get_the_same_page(house: House) -> None:
    number = house.make(report_by_phone, minutes=5)
    case_id = house.case(number)["id"]
    lost, long_ago = house.link(number), datetime.now(UTC) - timedelta(days=400)
    database = house.server.database
    old = database.run(lambda conn: guests.make_resident(conn, case_id, long_ago, None))
    new = database.run(lambda conn: guests.make_resident(conn, case_id, datetime.now(UTC), None, alone=True))
    refused = {house.get(path, "en").text.replace(path, "") for path in
               (lost.path, old.path, "/public/cases/" + "x" * 24, "/public/cases/select-1")}  # fmt: skip
    assert len(refused) == 1
    assert {house.get(path).status_code for path in (lost.path, old.path, "/public/cases/forged")} == {404}
    assert house.get(new.path).status_code == 200
    assert house.post(f"{lost.path}/comment", text="还在吗").status_code == 404


def test_only_the_hash_of_a_token_is_kept(house: House) -> None:
    link = house.link(house.make(report_by_phone, minutes=5))
    (row,) = house.rows("select token_hash, code_hash from public_links")
    assert link.token.encode() not in bytes(row["token_hash"])
    assert len(bytes(row["token_hash"])) == len(bytes(row["code_hash"])) == 32
    assert len(link.token) >= 22, "at least 128 bits"


def test_number_and_code_of_a_slip_open_the_case_for_a_day(house: House) -> None:
    number = house.make(report_by_phone, minutes=5)
    link = house.link(number)
    page = house.post("/public", number=number, code=link.spaced_code)
    assert "Your report has arrived." in page.text
    assert page.url != house.server.url + link.path, "the slip's own link is not given away"
    lasts = house.rows("select expires_at - made_at as span from public_links where code_hash is null")
    assert [row["span"] for row in lasts] == [timedelta(days=1)]
    other = house.make(report_by_phone, minutes=5)
    assert house.post("/public", number=other, code=link.code).status_code == 404
    wrong = house.post("/public", number="20200101-999999", code=link.code)
    assert (wrong.status_code, "do not belong together" in wrong.text) == (404, True)


def test_number_and_code_may_be_typed_as_wide_as_a_chinese_keyboard_writes(house: House) -> None:
    number = house.make(report_by_phone, minutes=5)
    wide = str.maketrans("0123456789- ", "０１２３４５６７８９－　")
    page = house.post(
        "/public", number=number.translate(wide), code=house.link(number).spaced_code.translate(wide)
    )
    assert "Your report has arrived." in page.text


def test_whoever_reported_what_was_merged_reads_how_it_ended_and_may_dispute_that(house: House) -> None:
    survivor, number = (house.make(report_by_phone, days=40) for _ in range(2))
    link = house.link(number)
    house.make(lambda street: street.act("duty", number, "merge", survivor=survivor), days=39)
    page = house.get(link.path, "en").text
    assert "You get the same answer." in page
    assert 'class="steps"' not in page, "it goes no step that is left"
    house.make(lambda street: close(street, survivor), days=1)
    page = house.get(link.path, "en").text
    assert "Our answer to you stands below." in page
    assert f"问题已经解决。与案件 {survivor} 一并答复。" in page
    assert "Open the case again" in page
    assert house.post(f"{link.path}/reopen", reason="没有修好").status_code == 200
    assert house.case(number)["state"] == "registered"


def test_a_code_is_tried_ten_times_an_hour_and_then_not_even_the_right_one_opens(house: House) -> None:
    number = house.make(report_by_phone, minutes=5)
    link = house.link(number)
    wrong = f"{(int(link.code) + 1) % 10**10:010d}"
    assert [house.post("/public", number=number, code=wrong).status_code for _ in range(10)] == [404] * 10
    late = house.post("/public", number=number, code=link.code)
    assert late.status_code == 429
    assert 0 < int(late.headers["retry-after"]) <= 3600
    assert "too often" in late.text
    logged = house.rows("select detail from security_log where what = 'public_too_many'")
    assert [row["detail"]["door"] for row in logged] == ["codes of case"]
    assert house.get(link.path).status_code == 200, "the link itself still opens"


def test_guessed_addresses_are_slowed_down_and_leave_one_row_in_the_log(house: House) -> None:
    answers = [house.get(f"/public/cases/guess{n}").status_code for n in range(knocks.WRONG_LINKS.most + 3)]
    assert answers == [404] * knocks.WRONG_LINKS.most + [429] * 3
    assert len(house.rows("select 1 from security_log where what = 'public_too_many'")) == 1
    assert "guess" not in str(house.rows("select detail from security_log"))


def test_knocks_are_counted_by_all_processes_together_and_forgotten_after_a_day(house: House) -> None:
    now, database = datetime.now(UTC), house.server.database
    for _ in range(knocks.ACTS.most):
        knocks.knock(database, knocks.ACTS, "somebody", "192.0.2.1", now)
    with pytest.raises(knocks.TooMany):
        knocks.knock(database, knocks.ACTS, "somebody", "192.0.2.1", now)
    knocks.knock(database, knocks.ACTS, "somebody", "192.0.2.1", now + timedelta(hours=1))
    assert database.run(lambda conn: knocks.forget(conn, now + timedelta(hours=2))) == 0
    assert database.run(lambda conn: knocks.forget(conn, now + timedelta(days=2))) == 2


# What a resident may do ------------------------------------------------------------------------------------------


def closed_with_link(house: House, **ago: float) -> tuple[str, guests.ResidentLink]:
    number = house.make(lambda street: close(street, report_by_phone(street)), **ago)
    return number, house.link(number)


def test_a_rating_is_counted_with_its_cycle_once(house: House) -> None:
    _number, link = closed_with_link(house, hours=2)
    assert 'name="stars"' in house.get(link.path).text
    rated = house.post(f"{link.path}/rate", stars="4", note="很快")
    assert "Thank you for your rating." in rated.text
    assert house.rows("select n, rating from cycles") == [{"n": 1, "rating": 4}]
    assert 'name="stars"' not in rated.text
    assert house.post(f"{link.path}/rate", stars="1").status_code == 409
    assert house.post(f"{link.path}/rate", stars="9").status_code == 422
    assert house.rows("select rating from cycles") == [{"rating": 4}]


def test_the_same_form_sent_twice_is_one_act(house: House) -> None:
    _number, link = closed_with_link(house, hours=2)
    for _ in range(2):
        sent = house.post(
            f"{link.path}/comment", text="谢谢", command_id="0198f000-0000-7000-8000-000000000001"
        )
        assert sent.status_code == 200
    assert len(house.rows("select 1 from case_events where action = 'comment'")) == 1


def test_a_resident_who_disputes_opens_a_second_cycle_and_the_first_keeps_its_facts(house: House) -> None:
    number, link = closed_with_link(house, hours=2)
    house.post(f"{link.path}/rate", stars="2")
    assert house.post(f"{link.path}/reopen", reason="  ").status_code == 422
    opened = house.post(f"{link.path}/reopen", reason="井盖又松了")
    assert "The case is open again." in opened.text
    cycles = house.rows("select n, ended_as, rating, reply_due_at is not null as owed from cycles order by n")
    assert cycles == [
        {"n": 1, "ended_as": "fixed", "rating": 2, "owed": False},
        {"n": 2, "ended_as": None, "rating": None, "owed": True},
    ]
    clocks = house.rows(
        "select cycle, stopped_at is null as runs from deadlines where kind = 'reply' order by cycle"
    )
    assert clocks == [{"cycle": 1, "runs": False}, {"cycle": 2, "runs": True}], "what was owed is owed anew"
    (event,) = [e for e in house.make(lambda s: timeline(s, number)) if e["action"] == "reopen"]
    assert (event["organisation_name"], event["actor_name"], event["by_system"]) == ("居民", None, False)
    assert event["text"] == "井盖又松了"
    assert house.make(lambda street: proof(street, number)) is None


def timeline(street: Street, number: str) -> list[dict[str, Any]]:
    from server.cases import service

    return service.events(street.conn, street.viewer("duty"), number)


def proof(street: Street, number: str) -> Any:
    from server.cases import service

    return service.verify(street.conn, street.viewer("duty"), number)


def test_what_is_too_late_is_neither_offered_nor_done(house: House) -> None:
    number, link = closed_with_link(house, days=40)
    page = house.get(link.path, "en").text
    assert "Open the case again" not in page
    assert "Send the rating" not in page
    late = house.post(f"{link.path}/reopen", reason="又坏了")
    assert (late.status_code, "within 15 days" in late.text) == (422, True)
    assert "又坏了" in late.text or "Open the case again" not in late.text
    assert house.post(f"{link.path}/rate", stars="5").status_code == 422
    assert house.case(number)["state"] == "closed"


def test_a_question_is_answered_by_the_link_with_a_photo_and_the_case_goes_on(house: House) -> None:
    number = house.make(report_by_phone, minutes=30)
    house.make(lambda street: street.act("duty", number, "ask", question="在几号门口？"), minutes=20)
    link = house.link(number)
    assert "在几号门口？" in house.get(link.path).text
    files = {"attachments": ("门口.jpg", picture(), "image/jpeg")}
    answered = house.post(f"{link.path}/answer", answer="三号门", files=files)
    assert "Your answer has arrived." in answered.text
    case = house.case(number)
    assert (case["state"], len(case["attachments"])) == ("reported", 1)
    assert "在几号门口？" in answered.text, "the question stays in the story"
    assert "三号门" not in answered.text


def test_a_declined_case_is_appealed_once(house: House) -> None:
    number = house.make(report_by_phone, minutes=30)
    house.make(lambda street: street.act("duty", number, "decline", reason="不在范围"), minutes=20)
    link = house.link(number)
    assert house.post(f"{link.path}/appeal", reason="就在马路上").status_code == 200
    assert house.case(number)["state"] == "reported"
    house.make(lambda street: street.act("duty", number, "decline", reason="已核对"), minutes=10)
    assert house.post(f"{link.path}/appeal", reason="不同意").status_code == 409


@pytest.mark.parametrize("action", ["close", "dispatch", "register", "cancel", "reply", "nonsense", "report"])
def test_a_resident_does_nothing_that_the_table_does_not_allow(house: House, action: str) -> None:
    link = house.link(house.make(report_by_phone, minutes=5))
    assert house.post(f"{link.path}/{action}", reason="x", text="x").status_code == 404
    assert house.rows("select action from case_events") == [{"action": "report"}]


def test_a_photo_is_shown_only_of_its_own_case_and_only_where_the_matter_lies_in_the_street(
    house: House,
) -> None:
    _number, link = closed_with_link(house, hours=2)
    (photo,) = re.findall(r'src="(/public/cases/[^"]+)"', house.get(link.path).text)
    shown = house.get(photo)
    assert shown.headers["content-type"] == "image/jpeg"
    assert shown.headers["x-robots-tag"].startswith("noindex")
    other = house.link(house.make(report_by_phone, minutes=5))
    assert house.get(photo.replace(link.token, other.token)).status_code == 404


def test_a_file_that_is_no_picture_is_refused_with_the_reason_and_changes_nothing(house: House) -> None:
    link = house.link(house.make(report_by_phone, minutes=5))
    sent = house.post(
        f"{link.path}/add_evidence", files={"attachments": ("a.svg", b"<svg onload='x'/>", "image/svg+xml")}
    )
    assert (sent.status_code, "not a JPEG, PNG or WebP" in sent.text) == (422, True)
    assert house.rows("select action from case_events") == [{"action": "report"}]


def test_more_pictures_than_a_resident_may_send_are_refused_with_a_sentence(house: House) -> None:
    link = house.link(house.make(report_by_phone, minutes=5))
    files = [("attachments", (f"{n}.png", png(8, 8 + n), "image/png")) for n in range(4)]
    sent = house.post(f"{link.path}/add_evidence", files=files)
    assert (sent.status_code, "At most 3 pictures can be sent at once" in sent.text) == (422, True)


# Published -------------------------------------------------------------------------------------------------------


def test_closed_matters_of_a_street_are_published_without_number_place_or_words(house: House) -> None:
    number, _link = closed_with_link(house, days=3)
    closed_with_link(house, days=100)
    house.make(report_by_phone, hours=2)
    page = house.get("/public/streets/S1", "en")
    assert page.text.count("reported ") == 1, "open ones and those of more than ninety days ago are not there"
    assert "S1C1名" in page.text
    assert number not in page.text
    assert "S1C1G1" not in page.text
    assert 'href="/public/streets/S1"' in house.get("/public").text
    assert house.get("/public/streets/nowhere").status_code == 404
    assert "reported " not in house.get("/public/streets/S2", "en").text


def test_the_published_list_is_paged_by_key(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.public.published.ROWS", 2)
    for _ in range(3):
        closed_with_link(house, hours=2)
    page = house.get("/public/streets/S1", "en")
    following = re.search(r'rel="next" href="([^"]+)"', page.text)
    assert following
    rest = house.get(following[1].replace("&amp;", "&"), "en")
    assert (page.text.count("reported "), rest.text.count("reported ")) == (2, 1)
    assert 'rel="next"' not in rest.text
    assert house.get("/public/streets/S1?after=nonsense").status_code == 422


def test_the_figure_of_last_month_is_the_desks_own(house: House) -> None:
    last_month = datetime.now(UTC).replace(day=1) - timedelta(days=10)
    ago = datetime.now(UTC) - last_month
    for _ in range(2):
        closed_with_link(house, seconds=ago.total_seconds())
    house.make(lambda street: street.dispatched(), seconds=ago.total_seconds())
    page = house.get("/public/streets/S1", "en")
    assert "2 of 3" in page.text
    assert "too few for a share" in page.text
    assert "of 3" not in house.get("/public/streets/S2", "en").text
