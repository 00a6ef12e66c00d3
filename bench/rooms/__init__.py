"""Calls through real rooms of a real livekit-server, with callers that cost little."""
