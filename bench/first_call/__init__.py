"""What the first call promises, measured on a whole installation with callers over WebRTC."""
