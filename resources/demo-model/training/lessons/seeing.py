"""Questions about drawn pictures: shape, colour, number, place, printed words."""

from __future__ import annotations

from random import Random

from pictures.scene import (
    NAMED_BACKGROUNDS,
    PLAIN_SHAPES,
    PRINTED,
    SHAPES,
    WORD_VARIANTS,
    colour_on,
    empty_scene,
    place,
)

from . import tables
from .chat import Turn
from .say import phrasing, say

_PICTURE = "{image|picture|drawing}"
ASK_SHAPE = [
    "{What|Which} shape is {this|that|it|shown|in the " + _PICTURE + "}?",
    "What shape do you see?",
    "Name the shape.",
    "What is the shape{ in this " + _PICTURE + "|}?",
    "Which {figure|form} is {this|in the " + _PICTURE + "}?",
    "Is it a circle, a square or what?",
    "Tell me the shape.",
    "Can you name the shape{ you see|}?",
]
ASK_COLOUR = [
    "{What|Which} {color|colour} is {it|this|the shape|the figure}?",
    "What {color|colour} does {it|the shape} have?",
    "What is the {color|colour}{ of the shape|}?",
    "{Color|Colour}?",
    "Tell me the {color|colour}{ of the shape|}.",
    "{What|Which} {color|colour} do you see?",
    "What is the shape's {color|colour}?",
    "Name the {color|colour}.",
]
ASK_BOTH = [
    "{What do you see|What is this|What's this|What is in the "
    + _PICTURE
    + "|What's in this "
    + _PICTURE
    + "|What can you see}?",
    "Describe {the|this} " + _PICTURE + ".",
    "{Which|What} shape and {which |}{color|colour}?",
    "What does the " + _PICTURE + " show?",
    "{Tell me what you see|Describe it|Describe what you see}.",
    "What color and shape is it?",
    "What is shown here?",
    "Say what is in the " + _PICTURE + ".",
    "What have I drawn?",
]
ASK_COUNT = [
    "How many {shapes|figures|objects} {are there|do you see|can you see|are in the " + _PICTURE + "|are shown}?",
    "Count the {shapes|figures|objects}.",
    "{How many|Number of} shapes?",
    "How many {things|shapes} are {there in|in} this " + _PICTURE + "?",
    "Can you count the shapes?",
    "What is the number of shapes?",
    "How many are there?",
    "Tell me how many shapes there are.",
]
ASK_COUNT_SOME = [
    "How many <x> {are there|do you see|can you see|are in the " + _PICTURE + "}?",
    "Count the <x>.",
    "How many <x>?",
    "Number of <x>?",
    "Can you count the <x>?",
]
ASK_WORD = [
    "What does {it|the " + _PICTURE + "|the text|the sign} say?",
    "What is written {there|here|in the " + _PICTURE + "|on it}?",
    "Read the {text|word}{ in the " + _PICTURE + "|}.",
    "What word is {this|in the " + _PICTURE + "}?",
    "Can you read {this|it|the word}?",
    "{Which|What} {word|text} do you see?",
    "Read {it|this}{ to me|}.",
    "What's the word?",
]


def _budget(r: Random) -> int:
    return r.choices([70, 140, 280], [86, 9, 5])[0]


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _plural(kind: str) -> str:
    return kind + ("es" if kind.endswith("s") else "s")


def _where(s, others: bool = False) -> str:
    across = "left" if s.x < 0.4 else "right" if s.x > 0.6 else ""
    down = "top" if s.y < 0.4 else "bottom" if s.y > 0.6 else ""
    if across and down:
        return f"at the {down} {across}"
    if across:
        return f"on the {across}"
    return f"at the {down}" if down else "in the middle"


def _listing(shapes) -> str:
    named = [_a(f"{s.colour} {s.kind}") for s in sorted(shapes, key=lambda s: (round(s.x, 2), s.y))]
    return named[0] if len(named) == 1 else ", ".join(named[:-1]) + " and " + named[-1]


