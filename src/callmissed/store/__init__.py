"""PostgreSQL: one file a noun, every transaction narrowed to a tenant or opened by the system door."""
