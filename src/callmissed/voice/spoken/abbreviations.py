"""Abbreviations that end with a dot, and the words for them."""

from types import MappingProxyType

TITLES = MappingProxyType(
    {
        "Dr": "Doctor", "Mr": "Mister", "Mrs": "Missus", "Ms": "Miss", "Prof": "Professor", "Er": "Engineer",
        "Adv": "Advocate", "Capt": "Captain", "Col": "Colonel", "Gen": "General", "Lt": "Lieutenant",
        "Smt": "Shrimati", "Shri": "Shri", "Sh": "Shri",
    }
)  # fmt: skip
PLACES = MappingProxyType(
    {
        "Rd": "Road", "Ave": "Avenue", "Blvd": "Boulevard", "Apt": "Apartment", "Bldg": "Building", "Fl": "Floor",
        "Flr": "Floor", "Opp": "opposite", "opp": "opposite", "Nr": "near", "nr": "near", "Hosp": "Hospital",
        "Dept": "Department", "dept": "department", "Govt": "Government", "govt": "government", "Pvt": "Private",
        "Ltd": "Limited", "Co": "Company", "Dist": "District", "Tel": "telephone", "Ph": "phone", "Mob": "mobile",
        "Ext": "extension", "ext": "extension", "Approx": "Approximately", "approx": "approximately",
        "Max": "Maximum", "max": "maximum", "Min": "Minimum", "min": "minimum", "Qty": "quantity",
        "qty": "quantity", "Jr": "Junior", "Sr": "Senior", "Vol": "volume", "Est": "established",
        "etc": "etcetera", "vs": "versus", "viz": "namely", "incl": "including", "excl": "excluding",
        "p.a": "per annum",
    }
)  # fmt: skip
