"""Pages about the people who work here: signing in, preferences, administration."""
