"""Which role or key permission a route needs: one table, and what is not in it is refused.

`docs/reference/permissions.md` and the matrix of `tests/matrix` are made from it.
"""

import re
from dataclasses import dataclass

from callmissed.domain.api_keys import EVERYTHING, PERMISSIONS, VOICE, expand
from callmissed.domain.errors import Kind, Refusal
from callmissed.domain.principals import Principal, Role

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

STAFF = frozenset({Role.OWNER, Role.ADMIN, Role.MEMBER})
ADMINS = frozenset({Role.OWNER, Role.ADMIN})
EVERYONE = frozenset(Role)


@dataclass(frozen=True, slots=True)
class Rule:
    """People need one of `roles`; secret keys need all of one of `sets` (without sets: any key).

    `for_keys` False: people only. `for_browsers`: publishable keys too; they get nowhere else.
    """

    roles: frozenset[Role] = EVERYONE
    sets: tuple[frozenset[str], ...] = ()
    for_keys: bool = True
    for_browsers: bool = False


ANYONE = None
SIGNED_IN = Rule()
CREATE_SESSIONS = Rule(STAFF, (VOICE,), for_browsers=True)
END_SESSIONS = Rule(STAFF, (VOICE, frozenset({"sessions:write"})))
READ_SESSIONS = Rule(EVERYONE, (VOICE, frozenset({"sessions:read"}), frozenset({"sessions:write"})))
READ_BOTS = Rule(EVERYONE, (VOICE, frozenset({"bots:read"}), frozenset({"bots:write"})))
CHANGE_BOTS = Rule(STAFF, (frozenset({"bots:write"}),))
CHAT = Rule(STAFF, (VOICE, frozenset({"bots:write"})))
READ_KNOWLEDGE = Rule(STAFF, (frozenset({"bots:read"}), frozenset({"bots:write"})))
CHANGE_KNOWLEDGE = Rule(STAFF, (frozenset({"bots:write"}),))
READ_AUDIT = Rule(ADMINS, (frozenset({"audit:read"}),))
READ_PROVIDERS = Rule(ADMINS, (frozenset({"providers:read"}), frozenset({"providers:write"})))
CHANGE_PROVIDERS = Rule(ADMINS, (frozenset({"providers:write"}),))
READ_KEYS = Rule(ADMINS, (frozenset({"keys:read"}), frozenset({"keys:write"})))
CHANGE_KEYS = Rule(ADMINS, (frozenset({"keys:write"}),))
CHANGE_TENANT = Rule(ADMINS, (frozenset({"tenant:write"}),))
DELETE_TENANT = Rule(frozenset({Role.OWNER}), for_keys=False)
DELETE_DATA = Rule(ADMINS, (frozenset({"data:delete"}),))
PEOPLE_ONLY = Rule(for_keys=False)
READ_PEOPLE = Rule(STAFF, (frozenset({"people:read"}), frozenset({"people:write"})))
READ_INVITES = Rule(ADMINS, READ_PEOPLE.sets)
CHANGE_PEOPLE = Rule(ADMINS, (frozenset({"people:write"}),))

