"""Accounts, contacts, their proven addresses, and who an address belongs to."""
