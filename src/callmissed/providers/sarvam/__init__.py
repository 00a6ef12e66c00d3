"""Sarvam AI: speech to text and text to speech for the languages of India."""
