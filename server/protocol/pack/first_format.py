"""Packs of the first format, which cases made under it still refer to: brought forward to what is read today."""

from typing import Any

# What the first format did not have; its cases need these clocks only for acts that came later.
_HOUR, _DAY = {"hours": 1, "kind": "emergency"}, {"days": 1, "kind": "calendar"}
LATER_STAGES = {
    "verify": _DAY,
    "reply": {"days": 5, "kind": "calendar"},
    "wait": {"days": 3, "kind": "calendar"},
    "arrive": _HOUR,
    "help": _DAY,
    "supervise": _DAY,
    "notice": {"days": 7, "kind": "calendar"},
    "enforce": {"days": 90, "kind": "calendar"},
}
LATER_KEYS = {"extensions": 2, "suspend_days": 365, "appeal_days": 15, "rate_days": 30, "sample_share": 0.0}
STAGE_OF = {"report": "before", "self_handle": "after", "handle": "after", "pass": "inspection"}


def brought_forward(raw: dict[str, Any]) -> dict[str, Any]:
    """The data of a first-format pack as the second format says it; data that never was one comes back as faulty."""
    categories = [c for c in raw.get("categories", ()) if isinstance(c, dict)]
    systems = dict.fromkeys(str(c.get("system")) for c in categories)
    majors = dict.fromkeys((str(c.get("system")), _major(c)) for c in categories)
    return {
        **LATER_KEYS,
        **raw,
        "format": 2,
        "stages": {**LATER_STAGES, **raw.get("stages", {})},
        "systems": {system: {"zh-CN": system} for system in systems},
        "majors": [{"system": system, "code": code, "name": {"zh-CN": code}} for system, code in majors],
        "trades": {},
        "routing": [
            {"categories": ["*"], "kinds": ["crew"], "why": {"zh-CN": "处置单位", "en": "a handling crew"}}
        ],
        "categories": [_category(c) for c in categories],
    }


def _major(category: dict[str, Any]) -> str:
    return str(category.get("code", ""))[:2] or "-"


def _category(raw: dict[str, Any]) -> dict[str, Any]:
    acts = raw.get("needs_photo", ())
    return {
        "initials": "x",
        "responsible": {"handle": ["crew"]},
        **{name: value for name, value in raw.items() if name != "needs_photo"},
        "major": _major(raw),
        "kind": "component" if str(raw.get("system")).endswith("component") else "event",
        "evidence": {act: STAGE_OF[act] for act in acts if act in STAGE_OF},
    }
