"""Run by Alembic on the connection that `upgrade` hands over: each revision is one transaction."""

from alembic import context


def migrate() -> None:
    context.configure(
        connection=context.config.attributes["connection"], transaction_per_migration=True
    )
    with context.begin_transaction():
        context.run_migrations()


migrate()
