"""CallMissed: voice agents on the web and on the phone."""
