"""Files of messages: shown where that is safe, downloaded where it is not."""
