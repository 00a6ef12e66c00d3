"""Long calls, and many at once: what grows, what comes late, what is left behind."""
