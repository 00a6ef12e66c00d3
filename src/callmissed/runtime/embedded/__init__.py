"""The servers that `callmissed up` brings along: PostgreSQL and livekit-server."""
