"""The words by which dictation and broken-off sentences are known, by language."""

import unicodedata
from collections.abc import Mapping


def _list(text: str) -> frozenset[str]:
    return frozenset(unicodedata.normalize("NFC", text).split())


def _digits(text: str) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in unicodedata.normalize("NFC", text).split())
    return {word: digit for word, _, digit in pairs}


DIGITS = _digits(
    "zero=0 oh=0 o=0 nought=0 one=1 two=2 three=3 four=4 five=5 six=6 seven=7 eight=8 nine=9 "
    "ten=10 eleven=11 twelve=12 thirteen=13 fourteen=14 fifteen=15 sixteen=16 seventeen=17 "
    "eighteen=18 nineteen=19 twenty=20 thirty=30 forty=40 fifty=50 sixty=60 seventy=70 eighty=80 "
    "ninety=90 hundred=00 shunya=0 shoonya=0 ek=1 do=2 teen=3 tin=3 char=4 chaar=4 paanch=5 "
    "panch=5 chhe=6 chhah=6 chhai=6 cheh=6 saat=7 aath=8 aat=8 nau=9 das=10 "
    "शून्य=0 जीरो=0 ज़ीरो=0 एक=1 दो=2 तीन=3 चार=4 पाँच=5 पांच=5 छह=6 छः=6 छे=6 सात=7 आठ=8 नौ=9 दस=10 "
    "वन=1 टू=2 थ्री=3 फोर=4 फ़ोर=4 फाइव=5 फ़ाइव=5 सिक्स=6 सेवन=7 एट=8 नाइन=9 "
    "பூஜ்யம்=0 பூஜ்ஜியம்=0 ஒன்று=1 இரண்டு=2 மூன்று=3 நான்கு=4 ஐந்து=5 ஆறு=6 ஏழு=7 எட்டு=8 ஒன்பது=9 "
    "సున్నా=0 ఒకటి=1 రెండు=2 మూడు=3 నాలుగు=4 ఐదు=5 ఆరు=6 ఏడు=7 ఎనిమిది=8 తొమ్మిది=9"
)
REPEATS = {"double": 2, "triple": 3, "डबल": 2, "ट्रिपल": 3}

AT_SIGNS = _list("at ऐट एट")
DOTS = _list("dot डॉट डाट")
TOP_DOMAINS = _list("com in org net edu gov io ai info biz कॉम इन")
"""`co` is none of them: something follows it."""

CUES: Mapping[str, frozenset[str]] = {
    "email": _list("email e-mail gmail ईमेल ई-मेल"),
    "spelling": _list("spell spelled spelt spelling स्पेल स्पेलिंग"),
    "number": _list(
        "number numbers mobile otp pin pincode aadhaar aadhar code digits id नंबर नम्बर मोबाइल "
        "ओटीपी पिन पिनकोड आधार कोड எண் நம்பர் నంబర్ ನಂಬರ್ নম্বর નંબર"
    ),
    "address": _list("address addresses पता पते एड्रेस pata முகவரி చిరునామా ವಿಳಾಸ ঠিকানা સરનામું"),
}
"""What stands first wins: `email address`, `email id`."""
NUMBER_LENGTHS = (
    (_list("pin pincode postal पिन पिनकोड otp ओटीपी"), 6),
    (_list("aadhaar aadhar आधार"), 12),
    (_list("card"), 16),
)
"""How many digits each has. After a password of four the wait decides."""

REQUESTS = _list(
    "tell give share say please spell have know get take enter batayein bataiye batao dijiye "
    "kahiye boliye बताएं बताएँ बताइए बताइये बताओ दीजिए दीजिये कहिए बोलिए சொல்லுங்கள் చెప్పండి ಹೇಳಿ "
    "বলুন सांगा કહો"
)
YES_NO_STARTS = _list("is are do does did shall should would has have was were will क्या kya so")
YES_NO_TAILS = _list("right correct okay ok सही ना na sahi")

OWN = _list("my our mera meri mere hamara हमारा मेरा मेरी मेरे माझा என் నా ನನ್ನ আমার")
LEAD_INS = _list("is it's its are hai hain है हैं")
"""What is dictated comes right behind them."""
DECLINING_FIRST = _list(
    "no nope nahi nahin नहीं why what which how when where who can could sorry "
    "pardon wait क्या क्यों kya kyon kyun"
)
DECLINING = _list("don't dont not can't cannot won't forgot repeat skip later नहीं nahi nahin मत")
"""In an answer that begins with, or holds, one of them nothing is dictated."""

LETTERS_THAT_ARE_WORDS = ("a", "i")
HESITATIONS = _list("um umm uh uhh er erm hmm and then aur phir और फिर उम")
"""Said between two parts of something longer."""
CONTINUING = _list(
    "a an the or but because if my our his their i i'm i'll ya lekin magar kyonki kyunki agar "
    "matlab yaani mera meri mere या लेकिन मगर क्योंकि अगर मतलब यानी मेरा मेरी मेरे மற்றும் ஆனால் என் "
    "మరియు కానీ నా ಮತ್ತು ಆದರೆ ನನ್ನ പക്ഷേ എന്റെ এবং কিন্তু আমার आणि पण माझा माझी અને મારું ਅਤੇ ਪਰ "
    "ਮੇਰਾ"
)
"""Nobody ends with one of them what they have to say."""
