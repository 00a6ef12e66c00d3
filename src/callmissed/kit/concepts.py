"""Words that callers say in Hindi, in Tamil, or in Hindi with Latin letters, and the English words
for the same thing; the names of the weekdays in all of them.
"""

import re

from callmissed.kit.english import WEEKDAYS, stem
from callmissed.kit.indic import is_indic, stem_indic

_GROUPS = """
price cost fee charge : कीमत दाम शुल्क फीस मूल्य लागत खर्च kimat keemat daam dam shulk kharcha paisa விலை கட்டணம் செலவு
open opening : खुलता खुला खुलने khulta khulte khuli khula திறக்கும் திறந்து திறப்பு
close closed closing : बंद band bandh மூடும் மூடப்படும் மூடு
hour timing time : समय टाइम घंटे samay waqt நேரம் நேரங்கள்
address location : पता स्थान pata jagah முகவரி இடம்
doctor : डॉक्टर चिकित्सक daktar மருத்துவர் டாக்டர்
medicine pharmacy : दवा दवाई dawa dawai மருந்து மருந்தகம்
hospital clinic : अस्पताल क्लिनिक aspatal haspatal மருத்துவமனை
appointment booking : अपॉइंटमेंट बुकिंग பதிவு முன்பதிவு
cancel cancellation : रद्द radd ரத்து
payment pay : भुगतान bhugtan கட்டணம் செலுத்த
card : कार्ड கார்டு
insurance : बीमा bima beema காப்பீடு
parking : पार्किंग வாகனம் நிறுத்துமிடம்
child : बच्चा बच्चे bachcha bacche குழந்தை
woman : महिला mahila பெண்
emergency : आपातकाल इमरजेंसी aapatkal அவசரம் அவசர
test : जाँच जांच टेस्ट jaanch janch பரிசோதனை சோதனை
blood : खून रक्त khoon இரத்தம் ரத்த
report result : रिपोर्ट நோயறிக்கை அறிக்கை
phone number : फोन नंबर தொலைபேசி எண்
bus : बस பேருந்து
train : रेल ट्रेन gaadi ரயில்
ticket fare : टिकट किराया kiraya டிக்கெட்
school : स्कूल विद्यालय vidyalaya பள்ளி
room : कमरा kamra அறை
food meal : खाना भोजन khana உணவு
water : पानी pani தண்ணீர்
return refund : वापस वापसी रिफंड wapas wapsi திரும்ப
delivery : डिलीवरी டெலிவரி
holiday : छुट्टी अवकाश chutti chhutti விடுமுறை
document : दस्तावेज कागज़ dastavez kagaz ஆவணம் ஆவணங்கள்
eye : आँख आंख aankh கண்
tooth dental : दाँत दांत daant பல்
skin : त्वचा tvacha தோல்
loan : ऋण कर्ज लोन karz கடன்
temple : मंदिर mandir கோயில் கோவில்
prayer : पूजा आरती puja aarti பூஜை
prasad offering : प्रसाद பிரசாதம்
donation : दान daan நன்கொடை
morning : सुबह subah காலை
evening : शाम sham shaam மாலை
night : रात raat இரவு
free : मुफ्त निशुल्क muft இலவசம் இலவச
today : आज aaj இன்று
tomorrow : कल kal நாளை
"""
_DAYS = (
    "सोमवार somvar somwar திங்கள் திங்கட்கிழமை",
    "मंगलवार mangalvar mangalwar செவ்வாய் செவ்வாய்க்கிழமை",
    "बुधवार budhvar budhwar புதன் புதன்கிழமை",
    "गुरुवार बृहस्पतिवार guruvar guruwar வியாழன் வியாழக்கிழமை",
    "शुक्रवार shukravar shukrawar வெள்ளி வெள்ளிக்கிழமை",
    "शनिवार shanivar shaniwar சனி சனிக்கிழமை",
    "रविवार इतवार ravivar raviwar itvar itwar ஞாயிறு ஞாயிற்றுக்கிழமை",
)
_SHORT_DAYS = {
    short: day
    for day, shorts in zip(
        WEEKDAYS, ("mon", "tue tues", "wed", "thu thur thurs", "fri", "sat", "sun"), strict=True
    )
    for short in shorts.split()
}
_DAY_NAMES = {
    name: day for day, names in zip(WEEKDAYS, _DAYS, strict=True) for name in names.split()
}
_DAY = re.compile("|".join(sorted(_DAY_NAMES, key=len, reverse=True)))
_SHORT_DAY = re.compile(rf"\b({'|'.join(sorted(_SHORT_DAYS, key=len, reverse=True))})\b\.?", re.I)
_TO = re.compile(r"\s*(?:-|–|से|முதல்)\s*")


def in_english_days(text: str, *, short: bool = False) -> str:
    """The text with the names of weekdays in English, and `to` between the ends of a span.

    With `short` also `Mon` and its like are read, as tables write them.
    """
    text = _DAY.sub(lambda found: f" {_DAY_NAMES[found[0]]} ", text.lower())
    if short:
        text = _SHORT_DAY.sub(lambda found: _SHORT_DAYS[found[1].lower()], text)
    return re.sub(r"\s+", " ", _TO.sub(" to ", text))


def _stem(word: str) -> str:
    return stem_indic(word) if is_indic(word) else stem(word)


def _read_groups() -> dict[str, frozenset[str]]:
    pairs: dict[str, set[str]] = {}
    lines = _GROUPS.strip().splitlines()
    lines += [f"{day} : {names}" for day, names in zip(WEEKDAYS, _DAYS, strict=True)]
    for line in lines:
        english, _, others = line.partition(" : ")
        ours = {stem(word) for word in english.split()}
        theirs = {_stem(word) for word in others.split()}
        for name in theirs:
            pairs.setdefault(name, set()).update((ours | theirs) - {name})
        for name in ours:
            pairs.setdefault(name, set()).update(theirs - {name})
    return {name: frozenset(others) for name, others in pairs.items()}


SAME_ELSEWHERE = _read_groups()
"""By stem: the stems that mean the same in another language or script."""
