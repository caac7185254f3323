"""The inbox: lists, an open conversation, and everything one does with it."""
