"""Sound as callers send it: noise, echo and loudness, and what becomes of it."""
