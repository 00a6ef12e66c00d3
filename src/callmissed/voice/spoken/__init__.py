"""Spoken forms: what a person of the language would say for what is written.

How it decides where it could decide otherwise:

- Numbers are said in the language of the sentence's script: a sentence in Latin letters (Hinglish
  too) in English, one with any letters of an Indian script in that language. A language without a
  table (`languages.CODES`) is treated by script in the same way.
- Words stay in the script in which they are written. Letters mixed with digits (B12, 5G, KA01AB1234)
  are English letters, so their digits are said in English everywhere.
- A time says morning or evening only where am, pm or a clock of 24 hours says so.
- Four and more digits beside a word such as OTP, order or account, six that end an address, and
  seven and more without commas are said digit by digit; 15 and more digits always.
- A web address becomes "a link", a bare site (clinic.in) its name.
"""

from callmissed.voice.spoken.languages import CODES
from callmissed.voice.spoken.stream import SpokenStream, speak_forms

__all__ = ["SpokenStream", "load_tables", "speak_forms"]

_TOUCHES_EVERY_TABLE = (
    "Dr. Rao: ₹1,20,000 on 21/11/2026 at 9:30, 2.5 km, 3rd, +91 98765 43210, #4521"
)


def load_tables() -> None:
    """Reads the tables of every language, about 0.1 s each: before the first call, not in its first sentence."""
    for code in CODES:
        speak_forms(_TOUCHES_EVERY_TABLE, f"{code}-IN")
