"""One conversation: hearing, turns, answers, speech, and what each turn took."""
