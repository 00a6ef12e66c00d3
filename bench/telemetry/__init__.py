"""What storage, metrics and traces add to the time to first audio."""
