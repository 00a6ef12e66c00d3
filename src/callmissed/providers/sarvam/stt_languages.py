"""The languages that Sarvam hears, as its two speech-to-text sockets write them."""

HEARD = frozenset(
    {
        *("en-IN", "hi-IN", "bn-IN", "gu-IN", "kn-IN", "ml-IN", "mr-IN", "or-IN", "pa-IN"),
        *("ta-IN", "te-IN", "as-IN", "ur-IN", "ne-IN", "kok-IN", "ks-IN", "sd-IN", "sa-IN"),
        *("sat-IN", "mni-IN", "brx-IN", "mai-IN", "doi-IN"),
    }
)


def classic_language(tag: str, *, may_change: bool) -> str:
    """For `/speech-to-text/ws`: `unknown` lets the server find out, and tell."""
    known = _known(tag)
    if may_change or not known:
        return "unknown"
    return "od-IN" if known == "or-IN" else known


def realtime_language(tag: str, *, may_change: bool) -> str:
    """For `/speech-to-text-realtime/ws`: `auto` lets the server find out, and tell."""
    known = _known(tag)
    return "auto" if may_change or not known else known


def told_language(code: object, otherwise: str) -> str:
    """The BCP-47 tag of what a server named; `otherwise` where it named no language."""
    return _known(code) or otherwise if isinstance(code, str) else otherwise


def _known(tag: str) -> str:
    """Any region of a language stands for India's; empty for a language that is not heard."""
    bare = tag.replace("_", "-").split("-")[0].lower()
    found = "or-IN" if bare == "od" else f"{bare}-IN"
    return found if found in HEARD else ""
