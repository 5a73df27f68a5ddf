"""The drivers of our own client."""
