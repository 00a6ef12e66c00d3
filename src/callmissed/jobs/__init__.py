"""Background work: rooms closed, deadlines kept, stalled jobs tried again."""
