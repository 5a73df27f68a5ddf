"""The commands of `./run`. Only the standard library: it must work straight after cloning."""
