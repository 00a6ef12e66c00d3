"""Reads one document as a process that may be killed: says `ready`, reads when it is told to, says
`done`.
"""

import asyncio
import sys
from uuid import UUID

from callmissed.runtime.house import open_house
from callmissed.runtime.reading import read_document
from callmissed.runtime.settings import load_settings


async def main() -> None:
    tenant_id, document_id, version = UUID(sys.argv[1]), UUID(sys.argv[2]), int(sys.argv[3])
    async with open_house(load_settings()) as house:
        print("ready", flush=True)
        sys.stdin.readline()
        await read_document(house, tenant_id, document_id, version)
        print("done", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