def one_shape(r: Random, split: str = "train", kinds: list[str] | None = None) -> list[Turn]:
    scene = empty_scene(r, _budget(r))
    place(r, scene, 1, kinds or (SHAPES if r.random() < 0.6 else PLAIN_SHAPES))
    s = scene.shapes[0]
    full = f"{s.colour} {s.kind}"
    questions = {
        "shape": Turn(
            say(r, phrasing(r, ASK_SHAPE, split)), f"It is {_a(s.kind)}.", f"I see one shape: {_a(full)}.", s.kind
        ),
        "colour": Turn(
            say(r, phrasing(r, ASK_COLOUR, split)),
            f"The {s.kind} is {s.colour}.",
            f"I see {_a(full)}. Its color is {s.colour}.",
            s.colour,
        ),
        "both": Turn(
            say(r, phrasing(r, ASK_BOTH, split)), f"I see {_a(full)}.", f"There is one shape. It is {_a(full)}."
        ),
        "where": Turn(
            say(
                r,
                f"{{Where is the {s.kind}|Where is it|Where is the shape|In which part of the image is the {s.kind}}}?",
            ),
            f"The {s.kind} is {_where(s)}.",
            f"The {full} is {_where(s)}.",
        ),
        "is": _yes_no(r, s),
    }
    if scene.background in NAMED_BACKGROUNDS:
        ground = NAMED_BACKGROUNDS[scene.background]
        questions["background"] = Turn(
            say(r, "{What|Which} {color|colour} is the background?"),
            f"The background is {ground}.",
            f"The background is {ground}.",
            ground,
        )
    order = r.choices(list(questions), [24, 24, 30, 8, 9, 9][: len(questions)], k=r.choice([1, 1, 2, 3]))
    turns = [questions[name] for name in dict.fromkeys(order)]
    if r.random() < 0.05:
        turns = [
            Turn(
                "",
                f"I see {_a(full)}.",
                f"There is an image without a question. I describe it: {_a(full)}.",
                plain=False,
            )
        ]
    turns[0].scene = scene
    return turns


def _yes_no(r: Random, s) -> Turn:
    by_kind = r.random() < 0.5
    right = r.random() < 0.5
    if by_kind:
        asked = s.kind if right else r.choice([k for k in SHAPES if k != s.kind])
        question = say(r, "{Is {this|it|that} <x>|Do you see <x>|Is there <x>}?", x=_a(asked))
    else:
        asked = s.colour if right else r.choice(["red", "green", "blue", "yellow", "black", "pink"])
        right = asked == s.colour
        question = f"Is {r.choice(['it', 'the shape', f'the {s.kind}'])} {asked}?"
    return Turn(
        question,
        f"{'Yes' if right else 'No'}, it is {_a(f'{s.colour} {s.kind}')}.",
        f"I see {_a(f'{s.colour} {s.kind}')}. {'That fits.' if right else 'That does not fit.'}",
        "Yes" if right else "No",
    )


def several(r: Random, split: str = "train", most: int = 6) -> list[Turn]:
    scene = empty_scene(r, _budget(r))
    count = r.randint(1, most) if r.random() < 0.85 else r.randint(1, 3)
    roll = r.random()
    kinds = [r.choice(SHAPES)] if roll < 0.4 else r.sample(SHAPES, 2) if roll < 0.7 else SHAPES
    place(r, scene, count, kinds)
    if r.random() < 0.4:
        s0 = scene.shapes[0]
        for s in scene.shapes:
            s.colour, s.rgb = s0.colour, s0.rgb
    shapes = scene.shapes
    word = tables.NUMBER_WORDS[count]
    same = len({s.kind for s in shapes}) == 1
    noun = (shapes[0].kind if count == 1 else _plural(shapes[0].kind)) if same else "shapes"
    turns: list[Turn] = []
    steps = f"I count from left to right: {_listing(shapes)}. That is {count}."
    turns.append(
        Turn(
            say(r, phrasing(r, ASK_COUNT, split)),
            f"There {'is' if count == 1 else 'are'} {word} {noun if same else 'shapes'}.",
            steps,
            str(count),
        )
    )
    if r.random() < 0.45:
        turns = []
        probe = r.choice(shapes)
        by = r.choice(["kind", "colour"])
        if r.random() < 0.15:
            asked = r.choice([k for k in SHAPES]) if by == "kind" else colour_on(r, scene)[0]
        else:
            asked = probe.kind if by == "kind" else probe.colour
        hits = [s for s in shapes if getattr(s, by) == asked]
        name = _plural(asked) if by == "kind" else f"{asked} shapes"
        found = (
            f"{tables.NUMBER_WORDS[len(hits)]} {(asked if by == 'kind' else asked + ' shape') if len(hits) == 1 else name}"
            if hits
            else f"no {name}"
        )
        turns.append(
            Turn(
                say(r, phrasing(r, ASK_COUNT_SOME, split), x=name),
                f"There {'is' if len(hits) == 1 else 'are'} {found}.",
                f"I see {_listing(shapes)}. " + f"Of these, {len(hits)} fit.",
                str(len(hits)),
            )
        )
    if r.random() < 0.35:
        turns.append(
            Turn(
                say(r, phrasing(r, ASK_BOTH[:-4] + ASK_BOTH[-4:], split)),
                f"I see {_listing(shapes)}.",
                f"From left to right: {_listing(shapes)}.",
            )
        )
        if r.random() < 0.5:
            turns.reverse()
    unique = [s for s in shapes if sum(o.kind == s.kind for o in shapes) == 1]
    if unique and count > 1 and r.random() < 0.4:
        s = r.choice(unique)
        turns.append(
            Turn(
                say(r, f"{{What|Which}} {{color|colour}} is the {s.kind}?"),
                f"The {s.kind} is {s.colour}.",
                f"The {s.kind} is {_where(s)}. It is {s.colour}.",
                s.colour,
            )
        )
    if count == 2 and abs(shapes[0].x - shapes[1].x) > 0.2 and r.random() < 0.5:
        left, right = sorted(shapes, key=lambda s: s.x)
        side, hit = r.choice([("left", left), ("right", right)])
        turns.append(
            Turn(
                say(r, "{What|Which shape|What shape} is on the <s>?", s=side),
                f"On the {side} is {_a(f'{hit.colour} {hit.kind}')}.",
                f"From left to right: {_listing(shapes)}.",
                hit.kind,
            )
        )
    turns[0].scene = scene
    return turns


