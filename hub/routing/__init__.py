"""Who gets a conversation, and why: rules, the engine, balancing, covering for the absent."""
