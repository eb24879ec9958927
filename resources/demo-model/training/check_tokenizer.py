"""Both tokenizer files must give the same ids and give every text back: 10,000 texts, tidy and wild.

python check_tokenizer.py FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

import sentencepiece
from tokenizers import Tokenizer

from lessons import compose

_ODD = [
    "😀",
    "🔥",
    "é",
    "ü",
    "ß",
    "人",
    "工",
    "智",
    "能",
    "한",
    "국",
    "ا",
    "ह",
    "́",
    "‍",
    "\u00a0",
    "\u2028",
    "ﬁ",
    "½",
    "€",
    "\t",
    "\n",
    "\n\n",
    "  ",
    "     ",
    "𝔘",
    "½",
    "…",
    "“",
    "”",
    "‚",
    "0",
    "42",
    "a",
    "Z",
    "_",
    "{",
    "}",
    "</s>",
    "▁",
    "\\",
    "the",
    " and",
    "🏳️‍🌈",
    "\u0000",
    "\x7f",
]


def samples() -> list[str]:
    r = Random(99)
    out: list[str] = []
    while len(out) < 5_000:
        for turn in compose.chat(r).turns:
            out += [turn.user, turn.answer]
    for _ in range(3_000):
        out.append("".join(r.choice(_ODD) for _ in range(r.randint(1, 40))))
    for _ in range(2_000):
        out.append(
            "".join(
                chr(
                    r.choice(
                        [
                            r.randint(32, 126),
                            r.randint(160, 0x2FFF),
                            r.randint(0x4E00, 0x9FFF),
                            r.randint(0x1F300, 0x1FAFF),
                        ]
                    )
                )
                for _ in range(r.randint(1, 60))
            )
        )
    out += ["\n" * n for n in range(1, 70)] + [" " * n for n in range(1, 70)] + ["a" * n for n in range(1, 40)]
    return out


def main(folder: Path) -> None:
    fast = Tokenizer.from_file(str(folder / "tokenizer.json"))
    model = sentencepiece.SentencePieceProcessor(model_file=str(folder / "tokenizer.model"))
    texts = samples()
    unequal = lost = tokens = characters = 0
    for text in texts:
        ids = fast.encode(text, add_special_tokens=False).ids
        if ids != model.encode(text):
            unequal += 1
            if unequal < 5:
                print("unequal:", repr(text), ids, model.encode(text))
        if fast.decode(ids, skip_special_tokens=False).replace("▁", " ") != text.replace("▁", " "):
            lost += 1
            if lost < 5:
                print("lost:", repr(text), repr(fast.decode(ids, skip_special_tokens=False)))
        tokens, characters = tokens + len(ids), characters + len(text)
    print(f"{len(texts)} texts: {unequal} unequal, {lost} not given back; {characters / tokens:.2f} characters a token")
    if unequal or lost:
        raise SystemExit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
