"""Layouts of gateways' mails that an administrator adds to a line."""
