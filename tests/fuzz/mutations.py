"""Broken requests made from good ones: method, path, query, headers and body, down to the bytes."""

import json
import random
import string
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

from tests.fuzz.raw import RawRequest
from tests.matrix.bodies import body_of
from tests.matrix.objects import make_ids
from tests.matrix.operations import OPERATIONS, Operation
from tests.matrix.world import Caller, World

# What ends the credential that asks, after which everything would be a plain 401.
LAST_ACTS = ("/v1/tenant",)

ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    2**63,
    10**400,
    1e308,
    0.1,
    "",
    " ",
    "\x00",
    "\ud800",
    "\u202e",
    "é" * 5000,
    "x" * 70_000,
    "'; drop table people; --",
    "{{7*7}}",
    "${jndi:ldap://x}",
    "../../etc/passwd",
    "<script>",
    "=1+1",
    "\r\nSet-Cookie: a=b",
    [],
    [[]],
    {},
    {"a": {"b": {}}},
    [None] * 1000,
)
ODD_PIECES = (
    b"%00", b"%2e%2e%2f", b"..", b"//", b"/./", b";x=1", b"%", b"%zz", b"%ff", b"%c0%ae",
    b"\\", b"?", b"#", b"*", b"/api/v1", b"A" * 3000, b"%f0%9f%90%a6", b"%ed%a0%80", b"~", b"+",
)  # fmt: skip
ODD_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-type", b"text/plain"),
    (b"content-type", b"application/json; charset=utf-16"),
    (b"content-type", b"multipart/form-data; boundary="),
    (b"content-type", b"multipart/form-data"),
    (b"content-type", b"\xff\xfe"),
    (b"content-length", b"-1"),
    (b"content-length", b"99999999999999999999"),
    (b"content-length", b"\xb2"),
    (b"content-length", b"abc"),
    (b"transfer-encoding", b"chunked"),
    (b"content-encoding", b"gzip"),
    (b"accept-encoding", b"gzip, br, \xff"),
    (b"expect", b"100-continue"),
    (b"range", b"bytes=0-"),
    (b"host", b""),
    (b"host", b"evil.test:99999999"),
    (b"origin", b"null"),
    (b"origin", b"https://[::1"),
    (b"origin", b"\xff://\x80"),
    (b"referer", b"\xff"),
    (b"cookie", b"cm_refresh=\xff; =; ;;=;" + b"a" * 5000),
    (b"cookie", b'cm_refresh="\\377"'),
    (b"x-request-id", b"\r\nX: y"),
    (b"x-forwarded-for", b"::ffff:999.1.1.1, x"),
    (b"x-http-method-override", b"DELETE"),
    (b"idempotency-key", b""),
    (b"idempotency-key", b"\xff\x00"),
    (b"idempotency-key", b"k" * 300),
    (b"access-control-request-method", b"\xff"),
    (b"if-none-match", b'W/"'),
    (b"user-agent", b"\xf0\x9f" * 400),
    (b"authorization", b"Bearer"),
    (b"authorization", b"Bearer  \x00"),
    (b"authorization", b"Basic Og=="),
    (b"authorization", b"bearer cm_" + b"\xff" * 36),
    (b"authorization", b"Bearer " + b"." * 4000),
    (b"authorization", b"Bearer eyJ.eyJ." + b"e30" * 900),
)
METHODS = (
    "GET",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "HEAD",
    "OPTIONS",
    "TRACE",
    "CONNECT",
    "get",
    "X",
)

Mutate = Callable[[random.Random, RawRequest], None]


def mutants(dice: random.Random, world: World, caller: Caller, count: int) -> Iterator[RawRequest]:
    """`count` requests with one to four things wrong, signed by `caller` or nearly so."""
    good = [operation for operation in OPERATIONS if not ends_its_caller(operation)]
    seeds = [seed_of(world, caller, operation) for operation in good]
    for _ in range(count):
        seed = dice.choice(seeds)
        request = RawRequest(seed.method, seed.target, seed.query, [*seed.headers], [*seed.pieces])
        for _ in range(dice.choice((1, 1, 1, 2, 2, 3, 4))):
            dice.choice(MUTATIONS)(dice, request)
        yield request


def ends_its_caller(operation: Operation) -> bool:
    return operation.changes and operation.path.startswith(LAST_ACTS)


