"""The voice loop under load, beside its peers, on one contract. `python -m bench.loop` runs all."""
