"""Dialogo, the hub: rooms, roads and doors (see docs/roads.md)."""
