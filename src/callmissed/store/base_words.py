"""Rows of `document_words` and of `base_words`, their sums: which words there are, and how many passages
hold each.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Integer, Text, Uuid

from callmissed.kit.indic import sound_key
from callmissed.store.rows import OpenDb, change, fetch_all

WORDS_BATCH = 2000
PATIENT = "30s"

_ADD_WORDS = text(
    "insert into document_words"
    " (tenant_id, knowledge_base_id, document_id, word, sound, holders)"
    " select :tenant, :base, :document, * from unnest(:words, :sounds, :holders)"
).bindparams(
    bindparam("words", type_=ARRAY(Text)),
    bindparam("sounds", type_=ARRAY(Text)),
    bindparam("holders", type_=ARRAY(Integer)),
)
_ADD_UP = text(
    "insert into base_words as b (tenant_id, knowledge_base_id, word, sound, holders)"
    " select tenant_id, knowledge_base_id, word, sound, holders from document_words"
    " where tenant_id = :tenant and knowledge_base_id = :base and document_id = :document"
    " on conflict (tenant_id, knowledge_base_id, word)"
    " do update set holders = b.holders + excluded.holders"
)
_TAKE_AWAY = text(
    "update base_words b set holders = b.holders - d.holders from document_words d"
    " where b.tenant_id = :tenant and b.knowledge_base_id = :base and d.tenant_id = :tenant"
    " and d.knowledge_base_id = :base and d.document_id = :document and d.word = b.word"
)
_DROP_UNUSED = text(
    "delete from base_words where tenant_id = :tenant and knowledge_base_id = :base and holders = 0"
)
_LOCK_BASE = text(
    "select 1 from knowledge_bases where tenant_id = :tenant and id = :base for no key update"
)
_BE_PATIENT = text(
    "select set_config('lock_timeout', :wait, true), set_config('statement_timeout', :wait, true)"
)
_KNOWN = text(
    "select word, sum(holders)::integer as holders from base_words"
    " where tenant_id = :tenant and knowledge_base_id = any(:bases) and holders > 0"
    " and (word = any(:words) or sound = any(:sounds)) group by word"
).bindparams(
    bindparam("bases", type_=ARRAY(Uuid)),
    bindparam("words", type_=ARRAY(Text)),
    bindparam("sounds", type_=ARRAY(Text)),
)


async def be_patient(db: OpenDb) -> None:
    """For the rest of the transaction others who change the same base are waited for longer."""
    await fetch_all(db, _BE_PATIENT, {"wait": PATIENT})


async def add(
    db: OpenDb, tenant_id: UUID, base_id: UUID, document_id: UUID, holders: Mapping[str, int]
) -> None:
    """The words of a document that has none yet, each with how many of its passages hold it."""
    place = {"tenant": tenant_id, "base": base_id, "document": document_id}
    for batch_of_words in _in_batches(list(holders.items())):
        words = [word for word, _ in batch_of_words]
        params = {
            **place,
            "words": words,
            "sounds": list(map(sound_key, words)),
            "holders": [held for _, held in batch_of_words],
        }
        await change(db, _ADD_WORDS, params)
    await change(db, _ADD_UP, place)


async def forget(db: OpenDb, tenant_id: UUID, base_id: UUID, document_id: UUID) -> None:
    """The base no longer counts the document's words; to be called before the document goes."""
    place = {"tenant": tenant_id, "base": base_id, "document": document_id}
    await fetch_all(db, _LOCK_BASE, {"tenant": tenant_id, "base": base_id})
    if await change(db, _TAKE_AWAY, place):
        await change(db, _DROP_UNUSED, {"tenant": tenant_id, "base": base_id})


async def find(
    db: OpenDb,
    tenant_id: UUID,
    base_ids: Sequence[UUID],
    words: Sequence[str],
    sounds: Sequence[str],
) -> dict[str, int]:
    """Of these words, and of those that sound so, the ones that there are: by how many passages."""
    params = {
        "tenant": tenant_id,
        "bases": list(base_ids),
        "words": list(words),
        "sounds": list(sounds),
    }
    return {row["word"]: row["holders"] for row in await fetch_all(db, _KNOWN, params)}


def _in_batches(items: Sequence[tuple[str, int]]) -> list[Sequence[tuple[str, int]]]:
    return [items[start : start + WORDS_BATCH] for start in range(0, len(items), WORDS_BATCH)]
