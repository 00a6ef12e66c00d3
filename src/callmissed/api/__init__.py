"""The REST API, its documents and the web app, on one address."""
