"""Films for agents: an MCP server with a spend cap and a person's approval (extra `mcp`)."""
