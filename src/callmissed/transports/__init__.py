"""How sound comes and goes: each transport offers audio input and output, captions and news of the
line."""
