"""How far the words that are taken for heard are from those that were, at every 50 ms of 25 sentences
in three voices, against flite's own word times.

`python -m bench.turns.heard` prints how often they are off by how many words, and exits 1 where more
than one instant in fifty is off by more than one word. It takes ten seconds.
"""

import ctypes
import sys
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher

import numpy as np

from callmissed.kit.loudness import loud_windows
from callmissed.kit.pcm import Samples
from callmissed.providers.local.flite import Flite, _Wave, to_speakable
from callmissed.voice.script import Script
from callmissed.voice.spoken import load_tables, speak_forms

STEP_S = 0.05
MOST_OFF = 0.02
VOICES = ("slt", "rms", "awb")
SENTENCES = (
    "On Saturday, we are open from ten to four.",
    "On Sunday we are closed, I am afraid.",
    "Sure, I can help you with that right away.",
    "The consultation fee is ₹1,350 and it is payable at the reception.",
    "You can reach us on 98765 43210 between nine and six.",
    "Dr. Sharma is available on Monday, Wednesday and Friday from 10:30 to 1:30 pm.",
    "Please bring your insurance card, a photo identity and any earlier reports.",
    "Unfortunately the orthopaedic department does not see walk-in patients.",
    "I have booked the ten o'clock appointment with the doctor for you.",
    "Your order will be delivered on 24 November between 4 pm and 6 pm.",
    "I am sorry, I cannot hear you at the moment.",
    "The report will be ready in two or three days; we will call you as soon as it is.",
    "A thorough pre-operative evaluation is recommended for a person above 60.",
    "No, it is not, but we can do it by Friday if you like.",
    "Could you tell me your name and the number you are calling from?",
    "Please hold on for a moment while I look that up for you.",
    "The doctor's next free slot is tomorrow at a quarter past eleven.",
    "It costs two thousand five hundred rupees, excluding taxes.",
    "We do not offer home visits; however, video consultations are possible.",
    "To reset your password, open the app, tap on settings, and choose security.",
    "Thank you for calling, have a nice day.",
    "Our address is 12 Residency Road, Bangalore, near the metro station.",
    "That depends on the size: small is 200, medium is 350 and large is 500 rupees.",
    "I understand, and I am really sorry about the inconvenience.",
    "Yes.",
)
Span = tuple[float, float]


class TimedFlite(Flite):
    """Tells when each token of a text is said (`cst_item.h`, flite 2.2)."""

    def __init__(self) -> None:
        super().__init__()
        pointer = ctypes.c_void_p
        for name, result, arguments in (
            ("flite_synth_text", pointer, [ctypes.c_char_p, pointer]),
            ("utt_relation", pointer, [pointer, ctypes.c_char_p]),
            ("relation_head", pointer, [pointer]),
            ("item_next", pointer, [pointer]),
            ("ffeature_float", ctypes.c_float, [pointer, ctypes.c_char_p]),
            ("ffeature_string", ctypes.c_char_p, [pointer, ctypes.c_char_p]),
            ("utt_wave", ctypes.POINTER(_Wave), [pointer]),
            ("delete_utterance", None, [pointer]),
        ):
            function = getattr(self._lib, name)
            function.restype, function.argtypes = result, arguments

    def speak_timed(self, text: str, voice: str) -> tuple[Samples, int, list[tuple[str, Span]]]:
        lib = self._lib
        spoken = to_speakable(text).encode("ascii")
        utterance = lib.flite_synth_text(spoken, self._voices[voice])
        wave = lib.utt_wave(utterance).contents
        pcm = np.ctypeslib.as_array(wave.samples, (wave.num_samples,)).copy()
        tokens: list[tuple[str, Span]] = []
        item = lib.relation_head(lib.utt_relation(utterance, b"Word"))
        first, last = b"R:SylStructure.daughter1.daughter1", b"R:SylStructure.daughtern.daughtern"
        while item:
            name = lib.ffeature_string(item, b"R:Token.parent.name").decode()
            begins_s = lib.ffeature_float(item, first + b".R:Segment.p.end")
            ends_s = lib.ffeature_float(item, last + b".R:Segment.end")
            if tokens and tokens[-1][0] == name:
                begins_s = tokens.pop()[1][0]
            tokens.append((name, (begins_s, ends_s)))
            item = lib.item_next(item)
        rate_hz = int(wave.sample_rate)
        lib.delete_utterance(utterance)
        return pcm, rate_hz, tokens


def times_of(words: Sequence[str], tokens: Sequence[tuple[str, Span]]) -> list[Span] | None:
    """When each written word is said; None where what is spoken cannot be told apart."""
    written = [word.strip(".,;?!:").lower() for word in words]
    spoken = [name.strip(".,;?!:").lower() for name, _ in tokens]
    times: list[Span] = []
    for kind, i, j, k, m in SequenceMatcher(None, written, spoken, autojunk=False).get_opcodes():
        if kind == "equal":
            times += [span for _, span in tokens[k:m]]
        elif j > i and m > k:
            begins_s, ends_s = tokens[k][1][0], tokens[m - 1][1][1]
            step_s = (ends_s - begins_s) / (j - i)
            times += [(begins_s + n * step_s, begins_s + (n + 1) * step_s) for n in range(j - i)]
        elif j > i:
            return None
    return times


def main() -> int:
    load_tables()
    flite, off = TimedFlite(), Counter[int]()
    for text in SENTENCES:
        for voice in VOICES:
            pcm, rate_hz, tokens = flite.speak_timed(speak_forms(text, "en-IN"), voice)
            times = times_of(text.split(), tokens)
            if times is None:
                continue
            script = Script()
            script.begin_line(text)
            script.add_sound(len(pcm) / rate_hz, loud_windows(pcm, rate_hz))
            script.end_line()
            for step in range(int(len(pcm) / rate_hz / STEP_S)):
                at_s = step * STEP_S
                said = sum((begins_s + ends_s) / 2 <= at_s for begins_s, ends_s in times)
                off[abs(said - len(script.heard(at_s).split()))] += 1
    total = off.total()
    for words, count in sorted(off.items()):
        print(f"off by {words} words: {count:6} of {total} instants ({count / total:.1%})")
    return 0 if sum(off[words] for words in off if words > 1) <= MOST_OFF * total else 1


if __name__ == "__main__":
    sys.exit(main())
