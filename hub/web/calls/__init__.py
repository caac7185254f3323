"""Calls in the pages: the bar at the bottom, beginning one, hanging up."""
