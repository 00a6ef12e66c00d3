"""Tools with no word of the product in them."""
