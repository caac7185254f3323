"""What campaigns may be about: the list customers choose from on their preference page."""
