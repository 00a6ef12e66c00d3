"""Pages that the installation serves about itself, without a byte from elsewhere."""
