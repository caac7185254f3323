"""Whether the addresses campaigns leave from are proven to be ours."""
