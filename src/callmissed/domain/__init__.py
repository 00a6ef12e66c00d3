"""The words of the product and their rules: frozen values, pure functions, Protocols. No I/O."""
