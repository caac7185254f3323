"""Configuration: settings from the environment, logging, and the starter data."""
