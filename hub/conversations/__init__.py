"""Conversations: one matter each, over any channels; one capability a file."""
