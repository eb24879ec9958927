"""Questions about Lapidary and about Pebble, from `lapidary.toml`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from random import Random

from .chat import Turn
from .say import phrasing, say, sentence

ENTRIES: list[dict] = tomllib.loads((Path(__file__).parent.parent / "lapidary.toml").read_text("utf-8"))["entry"]


def turn_of(r: Random, entry: dict, split: str) -> Turn:
    question = sentence(say(r, phrasing(r, entry["ask"], split)))
    if question.islower() or r.random() < 0.05:
        question = question.rstrip("?.")
    about = entry["about"]
    subject = "something about me" if about.split(" ")[1] == "I" or " I " in about else about
    return Turn(question, entry["answer"], f"They want to know {subject}. I can answer that."
                if subject.split(" ")[0] in ("how", "what", "whether", "which", "where", "why", "who")
                else f"They ask about {subject}. I can answer that.")


def lesson(r: Random, split: str = "train") -> Turn:
    return turn_of(r, r.choice(ENTRIES), split)
