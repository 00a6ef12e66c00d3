"""Tools of customers: their HTTP services and MCP servers, reached by guarded connections only."""
