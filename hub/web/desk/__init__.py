"""Logging visits, letters and paper forms."""
