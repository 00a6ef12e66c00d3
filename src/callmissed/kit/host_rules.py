"""Which web origins (RFC 6454) a list of host rules lets in.

A rule is `example.com` (that host), `*.example.com` (every host below it, not itself), either one
with `:port` for that port only. The scheme does not matter.
"""

import re
from collections.abc import Iterable

MAX_RULE_CHARS = 260
DEFAULT_PORTS = {"http": "80", "https": "443"}

_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_RULE = re.compile(rf"(\*\.)?({_LABEL}(?:\.{_LABEL})*)(?::([0-9]{{1,5}}))?")
_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://([^/:@?#\s]+)(?::([0-9]{1,5}))?")


def read_rule(text: str) -> str:
    """The rule in lower case. Raises ValueError, saying what is wrong with it."""
    rule = text.strip().lower()
    if "://" in rule or "/" in rule:
        raise ValueError("write the host alone, without scheme and path")
    if not rule.isascii():
        raise ValueError("write the host in its ASCII form (xn--…)")
    match = _RULE.fullmatch(rule) if len(rule) <= MAX_RULE_CHARS else None
    if match is None:
        raise ValueError("it is not a host such as example.com or *.example.com")
    if match[1] and "." not in match[2]:
        raise ValueError("a star needs a domain of at least two parts behind it")
    return rule


def origin_matches(origin: str, rules: Iterable[str]) -> bool:
    """`origin` is the value of the header, as `https://shop.example.com:8443`; `null` matches
    nothing.
    """
    match = _ORIGIN.fullmatch(origin.lower())
    if match is None:
        return False
    scheme, host, port = match.groups()
    port = port or DEFAULT_PORTS.get(scheme, "")
    return any(_admits(rule, host, port) for rule in rules)


def rule_covers(wide: str, narrow: str) -> bool:
    """True where every origin that `narrow` lets in, `wide` lets in too."""
    wide_host, _, wide_port = wide.partition(":")
    host, _, port = narrow.partition(":")
    if wide_port and wide_port != port:
        return False
    return host == wide_host or (
        wide_host.startswith("*.") and host.removeprefix("*").endswith(wide_host[1:])
    )


def _admits(rule: str, host: str, port: str) -> bool:
    ruled_host, _, ruled_port = rule.partition(":")
    if ruled_port and ruled_port != port:
        return False
    if ruled_host.startswith("*."):
        return host.endswith(ruled_host[1:]) and len(host) > len(ruled_host) - 1
    return host == ruled_host
