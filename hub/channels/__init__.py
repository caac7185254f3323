"""F2: channels. Adapters translate between providers and facts; they see no database and no room."""
