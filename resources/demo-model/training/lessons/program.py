"""Questions about Lapidary and about Pebble, from `lapidary.toml`.

A person can ask for the same thing in a hundred ways, so besides the phrasings written out there are frames for things one
does and things one asks about, opening remarks, and telegram style. What is held out never appears in training, however
it came about.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from random import Random

from .chat import Turn
from .say import phrasing, say, sentence

ENTRIES: list[dict] = tomllib.loads((Path(__file__).parent.parent / "lapidary.toml").read_text("utf-8"))["entry"]

_HOW_TO = [
    "How {do|can|could|would|should|must|may} I <x>?",
    "How to <x>?",
    "{Where|When} {do|can|could} I <x>?",
    "Can I <x>?",
    "{Can|Could|May} {you tell me|I ask} how to <x>?",
    "How does one <x>?",
    "How do you <x>?",
    "I {want|would like|need|wish|try|am trying} to <x>.",
    "I want to <x>. {How|How does that work|What do I do|Where|Can I}?",
    "Is {it possible|there a way|there a button|there an option} to <x>?",
    "What {is|would be} the {way|best way|easiest way} to <x>?",
    "{Tell|Show} me how {to|I can|I} <x>.",
    "{Explain|Describe} how to <x>.",
    "What {must|do|should} I do to <x>?",
    "{I don't know|I do not know|No idea} how to <x>.",
    "<x>",
    "<x>?",
    "{Which|What} button do I {press|click} to <x>?",
    "Am I able to <x>?",
    "{Is|Would} it {be |}possible to <x>?",
    "{Help me|Help me to|Please help me} <x>.",
    "What if I want to <x>?",
    "How would one go about it to <x>?",
    "Where do I have to click to <x>?",
    "Do you know how to <x>?",
    "{Steps|Way|Instructions} to <x>?",
    "{In Lapidary, how|How in Lapidary} do I <x>?",
]
_THING = [
    "What {is|are|'s} <x>?",
    "What {does|do} <x> {mean|do|show|say|stand for|tell me}?",
    "{Explain|Describe|Define} <x>{ to me| please|}.",
    "{Can|Could} you {explain|describe} <x>{ to me|}?",
    "Tell me {about|more about|something about} <x>.",
    "<x>?",
    "<x>",
    "What is the {meaning|purpose|point|use|idea|sense} of <x>?",
    "What {is|are} <x> {for|good for|used for|about|all about}?",
    "I do not understand <x>.",
    "{I wonder|I would like to know|I want to know} what <x> {is|are|means|does}.",
    "How {do|can} I {read|understand|interpret|use} <x>?",
    "Could you explain what <x> {means|is|are|do}{ here|}?",
    "Why {is there|are there|do we have|do I need|do I see} <x>?",
    "What {should|must|can} I know about <x>?",
    "Give me {a short explanation of|some information about|the idea of} <x>.",
    "What do you {mean by|know about|call} <x>?",
    "{Help me understand|Teach me} <x>.",
    "What kind of thing is <x>?",
    "How {does|do} <x> work?",
    "Say something about <x>.",
    "What's {behind|with} <x>?",
]
_OPENINGS = [
    "I am new here.",
    "I just installed this.",
    "Sorry for asking.",
    "One question.",
    "I have a question.",
    "I am trying this for the first time.",
    "A friend showed me this program.",
    "I have a laptop.",
    "I use Linux.",
    "Maybe a silly question:",
    "Hi, I need some help.",
    "I am a bit lost.",
    "Before I start:",
    "Just curious:",
    "Something else:",
    "Another thing.",
    "I was wondering:",
    "Quick question about Lapidary:",
    "About this program:",
    "I looked everywhere.",
    "Let me ask you this:",
]
_TAILS = [
    " here?",
    " in Lapidary?",
    " in this program?",
    " with this program?",
    " now?",
    " then?",
    " exactly?",
    " in here?",
    " on my machine?",
]
_SMALL = {
    "how",
    "do",
    "does",
    "i",
    "the",
    "a",
    "an",
    "to",
    "is",
    "are",
    "can",
    "you",
    "me",
    "my",
    "it",
    "in",
    "of",
    "what",
    "this",
    "there",
    "please",
    "which",
    "where",
}


def _key(text: str) -> str:
    return "".join(c for c in text.lower() if c.isalnum())


def held_out(entry: dict) -> list[str]:
    asks = entry["ask"]
    return asks[len(asks) - min(4, len(asks) // 4) :]


_HELD_OUT = {_key(q) for e in ENTRIES for q in held_out(e)}


def _question(r: Random, entry: dict) -> str:
    ways = [("ask", 3.0)] + [(k, 3.0) for k in ("more", "how_to", "things") if k in entry]
    kind = r.choices([w[0] for w in ways], [w[1] for w in ways])[0]
    if kind == "ask":
        text = say(r, phrasing(r, entry["ask"], "train"))
    elif kind == "more":
        text = say(r, r.choice(entry["more"]))
    else:
        what = say(r, r.choice(entry[kind]))
        text = say(r, r.choice(_HOW_TO if kind == "how_to" else _THING), x=what)
    if r.random() < 0.06 and text.endswith("?") and len(text) > 14:
        text = text[:-1] + r.choice(_TAILS)
    return text


def _loosened(r: Random, text: str) -> str:
    roll = r.random()
    if roll < 0.08:
        return f"{r.choice(_OPENINGS)} {text}"
    words = text.split(" ")
    if roll < 0.14 and len(words) > 3:
        kept = [w for w in words if w.lower().strip("?.,") not in _SMALL or r.random() < 0.3]
        return " ".join(kept) if len(kept) > 1 else text
    if roll < 0.18 and len(words) > 4:
        del words[r.randrange(len(words))]
        return " ".join(words)
    return text


def turn_of(r: Random, entry: dict, question: str) -> Turn:
    about = entry["about"]
    subject = "something about me" if about.split(" ")[1] == "I" or " I " in about else about
    asks = (
        "They want to know"
        if subject.split(" ")[0] in ("how", "what", "whether", "which", "where", "why", "who")
        else "They ask about"
    )
    return Turn(
        sentence(question),
        entry["answer"],
        f"{asks} {subject.removeprefix('something about ') if subject.startswith('something') and asks == 'They ask about' else subject}. I can answer that.",
    )


def lesson(r: Random, split: str = "train") -> Turn:
    entry = r.choice(ENTRIES)
    if split == "heldout":
        return turn_of(r, entry, say(r, r.choice(held_out(entry))))
    while True:
        question = _loosened(r, _question(r, entry))
        if _key(question) not in _HELD_OUT:
            return turn_of(r, entry, question)
