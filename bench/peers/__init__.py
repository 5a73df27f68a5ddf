"""The drivers of the other clients."""
