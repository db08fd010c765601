"""Words in the reader's language: one gettext catalogue for console, tablet and command line."""

import gettext
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

LANGUAGES = {"zh-CN": "zh_CN", "en": "en"}
DEFAULT = "zh-CN"
FOLDER = Path(__file__).parent


@lru_cache(maxsize=8)
def translations_for(lang: str) -> gettext.NullTranslations:
    """The catalogue of `lang` ("zh-CN" or "en"); English is the source text itself."""
    return gettext.translation(
        "xunge", FOLDER, [LANGUAGES.get(lang, LANGUAGES[DEFAULT])], fallback=lang == "en"
    )


def gettext_for(lang: str) -> Callable[[str], str]:
    """A function from English source text to the words of `lang`."""
    return translations_for(lang).gettext


def chosen(*wishes: str | None) -> str:
    """The first wish that is a language we speak; a wish may be an Accept-Language header."""
    for wish in wishes:
        for part in (wish or "").split(","):
            tag = part.split(";")[0].strip().lower()
            if tag.startswith("zh"):
                return "zh-CN"
            if tag.startswith("en"):
                return "en"
    return DEFAULT
