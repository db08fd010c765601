"""The packs that come with the program: everything that the field names is there and says what it must."""

import tomllib
from pathlib import Path

import pytest

from mobile.ui.icons import read_strokes
from server.packs import names, read_folder
from server.packs.check import found_wrong
from server.packs.folder import FOLDER, read_written
from server.protocol.pack import Category, Condition, Limit, Pack, read_pack
from server.settings import CHECKOUT

# Codes of the national sets with a word that must be in the name, by system and major.
COMPONENTS = {
    "01": "01上水井盖 02污水井盖 03雨水井盖 04雨水箅子 06路灯井盖 10热力井盖 11燃气井盖 23不明井盖 28电力设施 37路灯 46健身设施",
    "02": "01停车场 04公交站亭 12路名牌 17交通护栏",
    "03": "01公厕 05垃圾箱 06户外广告",
    "04": "02行道树 08绿地护栏",
    "05": "00其他",
}
EVENTS = {
    "01": "01私搭乱建 10暴露垃圾 11积存渣土 12道路不洁 13道路破损 25水域不洁 29露天烧烤 36乱堆物料 37动物尸体",
    "02": "01小广告 03违规户外广告",
    "03": "01扰民 02占道 03无证掘路 04扬尘",
    "04": "01无照游商 05店外经营 06占道经营 10非机动车乱停",
    "05": "01供水 02燃气 03排水 05路面塌陷 06道路积水 08线缆脱落",
    "06": "00其他",
}
SOCIAL = {"01": "纠纷", "02": "访", "03": "隐患", "04": "", "05": "", "06": "其他"}


@pytest.fixture(scope="module")
def urban() -> Pack:
    return read_pack(read_folder("urban"))


@pytest.fixture(scope="module")
def social() -> Pack:
    return read_pack(read_folder("social"))


def known(pack: Pack, key: str) -> Category:
    category = pack.category(*key.rsplit("/", 1))
    assert category is not None, key
    return category


def case_of(pack: Pack, key: str, condition: str) -> tuple[Category, Condition]:
    category = known(pack, key)
    found = category.condition(condition)
    assert found is not None, (key, condition)
    return category, found


@pytest.mark.parametrize("code", names())
def test_every_pack_of_the_program_can_be_used(code: str) -> None:
    assert [finding.text() for finding in found_wrong(read_written(FOLDER / code))] == []


@pytest.mark.parametrize(("system", "majors"), [("urban/component", COMPONENTS), ("urban/event", EVENTS)])
def test_every_category_of_the_national_sets_is_there(
    urban: Pack, system: str, majors: dict[str, str]
) -> None:
    for major, minors in majors.items():
        for minor in minors.split():
            category = known(urban, f"{system}/{major}{minor[:2]}")
            assert minor[2:] in category.names["zh-CN"]
            assert (category.major, category.kind) == (major, system.removeprefix("urban/"))
    wanted = {f"{major}{minor[:2]}" for major, minors in majors.items() for minor in minors.split()}
    assert {c.code for c in urban.categories if c.system == system} == wanted


def test_the_social_pack_has_disputes_care_visits_safety_opinions_and_requests(social: Pack) -> None:
    for major, word in SOCIAL.items():
        found = [category for category in social.categories if category.major == major]
        assert found
        assert all(word in category.names["zh-CN"] for category in found)


@pytest.mark.parametrize(
    ("key", "condition", "limit"),
    [
        ("urban/component/0102", "missing", Limit(120, "emergency")),
        ("urban/component/0102", "broken", Limit(240, "working")),
        ("urban/event/0110", "any", Limit(240, "working")),
        ("urban/event/0505", "any", Limit(120, "emergency")),
        ("urban/event/0502", "any", Limit(60, "emergency")),
        ("urban/component/0217", "damaged", Limit(2 * 480, "working")),
        ("urban/event/0600", "any", Limit(3 * 1440, "calendar")),
    ],
)
def test_limits_are_those_of_the_field(urban: Pack, key: str, condition: str, limit: Limit) -> None:
    assert case_of(urban, key, condition)[1].handle == limit


def test_stages_are_those_of_the_field(urban: Pack) -> None:
    said = {stage: urban.stages[stage] for stage in ("register", "dispatch", "inspect", "close")}
    assert said == {
        "register": Limit(15, "seat"),
        "dispatch": Limit(15, "seat"),
        "inspect": Limit(120, "seat"),
        "close": Limit(30, "seat"),
    }
    assert urban.stages["verify"] == Limit(1440, "emergency")


@pytest.mark.parametrize("code", names())
def test_every_text_is_in_chinese_and_in_english_and_every_icon_is_drawn(code: str) -> None:
    pack, drawn = read_pack(read_folder(code)), read_strokes()
    texts = [
        pack.names,
        *pack.level_names,
        *pack.majors.values(),
        *pack.systems.values(),
        *pack.trades.values(),
    ]
    texts += [rule.why for rule in pack.routing]
    texts += [reason.names for reasons in pack.reasons.values() for reason in reasons]
    for category in pack.categories:
        assert category.icon in drawn, category.icon
        texts += [category.names, *(field.names for field in category.form)]
        texts += [choice.names for field in category.form for choice in field.choices]
        for condition in category.conditions:
            texts += [condition.names, condition.closing, *([condition.basis] if condition.basis else [])]
    assert [text for text in texts if set(text) != {"zh-CN", "en"}] == []


