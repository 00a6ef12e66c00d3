"""A tenant's pronunciations win over every rule."""

import pytest

from callmissed.voice.spoken import SpokenStream, speak_forms


@pytest.mark.parametrize(
    ("entries", "written", "said"),
    [
        ({"5G": "fye jee"}, "our 5G plan", "our fye jee plan"),
        ({"kit": "kitt"}, "Kit, kit and KIT", "kitt, kitt and kitt"),
        ({"Kit": "kitt"}, "Kit, kit and KIT", "kitt, kit and KIT"),
        ({"kit": "kitt"}, "kitten, toolkit", "kitten, toolkit"),
        ({"Lyve": "live", "Lyve Kit": "live kitt"}, "Lyve Kit by Lyve", "live kitt by live"),
        ({"new delhi station": "N D L S"}, "at New  Delhi Station now", "at N D L S now"),
        ({"₹500": "a fiver"}, "it is ₹500 only", "it is a fiver only"),
        ({"Dr. Rao": "Doctor Raav"}, "Meet Dr. Rao.", "Meet Doctor Raav."),
        ({"21 Nov": "the big day"}, "on 21 Nov at 6 pm", "on the big day at six PM"),
        ({"KYC": "kay why see"}, "your KYC's done, e-KYC too", "your kay why see's done, e-kay why see too"),
        ({"राव": "राओ"}, "डॉ. राव आए", "डॉक्टर राओ आए"),
        ({"रा": "x"}, "राव आए", "राव आए"),
        ({"code 9": "9 by 9"}, "say code 9 now", "say 9 by 9 now"),
        ({"": "x", "  ": "y"}, "as it was", "as it was"),
        ({"a.b*c": "abc"}, "use a.b*c here", "use abc here"),
    ],
)  # fmt: skip
def test_an_entry_is_said_as_the_tenant_wrote_it(
    entries: dict[str, str], written: str, said: str
) -> None:
    language = "hi-IN" if written[0] > "\u0900" else "en-IN"
    assert speak_forms(written, language, entries) == said
    stream = SpokenStream(language, entries)
    assert "".join([stream.push(char) for char in written]) + stream.flush() == said


def test_an_entry_of_several_words_is_waited_for_and_no_longer() -> None:
    stream = SpokenStream("en-IN", {"new delhi": "nai dilli"})
    assert [stream.push(piece) for piece in ("in ", "new ", "york ", "new ", "delhi ")] == [
        "in",
        "",
        " new york",
        "",
        " nai dilli",
    ]
