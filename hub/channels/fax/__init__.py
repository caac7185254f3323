"""The fax kind, by a gateway that speaks mail: its adapter, and what only it needs."""
