"""What looking things up adds to the time to first audio, and what reading a large PDF beside the calls
does to them. Calls without a room, models that are the loop bench's oracles.

`python -m bench.knowledge.first_audio [--calls 8] [--turns 10]`. In one process, at the same time, as many
calls of each kind: `off` knows nothing, `words` looks into 20,000 passages on every turn, `meaning` also
by their vectors, with a question embedded by a simulated server. They ask so many turns with nothing
beside them, and again as many while a PDF of 300 pages is read again and again by another process.
"""

import argparse
import asyncio
import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import numpy as np
import psycopg
from sqlalchemy.engine import make_url

from bench.knowledge.asking import DIMENSIONS, MODEL, Asked
from bench.knowledge.latency import make_questions, open_large
from callmissed.kit.directions import read_direction
from callmissed.runtime.embedded.ports import free_ports
from tests.databases import admin_url

SEED = 5
QUESTIONS = 400
COPY = (
    "copy passage_vectors (tenant_id, knowledge_base_id, document_id, position, model, signs, vector)"
    " from stdin"
)


def put_vectors(admin: psycopg.Connection[Any], tenant: UUID, base: UUID) -> int:
    """One of no meaning for each passage of the tenant."""
    dice = np.random.default_rng(SEED)
    rows = admin.execute(
        "select document_id, position from passages where tenant_id = %s", [tenant]
    ).fetchall()
    with admin.cursor() as cursor, cursor.copy(COPY) as copy:
        for document_id, position in rows:
            one = read_direction(dice.standard_normal(DIMENSIONS).tolist())
            copy.write_row((tenant, base, document_id, position, MODEL, one.signs, one.packed))
    admin.execute("vacuum analyze passage_vectors")
    return len(rows)


@asynccontextmanager
async def embedding_server() -> AsyncIterator[str]:
    """The base URL of simulated providers in a process of their own."""
    (port,) = free_ports("127.0.0.1", 1)
    argv = [sys.executable, "-m", "callmissed", "dev", "providers", "--port", str(port)]
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
    try:
        async with aiohttp.ClientSession() as session:
            while True:
                try:
                    async with session.get(f"http://127.0.0.1:{port}/_ledger"):
                        break
                except aiohttp.ClientError:
                    await asyncio.sleep(0.2)
        yield f"http://127.0.0.1:{port}/chat/v1"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


async def measure(calls: int, turns: int) -> dict[str, object]:
    async with (
        open_large(1) as (url, tenant, base, words, texts, count),
        embedding_server() as server_url,
    ):
        address = admin_url(url, make_url(url).database or "")
        with psycopg.connect(address, autocommit=True) as admin:
            vectors = put_vectors(admin, tenant, base)
        questions = make_questions(words, texts, QUESTIONS)
        asked = Asked(url, tenant, base, server_url, questions, calls, turns)
        with tempfile.TemporaryDirectory() as folder:
            given = Path(folder) / "asked.json"
            given.write_bytes(asked.encode())
            # A process of its own: servers are not started from the loop that calls run in.
            argv = (sys.executable, "-m", "bench.knowledge.asking", str(given))
            process = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE)
            out, _ = await process.communicate()
        return {"passages": count, "vectors": vectors, **json.loads(out)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=8, help="of each kind")
    parser.add_argument("--turns", type=int, default=10)
    given = parser.parse_args()
    print(json.dumps(asyncio.run(measure(given.calls, given.turns)), indent=2))


if __name__ == "__main__":
    main()
