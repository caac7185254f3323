"""Pretend providers and faulty networks, spoken to over real sockets."""
