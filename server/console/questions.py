"""The questions that a category asks of its reports: what stands in the form, and what was answered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from server.protocol.pack import Category, Pack
from server.protocol.pack.answered import wrong_answer

# The name of an answer's input before the field's own, so that no pack's field is taken for one of the desk's.
PREFIX = "form."


@dataclass(frozen=True)
class Question:
    """One field of a category's form. `choices` = (value, label) pairs; `private`: masked once it is reported."""

    name: str
    label: str
    kind: str
    required: bool
    private: bool
    choices: tuple[tuple[str, str], ...]

    @property
    def input(self) -> str:
        return PREFIX + self.name


def chosen(pack: Pack, key: str) -> Category | None:
    """The category of "system/code"."""
    system, _, code = key.rpartition("/")
    return pack.category(system, code)


def questions(category: Category, lang: str) -> list[Question]:
    """What is asked of a report of that category."""
    return [
        Question(
            field.name,
            field.names.get(lang) or field.names["zh-CN"],
            field.kind,
            field.required,
            field.private,
            tuple((c.code, c.names.get(lang) or c.names["zh-CN"]) for c in field.choices),
        )
        for field in category.form
    ]


def answers(
    asked: list[Question], given: Mapping[str, str], translate: Callable[[str], str]
) -> tuple[dict[str, str], dict[str, str]]:
    """The answers by field, and what is wrong with them by input."""
    found: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for question in asked:
        answer = given.get(question.input, "").strip()
        wrong = wrong_answer(question.kind, [code for code, _ in question.choices], answer) if answer else ""
        if question.required and not answer:
            wrong = "Fill in: {field}"
        if wrong:
            faults[question.input] = translate(wrong).format(field=question.label)
        elif answer:
            found[question.name] = answer
    return found, faults
