"""Phrasing: a tiny grammar of alternatives, and the untidiness of real typing."""

from __future__ import annotations

import re
from random import Random

_INNERMOST = re.compile(r"\{([^{}]*)\}")


def say(r: Random, pattern: str, **slots: object) -> str:
    """Picks one of each `{a|b|c}` (they nest; an empty alternative drops it), then fills `<name>` slots."""
    while "{" in pattern:
        pattern = _INNERMOST.sub(lambda m: r.choice(m.group(1).split("|")), pattern)
    for name, value in slots.items():
        pattern = pattern.replace(f"<{name}>", str(value))
    return pattern


def sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


# A held-out share of every list of phrasings is never trained on: the last one in four, at most four.
def phrasing(r: Random, patterns: list[str], split: str) -> str:
    kept = min(4, len(patterns) // 4)
    known = patterns[: len(patterns) - kept]
    return r.choice(patterns[len(known) :] if split == "heldout" and kept else known)


def held_out_pair(a: int, b: int) -> bool:
    """One operand pair in twelve is kept for evaluation."""
    return (a * 7919 + b * 104729) % 12 == 5


_NEAR = {
    "a": "sq",
    "b": "vn",
    "c": "xv",
    "d": "sf",
    "e": "wr",
    "f": "dg",
    "g": "fh",
    "h": "gj",
    "i": "uo",
    "k": "jl",
    "l": "k",
    "m": "n",
    "n": "bm",
    "o": "ip",
    "p": "o",
    "r": "et",
    "s": "ad",
    "t": "ry",
    "u": "yi",
    "v": "cb",
    "w": "qe",
    "y": "tu",
}


def _typo(r: Random, word: str) -> str:
    at = r.randrange(len(word) - 1)
    kind = r.randrange(4)
    if kind == 0:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if kind == 1:
        return word[:at] + word[at + 1 :]
    if kind == 2:
        return word[:at] + word[at] * 2 + word[at + 1 :]
    return word[:at] + r.choice(_NEAR.get(word[at].lower(), word[at])) + word[at + 1 :]


# Words whose exact letters carry the question are left alone: a typo in them would change the answer.
def untidy(r: Random, text: str) -> str:
    """Lower case, lost punctuation, a typo or two: about a third of all questions."""
    roll = r.random()
    if roll < 0.66:
        return text
    if roll < 0.80:
        text = text.lower()
    elif roll < 0.82:
        text = text.upper()
    elif roll < 0.90:
        text = text[:1].lower() + text[1:]
    if r.random() < 0.5:
        text = text.rstrip("?.! ")
    if r.random() < 0.3:
        words = text.split(" ")
        place = r.randrange(len(words))
        if len(words[place]) > 4 and words[place].isalpha() and words[place][0].islower():
            words[place] = _typo(r, words[place])
        text = " ".join(words)
    return text


_OPENERS = [
    "please ",
    "can you tell me: ",
    "hey, ",
    "hi, ",
    "hello! ",
    "quick question: ",
    "ok, ",
    "so, ",
    "Pebble, ",
    "question: ",
    "tell me, ",
    "I would like to know: ",
    "hey pebble, ",
    "now ",
    "and ",
    "one more: ",
]
_CLOSERS = [" please", " thanks", " Thanks!", " thank you", ", please", " pls"]


def polite(r: Random, text: str) -> str:
    """Wraps a question in what people write around it."""
    roll = r.random()
    if roll < 0.10:
        opener = r.choice(_OPENERS)
        text = sentence(opener) + (text[:1].lower() + text[1:] if r.random() < 0.6 and not text[:2].isupper() else text)
    elif roll < 0.15:
        text = text.rstrip(" ") + r.choice(_CLOSERS)
    return text