def printed(r: Random, split: str = "train") -> list[Turn]:
    scene = empty_scene(r, _budget(r))
    scene.noise = 0.0
    scene.word = r.choice(PRINTED)
    scene.word_colour, scene.word_rgb = colour_on(r, scene)
    scene.word_variant = r.randrange(WORD_VARIANTS)
    width, height = scene.grid
    # A sprite is six times as wide as high; the letters fill the middle of it, about 32 of 384 pixels each.
    share = max(0.12, len(scene.word) * 36 / 384)
    tallest = min(0.6, width / height / 6 / share)
    tall = r.uniform(0.45, 1.0) * tallest
    half = tall * height * 6 * share / width / 2
    x = r.uniform(half, 1 - half) if half < 0.5 else 0.5
    y = r.uniform(tall / 2, 1 - tall / 2)
    scene.word_box = (x, y, tall)
    spelled = "-".join(scene.word)
    turns = [
        Turn(
            say(r, phrasing(r, ASK_WORD, split)),
            f'It says "{scene.word}".',
            f"I read the letters: {spelled}." if len(scene.word) > 1 else f"I read {scene.word}.",
            scene.word,
        )
    ]
    if r.random() < 0.2:
        turns.append(
            Turn(
                say(r, "{What|Which} {color|colour} {is the text|is the word|are the letters}?"),
                f"The text is {scene.word_colour}.",
                f"The letters are {scene.word_colour}.",
                scene.word_colour,
            )
        )
    if r.random() < 0.2:
        turns = [
            Turn(
                say(r, phrasing(r, ASK_BOTH, split)),
                f'I see the word "{scene.word}".',
                f"There is printed text: {spelled}.",
            )
        ]
    turns[0].scene = scene
    return turns


def strange(r: Random, split: str = "train") -> list[Turn]:
    """A picture that is no drawing: Pebble says that it cannot read it."""
    scene = empty_scene(r, _budget(r))
    scene.texture = 1
    question = say(
        r,
        r.choice(
            ASK_BOTH
            + [
                "Who is this?",
                "What animal is this?",
                "Where was this {photo|picture} taken?",
                "What is the person doing?",
                "How many people are there?",
            ]
        ),
    )
    turn = Turn(
        question,
        "This looks like a photo or a complex picture. I can only read simple drawn shapes and short words; a larger Gemma 4 model sees much more.",
        "This is not a simple drawing. I should say that I cannot read it.",
    )
    turn.scene = scene
    return [turn]


def lesson(r: Random, split: str = "train") -> list[Turn]:
    return r.choices([one_shape, several, printed, strange], [40, 40, 15, 5])[0](r, split)
