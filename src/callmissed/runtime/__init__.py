"""Everything built once: settings, the house, embedded servers; one call, run whole."""
