"""Notifications: what a person is told when they are not looking."""
