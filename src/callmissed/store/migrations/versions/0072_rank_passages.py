"""Ranking passages by the index of their words, which row-level security keeps a tenant's own query
from using: `@@` is not leakproof.
"""

from alembic import op

revision = "0072"
down_revision = "0071"

# It tells ids and scores of the transaction's own tenant only; texts are read under its own rights.
RANK_PASSAGES = """
create function rank_passages(
  asked text, numbers integer[], weights float8[], anywhere text[], in_title text[],
  candidates integer, at_most integer
) returns table (document_id uuid, "position" integer, score float8)
language sql stable security definer
set search_path = public, pg_temp set plan_cache_mode = force_custom_plan
set enable_seqscan = off set jit = off as $$
  with form as materialized (
    select f.number, f.weight, f.anywhere::tsquery as anywhere, f.in_title::tsquery as in_title
    from unnest(numbers, weights, anywhere, in_title) as f (number, weight, anywhere, in_title)
  ), matched as materialized (
    select p.tenant_id, p.document_id, p.position, p.words, p.term_count from passages p
    where p.words @@ asked::tsquery limit candidates
  ), found as (
    select * from matched m
    where m.tenant_id = nullif(current_setting('app.tenant', true), '')::uuid
  ), worth as (
    select f.document_id, f.position, f.term_count, form.number,
      max(form.weight * case when f.words @@ form.in_title then 1.6 else 1 end) as most
    from found f join form on f.words @@ form.anywhere
    group by f.document_id, f.position, f.term_count, form.number
  )
  select w.document_id, w.position,
    sum(w.most) / (0.75 + 0.25 * least(w.term_count, 180) / 45.0) as score
  from worth w group by w.document_id, w.position, w.term_count
  order by score desc, w.document_id, w.position limit at_most
$$
"""
SIGNATURE = "rank_passages(text, integer[], float8[], text[], text[], integer, integer)"


def upgrade() -> None:
    op.execute(RANK_PASSAGES)
    op.execute("grant create on schema public to callmissed_system")
    op.execute(f"alter function {SIGNATURE} owner to callmissed_system")
    op.execute("revoke create on schema public from callmissed_system")
    op.execute(f"revoke all on function {SIGNATURE} from public")
    op.execute(f"grant execute on function {SIGNATURE} to callmissed_app, callmissed_system")
