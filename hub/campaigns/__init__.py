"""The room of campaigns: who is written to, what, when, and what became of it."""