@pytest.mark.parametrize("code", names())
def test_every_condition_has_its_limit_its_closing_condition_its_duties_and_its_law(code: str) -> None:
    for category in read_pack(read_folder(code)).categories:
        for condition in category.conditions:
            assert condition.handle.minutes > 0 and condition.closing["zh-CN"]
            assert set(condition.responsible) == {"manage", "own", "handle"}, (category.key, condition.code)
            assert condition.basis.get("zh-CN", "").startswith("《"), (category.key, condition.code)


@pytest.mark.parametrize("code", names())
def test_initials_have_one_letter_for_each_character(code: str) -> None:
    categories = read_pack(read_folder(code)).categories
    assert [c.key for c in categories if len(c.initials) != len(c.names["zh-CN"])] == []


def test_the_whole_limit_is_the_sum_of_the_stages_unless_the_condition_says(urban: Pack) -> None:
    condition = case_of(urban, "urban/component/0102", "broken")[1]
    assert urban.limit("whole", condition) == Limit(240 + 15 + 120 + 30, "working")
    small = read_pack(tomllib.loads((Path(__file__).parent / "small.toml").read_text(encoding="utf-8")))
    condition = case_of(small, "s/0101", "missing")[1]
    assert (small.limit("whole", condition), small.whole(condition)) == (Limit(240, "emergency"), 240)
    assert small.limit("reply", condition) == Limit(480, "working")
    assert (
        small.limit("reply")
        == small.limit("reply", case_of(small, "s/0101", "broken")[1])
        == Limit(2400, "working")
    )


def test_an_opinion_is_owed_a_reply_by_whatever_door_it_came(social: Pack, urban: Pack) -> None:
    assert social.owes_reply(known(social, "social/0401"), "patrol")
    assert not urban.owes_reply(known(urban, "urban/event/0110"), "patrol")
    assert urban.owes_reply(known(urban, "urban/event/0110"), "phone")
    condition = case_of(social, "social/0402", "any")[1]
    assert social.limit("reply", condition) == Limit(480, "working")


def test_what_is_personal_in_a_form_is_marked_private(social: Pack) -> None:
    personal = {"person", "parties", "phone", "address"}
    for category in social.categories:
        for field in category.form:
            assert field.private == (field.name in personal), (category.key, field.name)


def test_routing_says_whom_a_matter_goes_to_and_why(urban: Pack, social: Pack) -> None:
    rule = urban.route(*case_of(urban, "urban/component/0102", "broken"))
    assert rule.trades == ("drainage", "road")
    rule = urban.route(*case_of(urban, "urban/component/0123", "missing"))
    assert rule.trades == ("road", "general")
    assert "权属不明" in rule.why["zh-CN"]
    rule = urban.route(known(urban, "urban/event/0600"), None)
    assert (rule.trades, rule.kinds) == (("general",), ("street",))
    assert social.route(*case_of(social, "social/0101", "risk")).trades == ("police", "mediation")
    assert social.route(*case_of(social, "social/0101", "any")).kinds == ("community",)
    rule = social.route(*case_of(social, "social/0401", "any"))
    assert (rule.kinds, rule.level) == (("street", "community"), 1)


@pytest.mark.parametrize("code", names())
def test_routing_leaves_no_condition_without_somebody(code: str) -> None:
    pack = read_pack(read_folder(code))
    for category in pack.categories:
        for condition in category.conditions:
            rule = pack.route(category, condition)
            assert rule.trades or rule.kinds, (category.key, condition.code)


def test_a_district_may_run_both_packs_as_one(urban: Pack, social: Pack) -> None:
    both = read_pack(read_folder("district"))
    assert [c.key for c in both.categories] == [c.key for c in (*urban.categories, *social.categories)]
    assert both.other.key == "urban/event/0600"
    assert both.stages == urban.stages
    assert {**urban.trades, **social.trades} == both.trades
    codes = [reason.code for reason in both.reasons["decline"]]
    assert "outside" in codes and "withdrawn" in codes and len(set(codes)) == len(codes)
    assert both.words == {}
    assert social.words["states"]["handled"]["zh-CN"] == "待回访"


def test_one_stage_without_brackets_is_the_list_of_that_stage() -> None:
    """As packs said it before an act could need several: cases that were made under them keep them."""
    small = tomllib.loads((Path(__file__).parent / "small.toml").read_text(encoding="utf-8"))
    assert read_pack(small).categories[0].evidence == {"report": ("before",), "handle": ("before", "after")}


def test_a_pack_of_the_first_format_is_still_read() -> None:
    """A case refers to the version that it was made under, however old."""
    old = tomllib.loads((Path(__file__).parent / "first_format.toml").read_text(encoding="utf-8"))
    pack = read_pack(old)
    cover = known(pack, "urban/component/0102")
    assert cover.needs_photo == {"report", "handle"}
    assert cover.evidence == {"report": ("before",), "handle": ("after",)}
    assert pack.stages["register"] == Limit(15, "emergency")
    assert pack.limit("reply") == Limit(5 * 1440, "calendar")
    assert pack.route(cover, cover.conditions[0]).kinds == ("crew",)


def test_codes_that_cases_and_history_refer_to_are_kept(urban: Pack) -> None:
    for key in ("urban/event/0110", "urban/event/0406", "urban/event/0505", "urban/event/0600"):
        assert known(urban, key).condition("any")
    assert [c.code for c in known(urban, "urban/component/0102").conditions] == ["missing", "broken"]
    assert {"dark", "leaning"} <= {c.code for c in known(urban, "urban/component/0137").conditions}


def test_no_file_of_a_pack_is_longer_than_a_person_reads() -> None:
    files = [*(CHECKOUT / "server" / "packs").rglob("*.toml")]
    assert len(files) > 15
    assert [f.name for f in files if f.read_text(encoding="utf-8").count("\n") > 300] == []
