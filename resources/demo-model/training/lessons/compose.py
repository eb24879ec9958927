"""Joins lessons to whole chats, as people write them: one question or many, with or without thinking."""

from __future__ import annotations

from random import Random

from . import arithmetic, coding, explain, facts, manners, markup, memory, obey, program, seeing, unknown
from .chat import Chat, Turn
from .say import polite, say, untidy

_NUMBER = [
    "{Answer|Reply|Respond} with just the number.",
    "Just the number.",
    "Only the number{, please|}.",
    "{Answer|Reply} with only the number.",
    "Number only.",
    "Give {me |}{only|just} the number.",
    "Say only the number.",
]
_WORD = [
    "{Answer|Reply|Respond} with one word{ only|}.",
    "One word{ only|}.",
    "{Answer|Reply} in one word.",
    "Just one word.",
    "Only the word.",
    "{Answer|Reply} with a single word.",
    "In one word{, please|}.",
]
_SHORT = [
    "{Answer|Reply} briefly.",
    "Just the answer.",
    "Only the answer{, please|}.",
    "Short answer{, please|}.",
    "No sentence, just the answer.",
    "{Answer|Reply} with the answer only.",
    "Be brief.",
]

GROUPS = [  # lesson, weight
    (arithmetic.lesson, 18),
    (facts.lesson, 21),
    (program.lesson, 24),
    (explain.lesson, 6),
    (coding.lesson, 5),
    (markup.lesson, 6),
    (manners.lesson, 8),
    (unknown.lesson, 13),
    (memory.chain, 6),
    (memory.follow_up, 3),
    (memory.letters, 3),
    (seeing.lesson, 25),
]
_LESSONS, _WEIGHTS = [g[0] for g in GROUPS], [g[1] for g in GROUPS]


def brief_form(r: Random, turn: Turn) -> None:
    """Asks for the bare answer and gives it."""
    asks = _NUMBER if turn.brief.isdigit() else _WORD if " " not in turn.brief else _SHORT
    wish = say(r, r.choice(asks if r.random() < 0.8 else _SHORT))
    if r.random() < 0.85:
        turn.user = f"{turn.user}{'' if turn.user[-1:] in '?.!:' else r.choice(['.', '?', ''])} {wish}"
    else:
        turn.user = f"{wish[:-1]}: {turn.user}"
    turn.answer = turn.brief
    turn.thought += " They want only the answer."


def _group(r: Random) -> list[Turn]:
    made = r.choices(_LESSONS, _WEIGHTS)[0](r)
    turns = made if isinstance(made, list) else [made]
    for turn in turns:
        if turn.brief and r.random() < 0.24:
            brief_form(r, turn)
        if turn.plain:
            turn.user = untidy(r, polite(r, turn.user))
    return turns


def _consistent(turns: list[Turn]) -> list[Turn]:
    """Drops turns that another part of the chat would make untrue."""
    no_image = next(e["answer"] for e in program.ENTRIES if e["id"] == "no-image")
    told = any(t.thought.startswith(("They tell me", "They give me")) for t in turns)
    shown = any(t.scene for t in turns)
    kept = [t for t in turns if not (told and t.answer == unknown.PRIVATE) and not (shown and t.answer == no_image)]
    return kept or turns[:1]


def chat(r: Random) -> Chat:
    thinking = r.random() < 0.4
    if r.random() < 0.12:
        system, turns = obey.lesson(r)
        for t in turns:
            t.user = untidy(r, t.user)
    else:
        system = r.choice(obey.NEUTRAL) if r.random() < 0.08 else ""
        groups = (
            1
            if r.random() < (0.72 if thinking else 0.5)
            else r.choice([2, 2, 3, 3, 4, 6, 10, 20] if r.random() < 0.9 else [30, 45])
        )
        turns = []
        images = 0
        for _ in range(groups):
            new = _group(r)
            if any(t.scene for t in new):
                if images >= 2:
                    continue
                images += 1
            turns += new
        turns = _consistent(turns)
    if thinking and len(turns) > 1 and r.random() < 0.5:
        turns = turns[: r.randint(1, len(turns))]
    for t in turns:
        if t.thought and not t.thought.endswith((".", "!", "?")):
            t.thought += "."
    return Chat(turns, system, thinking)
