"""What is left of words and of time when the providers of a call fail, against simulators."""
