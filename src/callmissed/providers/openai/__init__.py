"""Servers that speak OpenAI's HTTP API, whoever runs them: chat completions and audio."""
