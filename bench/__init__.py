"""Measurements; they run by hand, on a machine that does nothing else."""
