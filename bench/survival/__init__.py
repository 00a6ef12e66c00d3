"""What is left of calls when the things that run them die, on real processes with real callers."""
