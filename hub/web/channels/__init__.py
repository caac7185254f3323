"""The pages on which administrators connect lines, try them, and see how they are."""
