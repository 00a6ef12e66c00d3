"""Whether questions find the passages that answer them, and how fast."""
