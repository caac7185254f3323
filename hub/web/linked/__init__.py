"""What a short message could not carry, behind a private link."""
