"""The processes that run calls: a parent that claims sessions and ships notes, and the call
processes it starts.
"""
