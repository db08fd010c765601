"""Cases are found by words: pairs of ideographs, beginnings of words, numbers, what the category is called."""

from pathlib import Path

import pytest

from server.cases.filters import Filters
from server.cases.finding import FEW, words_query
from server.cases.lists import list_cases
from server.db import Connection
from server.packs import current
from server.people import erasure
from tests.factories import COVER, RUBBISH, Street


@pytest.fixture
def street(conn: Connection, tmp_path: Path) -> Street:
    return Street.open(conn, tmp_path)


def found(street: Street, login: str = "duty", **asked: str) -> list[str]:
    page = list_cases(street.conn, street.viewer(login), Filters(**asked), 50, None, street.now)  # type: ignore[arg-type]
    return [case["number"] for case in page.items]


@pytest.fixture
def few(street: Street) -> dict[str, str]:
    told = {
        "bags": {"title": "华阳路口三袋垃圾", "description": "气味很大"},
        "cover": {"title": "Manhole at gate 12", "category": COVER, "condition": "broken"},
        "phone": {"title": "打 13800138000 问过", "description": ""},
    }
    return {name: street.report(**said) for name, said in told.items()}


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("华阳路", ["bags"]),
        ("路", ["bags"]),
        ("路华", []),
        ("气味 垃圾", ["bags"]),
        ("垃圾 gate", []),
        ("manh", ["cover"]),
        ("GATE 12", ["cover"]),
        ("anhole", []),
        ("污水井盖", ["cover"]),
        ("wsjg", ["cover"]),
        ("13800138000", []),
        ("！？", []),
        ("' | 'x", []),
        ("%", []),
    ],
)
def test_words_find_what_has_them_all(
    street: Street, few: dict[str, str], words: str, names: list[str]
) -> None:
    assert sorted(found(street, q=words)) == sorted(few[name] for name in names)


def test_a_number_is_found_by_its_beginning_and_an_outside_number_whole(
    street: Street, few: dict[str, str]
) -> None:
    assert found(street, q=few["bags"]) == [few["bags"]]
    assert sorted(found(street, q=few["bags"][:9])) == sorted(few.values())


def test_nobody_finds_what_is_not_in_sight(street: Street, few: dict[str, str]) -> None:
    far = street.report("intake", lon=104.07, title="华阳路另一头")
    assert sorted(found(street, q="华阳")) == sorted([few["bags"], far])
    assert found(street, "street", q="华阳") == [few["bags"]]
    assert found(street, "crew", q="华阳") == []


def test_words_follow_the_case_when_it_changes_and_go_when_they_are_erased(street: Street) -> None:
    number = street.report(title="旧标题写错了")
    street.act("duty", number, "change", reason="写清楚", title="新标题")
    assert (found(street, q="旧标题"), found(street, q="新标题")) == ([], [number])
    street.act("duty", number, "register", condition="")
    assert found(street, q="新标题", state=("registered",)) == [number]  # type: ignore[arg-type]
    erasure.erase_words(street.conn, number, 1, "本人要求", street.now)
    assert found(street, q="新标题") == []


def test_rare_and_common_are_found_alike(
    street: Street, few: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    key = f"{RUBBISH['system']}/{RUBBISH['code']}"
    rare = [found(street, q="垃圾"), found(street, category=key), found(street, source="patrol", q="gate")]
    monkeypatch.setattr("server.cases.finding.FEW", -1)
    walked = [found(street, q="垃圾"), found(street, category=key), found(street, source="patrol", q="gate")]
    assert rare == walked
    both = sorted([few["bags"], few["phone"]])
    assert [sorted(one) for one in rare] == [both, both, [few["cover"]]], "one of them by its category's name"
    assert FEW > 0


def test_a_query_is_only_words_whatever_is_typed(street: Street) -> None:
    pack = current(street.conn, street.district.id)[1]
    for typed in ("it's", "a\\b", "a & !b", "''", ":*", "(", "井"):
        query = words_query(typed, pack)
        with street.conn.cursor() as cursor:
            cursor.execute("select %s::tsquery", (query or "'x'",))
