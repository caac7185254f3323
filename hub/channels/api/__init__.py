"""Any other system, over signed JSON both ways."""
