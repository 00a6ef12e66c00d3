"""What the platform does, in verbs: each takes an open transaction first, never commits, raises
refusals.
"""
