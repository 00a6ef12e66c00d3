"""What callers dictate, in the parts between which they pause."""

from dataclasses import dataclass

PHONE = "Sure. What is your phone number?"
MOBILE_HI = "कृपया अपना मोबाइल नंबर बताइए।"
EMAIL = "What is your email address?"
ADDRESS = "What is your address, please?"
PIN = "Please tell me your PIN code."
AADHAAR = "Please share your Aadhaar number."
ORDER = "Could you give me the order number?"
NAME = "Could you spell your name?"
HELLO = "Hello, how can I help?"


@dataclass(frozen=True)
class Dictation:
    """`asked` is what the agent said before; `is_known_whole` where the last part shows that it is
    the last.
    """

    asked: str
    parts: tuple[str, ...]
    is_known_whole: bool = True


def _said(asked: str, text: str, *, is_known_whole: bool = True) -> Dictation:
    return Dictation(asked, tuple(part.strip() for part in text.split("|")), is_known_whole)


DICTATIONS = (
    _said(PHONE, "nine eight seven | six five four | three two one zero"),
    _said(PHONE, "it is | nine eight seven six five | four three two one zero"),
    _said(PHONE, "sure it's nine | eight seven six five four three two | one zero"),
    _said(PHONE, "98765 | 43210"),
    _said(PHONE, "9 8 | 7 6 5 | 4 3 2 1 0"),
    _said(PHONE, "double nine eight | seven six five | triple four three"),
    _said(PHONE, "plus nine one | nine eight seven six five | four three two one zero"),
    _said(PHONE, "zero nine eight seven | six five four three | two one zero"),
    _said(PHONE, "ninety eight | seventy six | fifty four | thirty two | ten"),
    _said(PHONE, "nine eight um | seven six five and then | four three two one zero"),
    _said(HELLO, "my number is | nine eight seven six five | four three two one zero"),
    _said(HELLO, "you can call me on nine eight seven | six five four | three two one zero"),
    _said(HELLO, "mera number hai | nau aath saat | chhe paanch char teen do ek shunya"),
    _said(PHONE, "नौ आठ सात | छह पांच चार | तीन दो एक शून्य"),
    _said(MOBILE_HI, "मेरा नंबर है | नाइन एट सेवन सिक्स | फाइव फोर थ्री टू वन ज़ीरो"),
    _said(MOBILE_HI, "९८७६५ | ४३२१०"),
    _said(MOBILE_HI, "haan ji nau aath | saat chhe paanch char | teen do ek shunya"),
    _said(PIN, "five six zero | zero zero one"),
    _said(PIN, "pin code is 560 | 001"),
    _said(AADHAAR, "one two three four | five six seven eight | nine zero one two"),
    _said(AADHAAR, "1234 | 5678 | 9012"),
    _said(ORDER, "A B | four four seven | nine two", is_known_whole=False),
    _said(ORDER, "it's seven seven | one zero zero | three", is_known_whole=False),
    _said(HELLO, "my order id is | B K one two | nine nine", is_known_whole=False),
    _said(EMAIL, "ravi dot kumar | at gmail | dot com"),
    _said(EMAIL, "ravi kumar | nine nine | at gmail dot | com"),
    _said(EMAIL, "it is s h a r m a | at the rate | yahoo dot co | dot in"),
    _said(EMAIL, "info at | call missed dot | org"),
    _said(EMAIL, "priya underscore | twenty two at | outlook dot com"),
    _said(HELLO, "my email is | anil dot mehta | at rediff mail dot com"),
    _said(HELLO, "my email is sales at | acme dot | in"),
    _said(EMAIL, "रवि डॉट कुमार | ऐट जीमेल | डॉट कॉम"),
    _said(ADDRESS, "flat number twelve | green park apartments | new delhi | 110016"),
    _said(ADDRESS, "it's forty two | M G Road | Bangalore | five six zero zero zero one"),
    _said(ADDRESS, "house number 7 | second cross | near the temple", is_known_whole=False),
    _said(ADDRESS, "B block | sector sixty two | noida | 201301"),
    _said(HELLO, "my address is | plot nine | anna nagar | chennai 600040"),
    _said(ADDRESS, "मकान नंबर पाँच | गांधी रोड | पुणे | 411001"),
    _said(NAME, "R A | V I | N D R A", is_known_whole=False),
    _said(NAME, "it's K R | I S H | N A N", is_known_whole=False),
)
