"""F3, the first room: the people who work here, what they may, and whether they are there."""
