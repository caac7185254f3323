"""F1: what every room stands on; knows nothing of customers or channels."""