RULES: dict[tuple[str, str], Rule | None] = {
    ("POST", "/v1/voice/sessions"): CREATE_SESSIONS,
    ("GET", "/v1/voice/sessions"): READ_SESSIONS,
    ("GET", "/v1/voice/sessions/{session_id}"): READ_SESSIONS,
    ("DELETE", "/v1/voice/sessions/{session_id}"): END_SESSIONS,
    ("GET", "/v1/voice/sessions/{session_id}/transcript"): READ_SESSIONS,
    ("POST", "/v1/tools"): CHANGE_BOTS,
    ("GET", "/v1/tools"): READ_KNOWLEDGE,
    ("GET", "/v1/tools/{tool_id}"): READ_KNOWLEDGE,
    ("PATCH", "/v1/tools/{tool_id}"): CHANGE_BOTS,
    ("DELETE", "/v1/tools/{tool_id}"): CHANGE_BOTS,
    ("POST", "/v1/tools/{tool_id}/test"): CHANGE_BOTS,
    ("POST", "/v1/bots"): CHANGE_BOTS,
    ("GET", "/v1/bots"): READ_BOTS,
    ("GET", "/v1/bots/{bot_id}"): READ_BOTS,
    ("POST", "/v1/bots/import"): CHANGE_BOTS,
    ("POST", "/v1/bots/from-template"): CHANGE_BOTS,
    ("GET", "/v1/bot-templates"): SIGNED_IN,
    ("GET", "/v1/bots/{bot_id}/export"): READ_BOTS,
    ("PATCH", "/v1/bots/{bot_id}"): CHANGE_BOTS,
    ("DELETE", "/v1/bots/{bot_id}"): CHANGE_BOTS,
    ("POST", "/v1/bots/{bot_id}/chat"): CHAT,
    ("GET", "/v1/bots/{bot_id}/draft"): READ_BOTS,
    ("PATCH", "/v1/bots/{bot_id}/draft"): CHANGE_BOTS,
    ("DELETE", "/v1/bots/{bot_id}/draft"): CHANGE_BOTS,
    ("POST", "/v1/bots/{bot_id}/publish"): CHANGE_BOTS,
    ("GET", "/v1/bots/{bot_id}/versions"): READ_BOTS,
    ("GET", "/v1/bots/{bot_id}/versions/{version}"): READ_BOTS,
    ("POST", "/v1/bots/{bot_id}/versions/{version}/restore"): CHANGE_BOTS,
    ("POST", "/v1/knowledge-bases"): CHANGE_KNOWLEDGE,
    ("GET", "/v1/knowledge-bases"): READ_KNOWLEDGE,
    ("GET", "/v1/knowledge-bases/{knowledge_base_id}"): READ_KNOWLEDGE,
    ("PATCH", "/v1/knowledge-bases/{knowledge_base_id}"): CHANGE_KNOWLEDGE,
    ("DELETE", "/v1/knowledge-bases/{knowledge_base_id}"): CHANGE_KNOWLEDGE,
    ("POST", "/v1/knowledge-bases/{knowledge_base_id}/search"): READ_KNOWLEDGE,
    ("POST", "/v1/knowledge-bases/{knowledge_base_id}/documents"): CHANGE_KNOWLEDGE,
    ("POST", "/v1/knowledge-bases/{knowledge_base_id}/uploads"): CHANGE_KNOWLEDGE,
    ("GET", "/v1/knowledge-bases/{knowledge_base_id}/documents"): READ_KNOWLEDGE,
    ("GET", "/v1/knowledge-bases/{knowledge_base_id}/documents/{document_id}"): READ_KNOWLEDGE,
    (
        "POST",
        "/v1/knowledge-bases/{knowledge_base_id}/documents/{document_id}/retry",
    ): CHANGE_KNOWLEDGE,
    ("DELETE", "/v1/knowledge-bases/{knowledge_base_id}/documents/{document_id}"): CHANGE_KNOWLEDGE,
    ("GET", "/v1/models"): SIGNED_IN,
    ("GET", "/v1/me"): SIGNED_IN,
    ("POST", "/v1/api-keys"): CHANGE_KEYS,
    ("GET", "/v1/api-keys"): READ_KEYS,
    ("GET", "/v1/api-keys/{key_id}"): READ_KEYS,
    ("PATCH", "/v1/api-keys/{key_id}"): CHANGE_KEYS,
    ("DELETE", "/v1/api-keys/{key_id}"): CHANGE_KEYS,
    ("POST", "/v1/api-keys/{key_id}/roll"): CHANGE_KEYS,
    ("GET", "/v1/audit-log"): READ_AUDIT,
    ("GET", "/v1/settings/providers"): READ_PROVIDERS,
    ("GET", "/v1/settings/providers/{name}"): READ_PROVIDERS,
    ("PUT", "/v1/settings/providers/{name}"): CHANGE_PROVIDERS,
    ("DELETE", "/v1/settings/providers/{name}"): CHANGE_PROVIDERS,
    ("POST", "/v1/settings/providers/{name}/verify"): CHANGE_PROVIDERS,
    ("GET", "/v1/tenant"): SIGNED_IN,
    ("PATCH", "/v1/tenant"): CHANGE_TENANT,
    ("DELETE", "/v1/tenant"): DELETE_TENANT,
    ("POST", "/v1/data-deletions"): DELETE_DATA,
    ("GET", "/v1/data-deletions"): DELETE_DATA,
    ("GET", "/v1/data-deletions/{deletion_id}"): DELETE_DATA,
    ("GET", "/v1/people"): READ_PEOPLE,
    ("PATCH", "/v1/people/{person_id}"): CHANGE_PEOPLE,
    ("DELETE", "/v1/people/{person_id}"): CHANGE_PEOPLE,
    ("POST", "/v1/people/invites"): CHANGE_PEOPLE,
    ("GET", "/v1/people/invites"): READ_INVITES,
    ("DELETE", "/v1/people/invites/{invite_id}"): CHANGE_PEOPLE,
    ("POST", "/v1/me/account"): PEOPLE_ONLY,
    ("POST", "/v1/me/password"): PEOPLE_ONLY,
    ("GET", "/v1/auth/sessions"): PEOPLE_ONLY,
    ("DELETE", "/v1/auth/sessions"): PEOPLE_ONLY,
    ("DELETE", "/v1/auth/sessions/{sign_in_id}"): PEOPLE_ONLY,
    ("POST", "/v1/auth/switch"): PEOPLE_ONLY,
    ("GET", "/v1/auth/options"): ANYONE,
    ("POST", "/v1/auth/login"): ANYONE,
    ("POST", "/v1/auth/sign-up"): ANYONE,
    ("POST", "/v1/auth/read-invite"): ANYONE,
    ("POST", "/v1/auth/accept-invite"): ANYONE,
    ("POST", "/v1/auth/password-reset"): ANYONE,
    ("POST", "/v1/auth/password-reset/confirm"): ANYONE,
    ("POST", "/v1/auth/claim"): ANYONE,
    ("POST", "/v1/auth/refresh"): ANYONE,
    ("POST", "/v1/auth/logout"): ANYONE,
    ("GET", "/health/live"): ANYONE,
    ("GET", "/health/ready"): ANYONE,
    ("GET", "/docs"): ANYONE,
    ("GET", "/docs/errors/{kind}"): ANYONE,
    ("GET", "/openapi.json"): ANYONE,
}

