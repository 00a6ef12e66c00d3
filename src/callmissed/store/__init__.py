"""PostgreSQL: one file a noun; a transaction is a tenant's or opened by the system door."""