def seed_of(world: World, caller: Caller, operation: Operation) -> RawRequest:
    ids = make_ids(world, world.ours, caller, operation)
    path = operation.path_with(ids)
    query = "&".join(f"{p.name}={ids[p]}" for p in ids if p.place == "query")
    body = body_of(operation)
    headers = [(name.lower().encode(), value.encode()) for name, value in caller.headers.items()]
    pieces = [b""] if body is None else [json.dumps(body).encode()]
    return RawRequest(operation.method, path.encode(), query.encode(), headers, pieces)


def _method(dice: random.Random, request: RawRequest) -> None:
    request.method = dice.choice(METHODS)


def _path(dice: random.Random, request: RawRequest) -> None:
    spot = dice.randrange(1, len(request.target) + 1)
    piece = dice.choice(ODD_PIECES)
    request.target = request.target[:spot] + piece + request.target[spot + dice.randrange(3) :]


def _id(dice: random.Random, request: RawRequest) -> None:
    steps = request.target.split(b"/")
    odd = (str(uuid4()).encode(), str(uuid4()).upper().encode(), uuid4().hex.encode(), b"0", b"-1")
    steps[-1] = dice.choice((*odd, b"", b"null", b"%7B%7D", b"9" * 400, *ODD_PIECES))
    request.target = b"/".join(steps)


def _query(dice: random.Random, request: RawRequest) -> None:
    names = (b"limit", b"offset", b"status", b"format", b"actor", b"action", b"service", b"x", b"")
    values = (
        b"-1", b"0", b"1e9", b"9" * 400, b"\xff\xfe", b"%00", b"%ff", b"", b"a&b", b"[]", b"null",
        b"' or 1=1", b"%ed%a0%80", b"x" * 9000, b"\xc2", b"nan", b"true",
    )  # fmt: skip
    more = [dice.choice(names) + b"=" + dice.choice(values) for _ in range(dice.randrange(1, 5))]
    request.query = b"&".join([request.query, *more] if dice.random() < 0.8 else more * 300)


def _header(dice: random.Random, request: RawRequest) -> None:
    request.headers.append(dice.choice(ODD_HEADERS))


def _lost_header(dice: random.Random, request: RawRequest) -> None:
    if request.headers:
        request.headers.pop(dice.randrange(len(request.headers)))


def _value(dice: random.Random, request: RawRequest) -> None:
    """One field of the JSON, or one more, holds something odd."""
    try:
        body = json.loads(b"".join(request.pieces) or b"{}")
    except (ValueError, RecursionError):
        body = {}
    names = [*body, "tenant_id", "metadata", "language", "role"] if isinstance(body, dict) else []
    if names:
        body[dice.choice(names)] = dice.choice(ODD_VALUES)
    request.pieces = [json.dumps(body).encode("utf-8", "surrogatepass")]


def _bytes(dice: random.Random, request: RawRequest) -> None:
    body = bytearray(b"".join(request.pieces) or b"{}")
    for _ in range(dice.randrange(1, 6)):
        body[dice.randrange(len(body))] = dice.randrange(256)
    request.pieces = [bytes(body[: dice.randrange(len(body) + 1)] if dice.random() < 0.3 else body)]


def _shape(dice: random.Random, request: RawRequest) -> None:
    deep = dice.choice((10, 200, 100_000))
    odd = (
        b"[" * deep, b'{"a":' * deep + b"1" + b"}" * deep, b"null", b"[]", b'"x"', b"NaN", b"\x00",
        b'{"a":1,"a":2}', b"\xef\xbb\xbf{}", b"{" + b" " * 50_000 + b"}", dice.randbytes(400),
        b"1" * 20_000, b'{"metadata":{"\\ud800":1}}', b"x" * 1_100_000,
    )  # fmt: skip
    request.pieces = [dice.choice(odd)]


def _pieces(dice: random.Random, request: RawRequest) -> None:
    body = b"".join(request.pieces)[:2000]
    request.pieces = [body[spot : spot + 1] for spot in range(len(body))] or [b""] * 50
    request.leaves = dice.random() < 0.5


def _noise(dice: random.Random, request: RawRequest) -> None:
    """Printable junk in the path: what scanners try."""
    request.target = b"/" + "".join(dice.choices(string.printable[:94], k=30)).encode()
    request.target = request.target.replace(b"?", b"").replace(b"#", b"")


MUTATIONS: tuple[Mutate, ...] = (
    _method, _path, _id, _query, _query, _header, _header, _lost_header,
    _value, _value, _value, _bytes, _shape, _pieces, _noise,
)  # fmt: skip
