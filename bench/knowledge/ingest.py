"""How long a document of 300 pages takes to be found, and whether a loop beside it feels that.

`python -m bench.knowledge.ingest [--pages 300]`.
"""

import argparse
import asyncio
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

from bench.knowledge.__main__ import open_house_here
from callmissed.domain.audit import SYSTEM
from callmissed.domain.knowledge import Origin
from callmissed.runtime.reading import read_document
from callmissed.services import documents, knowledge
from callmissed.services.documents import Given
from tests.documents import pdf
from tests.stories import a_tenant

CONTROL_S = 15.0
# A loop of its own process that does nothing: what a call in progress would notice.
LOOP = """
import asyncio, json, sys, time
async def main():
    late, stop = [], asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    while not stop.done():
        due = time.perf_counter() + 0.02
        await asyncio.sleep(0.02)
        late.append((time.perf_counter() - due) * 1000)
    print(json.dumps(late))
asyncio.run(main())
"""


class LoopBeside:
    """Measures lateness from its start until `stop`, in ms."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", LOOP], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def stop(self) -> dict[str, float]:
        out, _ = self._process.communicate("\n")
        cuts = statistics.quantiles(json.loads(out), n=100)
        return {"p50_ms": round(cuts[49], 2), "p99_ms": round(cuts[98], 2)}


async def measure(pages: int) -> dict[str, object]:
    data = pdf(pages)
    control = LoopBeside()
    await asyncio.sleep(CONTROL_S)
    quiet = control.stop()
    async with open_house_here() as house:
        tenant = await a_tenant(house.database)
        async with house.database.tenant(tenant.id) as db:
            base = await knowledge.create_base(db, SYSTEM, "book")
            given = Given("book.pdf", "", Origin.UPLOAD, bytes(32), len(data))
            document = await documents.give_document(db, SYSTEM, base.id, given, _whole(data))
        seen: list[int] = []
        beside, start_s = LoopBeside(), time.perf_counter()
        reading = asyncio.create_task(
            read_document(house, tenant.id, document.id, document.version)
        )
        while not reading.done():
            await asyncio.wait([reading], timeout=0.5)
            async with house.database.tenant(tenant.id) as db:
                document = await documents.get_document(db, base.id, document.id)
            if not seen or document.progress_percent != seen[-1]:
                seen.append(document.progress_percent)
        took_s = time.perf_counter() - start_s
    return {
        "pages": pages,
        "bytes": len(data),
        "took_s": round(took_s, 1),
        "reader_cpu_s": round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime, 1),
        "state": document.state.value,
        "passages": document.passage_count,
        "progress_seen": seen,
        "loop_beside": beside.stop(),
        "loop_alone": quiet,
        "load": Path("/proc/loadavg").read_text().split()[0],
    }


async def _whole(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 1 << 20):
        yield data[start : start + (1 << 20)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=300)
    print(json.dumps(asyncio.run(measure(parser.parse_args().pages)), indent=2))


if __name__ == "__main__":
    main()
