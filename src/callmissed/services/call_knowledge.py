"""What a call knows: passages that it takes along, or where and how it looks things up."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from callmissed.domain.knowledge import PROMPT_CHARS, WHOLE_CHARS, Passage, Semantics
from callmissed.services.embedding import open_semantics
from callmissed.services.knowledge import passages_of
from callmissed.services.provider_keys import Vault
from callmissed.store.rows import OpenDb


@dataclass(frozen=True, slots=True)
class CallKnowledge:
    """Either `passages`, all that there are, or `base_ids` to be searched on every turn, by meaning
    too where there are `semantics`, whose keys are open.
    """

    passages: tuple[Passage, ...]
    base_ids: tuple[UUID, ...]
    semantics: tuple[Semantics, ...]


async def open_knowledge(
    db: OpenDb, vault: Vault, tenant_id: UUID, base_ids: Sequence[UUID]
) -> CallKnowledge:
    """Passages that stand whole in the prompt need no search; more are searched in memory by their
    words, and in the database where they are too many for that, or have vectors.
    """
    semantics = await open_semantics(db, vault, tenant_id, base_ids)
    max_chars = PROMPT_CHARS if semantics else WHOLE_CHARS
    passages = await passages_of(db, tenant_id, base_ids, max_chars)
    if passages:
        return CallKnowledge(passages, (), ())
    return CallKnowledge((), tuple(base_ids), semantics)
