"""What is known across all rooms: the only room that reads everybody's tables."""
