"""Chat on the company's own web pages."""
