"""Measures MultiMQTT and its peers side by side: `./run bench`."""
