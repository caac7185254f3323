"""The pages of saved audiences: whom a definition reaches, counted while it is built."""
