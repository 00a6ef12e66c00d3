"""Details that a caller gives: read as their kind is read, refused where they cannot be one."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from callmissed.domain.tools import Slot, SlotType
from callmissed.kit.phone_numbers import read_e164

INDIA = "+91"
MAX_DETAIL_CHARS = 300

_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,63}"
)
_NAME = re.compile(r"[^\d<>{}\[\]@/\\]{2,100}")
_ORDER_ID = re.compile(r"[A-Z0-9]{3,40}")
_SPACES = re.compile(r"\s+")
_JOINTS = re.compile(r"[\s.\-/]+")
_INDIAN_MOBILE = re.compile(r"0?([6-9]\d{9})")


@dataclass(frozen=True, slots=True)
class Taken:
    """`refused` says of each why; `missing` are required ones that nobody gave yet."""

    accepted: dict[str, str]
    refused: dict[str, str]
    missing: list[str]


def take_details(
    slots: Sequence[Slot], known: Mapping[str, str], given: Mapping[str, Any]
) -> Taken:
    """What is accepted is in its one written form: E.164, ISO 8601, capitals without signs."""
    accepted: dict[str, str] = {}
    refused: dict[str, str] = {}
    for slot in slots:
        words = given.get(slot.name)
        if not isinstance(words, str) or not words.strip():
            continue
        value = read_detail(slot, _SPACES.sub(" ", words.strip()))
        if value is None:
            refused[slot.name] = _WANTED[slot.type]
        else:
            accepted[slot.name] = value
    have = {**known, **accepted}
    missing = [slot.name for slot in slots if slot.required and slot.name not in have]
    return Taken(accepted, refused, missing)


def read_detail(slot: Slot, words: str) -> str | None:
    """None for what cannot be one of the slot's kind."""
    if len(words) > MAX_DETAIL_CHARS:
        return None
    match slot.type:
        case SlotType.PHONE:
            return read_phone(words)
        case SlotType.DATE:
            return _read_date(words)
        case SlotType.EMAIL:
            return words.lower() if _EMAIL.fullmatch(words) else None
        case SlotType.ORDER_ID:
            return _read_order_id(words, slot.pattern)
        case SlotType.NAME:
            return words if _NAME.fullmatch(words) else None
        case SlotType.TEXT:
            return words


def read_phone(words: str) -> str | None:
    """E.164; ten digits that are a mobile number of India are one."""
    bare = _JOINTS.sub("", words)
    if match := _INDIAN_MOBILE.fullmatch(bare):
        return INDIA + match.group(1)
    return read_e164(words)


def _read_date(words: str) -> str | None:
    try:
        return date.fromisoformat(words).isoformat()
    except ValueError:
        return None


def _read_order_id(words: str, pattern: str | None) -> str | None:
    bare = _JOINTS.sub("", words).upper().replace("#", "")
    if not _ORDER_ID.fullmatch(bare):
        return None
    if pattern is None:
        return bare
    shape = "".join("A" if one.isalpha() else "9" for one in bare)
    return bare if shape == _JOINTS.sub("", pattern).replace("#", "") else None


_WANTED = {
    SlotType.PHONE: "it is no phone number with its country code",
    SlotType.DATE: "it is no date as YYYY-MM-DD",
    SlotType.EMAIL: "it is no e-mail address",
    SlotType.ORDER_ID: "it is no order id of this form",
    SlotType.NAME: "it is no name",
    SlotType.TEXT: "it is too long",
}
