"""Markdown, HTML and list signs: what is meant for the eye is taken away."""

import html
import re

from callmissed.voice.spoken.languages import Language
from callmissed.voice.spoken.numbers import whole

TAG = re.compile(r"<(?:!--.*?--|/?[A-Za-z][^<>]*)>")
BREAK = re.compile(r"<(?:br|/p|/li|/h\d|/tr|/div)\b[^<>]*>", re.IGNORECASE)
ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|[A-Za-z]{2,10});")
IMAGE_OR_LINK = re.compile(r"!?\[([^\[\]]*)\]\(([^()]*)\)")
CITATION = re.compile(r"\[\^?\d{1,3}\]|【[^】]*】")
BRACKETS = re.compile(r"\[([^\[\]]*)\]")
KEYCAP = re.compile(r"([0-9#*])\ufe0f?\u20e3")
EMPHASIS = re.compile(r"\*{2,}|~~|`+|_{2,}")
STAR = re.compile(r"(?<!\S)\*(?=\S)|(?<=[^\s\d])\*(?!\d)|(?<=\d)\*(?=[\s.,;:!?)]|$)")
UNDERLINE = re.compile(r"(?<![0-9A-Za-z])_(?=\S)|(?<=\S)_(?![0-9A-Za-z])")
HEADING = re.compile(r"^#{1,6}(?:\s|$)|^#{2,6}")
QUOTE = re.compile(r"^>+(?:\s|$)")
BULLET = re.compile(r"^(?:[-*+•‣◦▪●○–—]|\[[ xX]\])(?=\s|$)\s*")
NUMBERED = re.compile(r"^(\d{1,3})[.)](?=\s|$)")
RULER = re.compile(r"^\|?[\s:|*_=-]{3,}\|?$")
ELLIPSIS = re.compile(r"\.{2,}|…")
EMOTICON = re.compile(r"(?<!\S)[:;=]['’]?-?[)(DPpO/|](?!\S)|<3")
DASHES = re.compile(r"(?<!\S)-+(?!\S)|-{2,}")
HASHTAG = re.compile(r"(?<!\w)#(?=[^\W\d_])")


def strip_line_start(text: str, language: Language) -> str:
    """A line without the signs of lists, headings and quotations; the number of an item is said."""
    if RULER.match(text):
        return ""
    text = BULLET.sub("", HEADING.sub("", QUOTE.sub("", text)))
    return NUMBERED.sub(lambda match: f"{whole(match[1], language)} –", text)


def strip_links(text: str) -> str:
    """Text without tags, entities, the addresses of links, and marks of citation."""
    if "<" in text:
        text = TAG.sub("", BREAK.sub("\n", text))
    if "&" in text:
        text = ENTITY.sub(lambda match: _entity(match.group()), text)
    if "[" in text or "【" in text:
        text = BRACKETS.sub(r"\1", CITATION.sub("", IMAGE_OR_LINK.sub(r"\1", text)))
    return text


def strip_emphasis(text: str) -> str:
    """Text without the signs of bold, italic, struck and code, and without the sign of a hashtag."""
    text = ELLIPSIS.sub("–", EMOTICON.sub("", DASHES.sub("–", KEYCAP.sub(r"\1", text))))
    if "*" in text or "~" in text or "`" in text or "_" in text:
        text = UNDERLINE.sub("", STAR.sub("", EMPHASIS.sub("", text)))
    return HASHTAG.sub("", text) if "#" in text else text


def _entity(entity: str) -> str:
    """The character of an entity; nothing for one that would be markup or a control."""
    char = html.unescape(entity)
    return (
        char
        if len(char) == 1 and char not in "<>&" and ord(char) >= 32
        else f" {char} "
        if char == "&"
        else ""
    )
