"""Telephone calls over Twilio Voice: what comes is understood here, what is said next is worded here."""
