"""The tools that every installation has, as a model is told of them."""

from typing import Any

from callmissed.domain.tools import SlotType, ToolTerms, ToolType, ToolUse

_FORMATS = {
    SlotType.NAME: "the person's full name",
    SlotType.PHONE: "a phone number with its country code, such as +919876543210",
    SlotType.DATE: "a date as YYYY-MM-DD",
    SlotType.EMAIL: "an e-mail address",
    SlotType.ORDER_ID: "an order id, letters and digits as the caller said them",
    SlotType.TEXT: "what the caller said about it, in a few words",
}


def built_in_terms(use: ToolUse) -> ToolTerms:
    """Raises KeyError for a type that is not ours."""
    description, properties, required = _forms(use)[use.type]
    parameters = {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }
    return ToolTerms(use.type, use.type.value, description, parameters, slots=use.slots)


def _forms(use: ToolUse) -> dict[ToolType, tuple[str, dict[str, Any], list[str]]]:
    return {
        ToolType.END_CALL: (
            "Ends the call behind your next words. Use it when the caller has nothing more to ask "
            "or says goodbye.",
            {"reason": _text("why the call can end", 200)},
            [],
        ),
        ToolType.TRANSFER_TO_HUMAN: (
            "Asks a person to take over. Use it when the caller wants a person or you cannot help.",
            {
                "reason": _text("why a person is needed", 300),
                "summary": _text("what the caller wants and what was done so far", 1500),
                "urgency": {"type": "string", "enum": ["low", "normal", "high"]},
            },
            ["reason", "summary"],
        ),
        ToolType.COLLECT_DETAILS: (
            "Notes details that the caller gave, any number at a time, and says which are refused "
            "or still missing. Read back what was noted.",
            {slot.name: _text(_FORMATS[slot.type], 300) for slot in use.slots},
            [],
        ),
        ToolType.SEND_FOLLOWUP: (
            "Has a message sent to the caller after the call. Use it when they ask for one.",
            {
                "channel": {"type": "string", "enum": ["whatsapp", "sms", "email"]},
                "to": _text("a phone number with its country code, or an e-mail address", 254),
                "message": _text("the message", 1500),
            },
            ["channel", "to", "message"],
        ),
    }


def _text(description: str, max_chars: int) -> dict[str, Any]:
    return {"type": "string", "description": description, "maxLength": max_chars}
