"""Who may do what, asked of every route with every kind of credential and id."""
