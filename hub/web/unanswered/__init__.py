"""Answers that failed or were perhaps sent."""
