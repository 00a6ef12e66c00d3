"""Spoken forms: what a person of the language would say for what is written."""

from callmissed.voice.spoken.stream import SpokenStream, speak_forms

__all__ = ["SpokenStream", "speak_forms"]
