"""SMS and MMS over Twilio."""
