"""Forms on other sites: the page we draw, and what a browser posts."""
