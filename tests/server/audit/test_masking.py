"""What is masked, and what is not."""

import pytest

from server.audit.masking import mask_answer, mask_name, mask_phone, mask_text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("电话13912345678，白天打", "电话139****5678，白天打"),
        ("+86 139-1234-5678", "+86 139****5678"),
        ("139 1234 5678 或 028-87654321", "139****5678 或 028-****4321"),
        ("02887654321", "028****4321"),
        ("身份证510104199001011234。", "身份证510***********1234。"),
        ("51010419900101123x", "510***********123x"),
        ("张女士反映3栋2单元1501漏水", "张女士反映3栋2单元1501漏水"),
        ("编号20261122-000001，限2小时", "编号20261122-000001，限2小时"),
        ("井盖编号 139123456789012", "井盖编号 139123456789012"),
        ("104.06123, 30.60421", "104.06123, 30.60421"),
        ("", ""),
    ],
)
def test_numbers_that_lead_to_a_person_are_masked_and_all_other_words_stay(text: str, shown: str) -> None:
    assert mask_text(text) == shown
    assert mask_text(shown) == shown


def test_a_telephone_of_no_known_form_shows_two_digits_at_most() -> None:
    assert [mask_phone(phone) for phone in ("87654321", "12345", "")] == ["****21", "****", ""]


def test_names_and_private_answers_are_masked_by_what_they_are() -> None:
    assert (mask_name("张三丰"), mask_name("Li"), mask_name(" ")) == ("张**", "L**", "")
    answers = {
        "phone": "13912345678",
        "caller_phone": "13912345678",
        "contact_name": "王五",
        "address": "3栋1501",
    }
    shown = {"phone": "139****5678", "caller_phone": "139****5678", "contact_name": "王**", "address": "****"}
    assert {field: mask_answer(field, text) for field, text in answers.items()} == shown
