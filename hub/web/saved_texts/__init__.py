"""The wordings people keep: their page, and choosing them in the composer."""
