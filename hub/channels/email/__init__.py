"""The email kind: its adapter, and what only it needs."""