_PATTERNS = {template: re.compile(re.sub(r"\{\w+\}", "[^/]+", template)) for _, template in RULES}


def methods_of(path: str) -> tuple[str, ...]:
    """The methods that a path answers, in a fixed order; none for an unknown one."""
    known = {method for method, template in RULES if answers(template, path)}
    return tuple(method for method in METHODS if method in known)


def answers(template: str, path: str) -> bool:
    """A path that stands in the table itself is nobody's id."""
    return template == path or (path not in _PATTERNS and bool(_PATTERNS[template].fullmatch(path)))


def check_permission(principal: Principal, rule: Rule) -> None:
    """Raises Refusal PERMISSION_DENIED, naming what is missing."""
    if principal.role is not None:
        if principal.role not in rule.roles:
            wanted = ", ".join(role.value for role in Role if role in rule.roles)
            raise _denied(f"the role {principal.role.value}", f"one of the roles {wanted}")
        return
    if not rule.for_keys:
        raise _denied("a key", "a person who is signed in")
    if principal.is_publishable and not rule.for_browsers:
        raise _denied("a publishable key", "a secret key; a publishable one only starts sessions")
    held = expand(principal.permissions)
    if EVERYTHING in held or not rule.sets or any(needed <= held for needed in rule.sets):
        return
    wanted = " or ".join(" + ".join(sorted(needed)) for needed in rule.sets)
    raise _denied("this key", f"the permissions {wanted}")


def grantable(principal: Principal) -> frozenset[str]:
    """What the principal may let a key do, written out: a key's own permissions, a person's rights.

    A person may grant a permission where every route that it opens is open to their role.
    """
    if principal.role is None:
        return expand(principal.permissions)
    for_keys = [rule for rule in RULES.values() if rule is not None and rule.for_keys]
    closed = [rule for rule in for_keys if principal.role not in rule.roles]
    if not closed:
        return expand(frozenset(PERMISSIONS))
    beyond = frozenset().union(*(needed for rule in closed for needed in rule.sets))
    return frozenset(PERMISSIONS) - beyond - {EVERYTHING}


def _denied(who: str, needed: str) -> Refusal:
    return Refusal(
        Kind.PERMISSION_DENIED,
        f"Not allowed for {who}.",
        f"It takes {needed}.",
    )
