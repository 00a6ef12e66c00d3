"""All rows of a tenant as one number: equal before and after means that nothing was changed."""

from psycopg import sql

from tests.matrix.rows import Rows


def digest_of(rows: Rows) -> dict[str, str]:
    """By table, so that a difference says where."""
    parts = [
        sql.SQL(
            "select {name}, md5(coalesce(string_agg(t::text, '|' order by t::text), '')) "
            "from {table} t where {column} = {tenant}"
        ).format(
            name=sql.Literal(table),
            table=sql.Identifier(table),
            column=sql.Identifier("tenant_id" if form.of_a_tenant else "id"),
            tenant=sql.Literal(rows.tenant_id),
        )
        for table, form in rows.catalog.items()
        if form.of_a_tenant or table == "tenants"
    ]
    return dict(rows.connection.execute(sql.SQL(" union all ").join(parts)).fetchall())
