"""The mailroom: mailboxes read over IMAP, and our own SMTP/LMTP door; any number of them may run."""
