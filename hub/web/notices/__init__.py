"""What somebody was told when they were perhaps not looking."""
