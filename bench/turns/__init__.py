"""Who has the floor, measured: how soon the agent stops, and how soon it goes on after a false alarm."""
