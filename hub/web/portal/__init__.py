"""Pages for customers who hold a link we sent them: nobody signs in, nothing is shown but what the link is about."""
