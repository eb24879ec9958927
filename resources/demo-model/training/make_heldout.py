"""Makes the held-out sets: phrasings, operand pairs and pictures that training never shows.

    python make_heldout.py            (writes heldout/*.json and heldout/images/*.png)

An item is right if every group of `expect` has one alternative that occurs in the answer as a whole word, ignoring case.
Odd items are asked with thinking on. Pictures are drawn with Pillow, not with the painter of the training.
"""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw

from lessons import arithmetic, facts, memory, program, seeing, tables, unknown
from lessons.chat import Chat, Turn
from lessons.say import phrasing, say
from pictures.draw import outline
from pictures.scene import COLOURS, PLAIN_SHAPES, SHAPES, Scene, empty_scene, place

FOLDER = Path(__file__).parent / "heldout"
SIZES = [(256, 256), (320, 240), (400, 300), (240, 320), (300, 300), (500, 400), (640, 480), (200, 200)]
ADMITTED = ["do not know", "beyond me", "do not understand", "rely on my answers", "have no"]


def item(chat: Chat, expect: list[list[str]], number: int, image: str = "") -> dict:
    out = {"messages": chat.messages(), "thinking": number % 2 == 1, "expect": expect}
    return out | ({"image": image} if image else {})


def one(turn: Turn, expect: list[list[str]], number: int, image: str = "") -> dict:
    return item(Chat([turn]), expect, number, image)


def write(name: str, needed: float, items: list[dict]) -> None:
    (FOLDER / f"{name}.json").write_text(
        json.dumps({"set": name, "needed": needed, "items": items}, ensure_ascii=False, indent=1) + "\n", "utf-8"
    )
    print(f"{name}: {len(items)}")


def draw(scene: Scene, size: tuple[int, int], file: Path) -> None:
    """Four times too large, then reduced: smooth edges by another road than the painter's."""
    sheet = Image.new("RGB", (size[0] * 4, size[1] * 4), tuple(round(c * 255) for c in scene.rgb))
    pen = ImageDraw.Draw(sheet)
    for s in scene.shapes:
        radius = s.radius * min(sheet.size)
        corners = [(s.x * sheet.width + x * radius, s.y * sheet.height + y * radius) for x, y in outline(s.kind)]
        pen.polygon(corners, fill=COLOURS[s.colour])
    sheet.resize(size, Image.Resampling.LANCZOS).save(file, optimize=True)


def picture(r: Random, count: int, kinds: list[str]) -> tuple[Scene, tuple[int, int]]:
    while True:
        size = r.choice(SIZES)
        scene = empty_scene(r)
        if scene.background not in ("white", "lightgray", "black"):
            continue
        scene.grid = (max(4, size[0] // 40), max(4, size[1] // 40))
        place(r, scene, count, kinds)
        for s in scene.shapes:
            s.turn = 0.0
        return scene, size


def word(n: int) -> list[str]:
    return [str(n), tables.NUMBER_WORDS[n]]


def spelled(brief: str) -> list[str]:
    """A small number may be given as a digit or as a word."""
    return word(int(brief)) if brief.isdigit() and int(brief) <= 20 else [brief]


def main() -> None:
    (FOLDER / "images").mkdir(parents=True, exist_ok=True)
    r = Random(2026)
    items = [one(t, [[t.brief]], i) for i, t in enumerate(arithmetic.sums(r, "heldout") for _ in range(100))]
    write("sums", 0.95, items)

    known: dict[str, Turn] = {}
    while len(known) < 150:
        t = facts.lesson(r, "heldout")
        known.setdefault(t.user, t)
    write("facts", 0.98, [one(t, [spelled(t.brief)], i) for i, t in enumerate(known.values())])

    asked = [(e, q) for e in program.ENTRIES for q in program.held_out(e)[-2:]]
    write(
        "lapidary",
        0.90,
        [
            one(program.turn_of(r, e, say(r, q)), [[e["answer"].replace("**", "")[:22]]], i)
            for i, (e, q) in enumerate(asked)
        ],
    )

    strangers: dict[str, Turn] = {}
    while len(strangers) < 100:
        t = unknown.lesson(r, "heldout")
        strangers.setdefault(t.user, t)
    write("unknown", 0.90, [one(t, [ADMITTED], i) for i, t in enumerate(strangers.values())])

    chains = []
    while len(chains) < 40:
        turns = memory.chain(r)
        if turns[-1].brief and len(turns) <= 8:
            chains.append(item(Chat(turns), [[turns[-1].brief]], len(chains)))
    write("memory", 0.90, chains)

    pictures = []
    for i in range(60):
        scene, size = picture(r, 1, PLAIN_SHAPES if i % 3 else SHAPES)
        file = f"images/shape{i:02}.png"
        draw(scene, size, FOLDER / file)
        s = scene.shapes[0]
        turn = Turn(say(r, phrasing(r, seeing.ASK_BOTH, "heldout" if i % 2 else "train")), "", "", scene=scene)
        pictures.append(one(turn, [[s.colour], [s.kind]], i // 2, file))
    write("shapes", 0.95, pictures)

    counted = []
    for i in range(50):
        n = i % 5 + 1
        scene, size = picture(r, n, [r.choice(PLAIN_SHAPES)] if i % 2 else PLAIN_SHAPES)
        file = f"images/count{i:02}.png"
        draw(scene, size, FOLDER / file)
        turn = Turn(say(r, phrasing(r, seeing.ASK_COUNT, "heldout")), "", "", scene=scene)
        counted.append(one(turn, [word(n)], i // 5, file))
    write("count", 0.90, counted)

    two = Turn("What is 2+2? Answer with just the number.", "", "")
    paris = Turn("Paris is the capital of which country? Answer with one word.", "", "")
    write(
        "smoke",
        1.0,
        [one(t, [[e]], n) for n, (t, e) in enumerate([(two, "4"), (two, "4"), (paris, "France"), (paris, "France")])],
    )


if __name__ == "__main__":
    main()
