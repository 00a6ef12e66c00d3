"""How much of everything: what a plan allows, what a key may ask a minute, and how that is told."""

import ipaddress
import math
from collections.abc import Mapping
from dataclasses import dataclass

from callmissed.domain.api_keys import ApiKey, KeyKind
from callmissed.domain.errors import Kind, Refusal
from callmissed.domain.models import PLATFORM, Provider, Route, Service

CREATES_WINDOW_S = 60
CONCURRENCY_RETRY_S = 5
# Who shares an IPv6 network of this length is one household or one server.
IPV6_PREFIX = 64


# What a call takes of a vendor's own limits: one socket to be heard, one to speak with and one that
# stands ready, and a dozen requests a minute to whoever answers requests.
STT_SOCKETS_OF_CALL = 1
TTS_SOCKETS_OF_CALL = 2
REQUESTS_OF_CALL_MINUTE = 12
PROVIDER_FULL_RETRY_S = 10


@dataclass(frozen=True, slots=True)
class PlanLimits:
    """`concurrent_sessions` are open ones, `created` among them; None for as many as there are
    slots. `creates_per_minute` are accepted ones in any 60 s.
    """

    concurrent_sessions: int | None
    creates_per_minute: int


PLANS = {
    "free": PlanLimits(1, 10),
    "starter": PlanLimits(5, 10),
    "pro": PlanLimits(20, 10),
    "enterprise": PlanLimits(None, 10),
}


@dataclass(frozen=True, slots=True)
class Rate:
    """A bucket of `limit` requests that fills evenly, once in `window_s`."""

    limit: int
    window_s: float = 60.0

    @property
    def interval_s(self) -> float:
        return self.window_s / self.limit


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a counter stands after a request; whole seconds. `retry_after_s` is None for a request
    that was let in, `reset_s` how long until all is as if nothing had been asked.
    """

    limit: int
    remaining: int
    reset_s: int
    retry_after_s: int | None = None


# Well-formed keys that nobody issued, from one address: each costs a query.
UNKNOWN_KEYS = Rate(60)
# Of a publishable key without a limit of its own.
PUBLISHABLE = Rate(60)
# Below what a tenant may create a minute, so that no visitor alone can use that up.
PUBLISHABLE_OF_ADDRESS = Rate(5)


def counters_of(key: ApiKey, address: str) -> list[tuple[str, Rate]]:
    """The counters that each request with this key takes from, by their names.

    Keys of one line (rolled one from another) share theirs.
    """
    subject = f"key/{key.line_id}"
    rpm = key.terms.rate_limit_rpm
    if key.terms.kind is KeyKind.PUBLISHABLE:
        own = PUBLISHABLE if rpm is None else Rate(rpm)
        from_address = f"{subject}/{network_of(address)}"
        return [(from_address, PUBLISHABLE_OF_ADDRESS), (subject, own)]
    return [] if rpm is None else [(subject, Rate(rpm))]


def network_of(address: str) -> str:
    """What counts as one address: an IPv4 address, the network of an IPv6 one."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((int(found), IPV6_PREFIX), strict=False))
    return str(found)


def standing_after(rate: Rate, ahead_s: float, *, admitted: bool) -> Standing:
    """`ahead_s` is how long the bucket needs to be full again."""
    remaining = math.floor((rate.window_s - ahead_s) / rate.interval_s + 1e-6)
    wait_s = ahead_s + rate.interval_s - rate.window_s
    return Standing(
        limit=rate.limit,
        remaining=max(0, min(rate.limit, remaining)),
        reset_s=max(0, math.ceil(ahead_s)),
        retry_after_s=None if admitted else max(1, math.ceil(wait_s)),
    )


def rate_limited(standing: Standing, message: str, hint: str) -> Refusal:
    return _limited(Kind.RATE_LIMITED, standing, message, hint)


def concurrency_limited(limit: int) -> Refusal:
    return _limited(
        Kind.CONCURRENCY_LIMITED,
        Standing(limit, 0, CONCURRENCY_RETRY_S, CONCURRENCY_RETRY_S),
        f"The plan allows {limit} sessions at once, and as many are open.",
        "End a session that is not needed, or try again when a call has ended.",
    )


def _limited(kind: Kind, standing: Standing, message: str, hint: str) -> Refusal:
    return Refusal(
        kind,
        message,
        hint,
        retry_after_s=standing.retry_after_s,
        details={"standing": standing},
    )


@dataclass(frozen=True, slots=True)
class Account:
    """What one owner's key with a provider gives for a service. `max_sessions` is how many calls
    the vendor serves with it at once; None where it sets no bound.
    """

    provider: str
    service: Service
    owner: str
    max_sessions: int | None

    @property
    def name(self) -> str:
        return f"{self.provider}/{self.service}/{self.owner}"


def accounts_of(
    route: Route, providers: Mapping[str, Provider], owners: Mapping[str, str]
) -> tuple[Account, ...]:
    """The accounts that a call on this route draws on from its start; spares and providers that
    take no key count for nothing. `owners` holds whose key it is, by the provider's name.
    """
    found = []
    for model in (route.stt, route.llm, route.tts):
        provider, owner = providers.get(model.provider), owners.get(model.provider)
        if provider is not None and owner is not None and provider.needs_key:
            most = max_sessions(provider, model.service)
            found.append(Account(provider.name, model.service, owner, most))
    return tuple(found)


def max_sessions(provider: Provider, service: Service) -> int | None:
    """How many calls fit into what the vendor allows one key."""
    sockets = {
        Service.STT: (provider.max_stt_sockets, STT_SOCKETS_OF_CALL),
        Service.TTS: (provider.max_tts_sockets, TTS_SOCKETS_OF_CALL),
    }
    allowed, taken = sockets.get(service, (None, 1))
    if allowed is None:
        allowed, taken = provider.requests_per_minute, REQUESTS_OF_CALL_MINUTE
    return None if allowed is None else max(1, allowed // taken)


def provider_full(account: Account) -> Refusal:
    whose = "this installation's" if account.owner == PLATFORM else "this tenant's"
    return Refusal(
        Kind.PROVIDER_UNAVAILABLE,
        f"{account.provider} serves {account.max_sessions} calls at once with {whose} key "
        f"({account.service}), and as many are open.",
        "Try again when a call has ended, or use another model.",
        param=f"{account.service}_model",
        retry_after_s=PROVIDER_FULL_RETRY_S,
    )
