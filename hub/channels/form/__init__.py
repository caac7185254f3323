"""Forms on other sites."""
