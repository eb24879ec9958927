"""Twenty conversations of a new user, answered with the shipped sampling settings, to be read in full.

python conversations.py FOLDER > conversations.md
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from evaluate import Scorer

# thinking, system prompt, image of heldout/, questions
TALKS: list[tuple[bool, str, str, list[str]]] = [
    (False, "", "", ["hi", "what can i do here?", "how do I show you a picture?", "ok thanks"]),
    (True, "", "", ["Hello, my name is Walter.", "What is 47 + 38?", "And times 2?", "What is my name?"]),
    (
        False,
        "",
        "",
        [
            "Who are you and who made you?",
            "are you chatgpt",
            "How big are you?",
            "Is any of this sent to the internet?",
        ],
    ),
    (
        True,
        "",
        "",
        [
            "How do I get a better model?",
            "I have a card with 12 GB, which one fits?",
            "What is the recipe Fast?",
            "and what is a drafter?",
        ],
    ),
    (False, "", "images/shape03.png", ["What is this?", "What color is it?", "Is it a star?", "Thanks!"]),
    (
        True,
        "",
        "images/count13.png",
        ["How many shapes do you see?", "Which colors are they?", "What is the capital of Italy?"],
    ),
    (
        False,
        "",
        "",
        ["Write a Python program that prints the Fibonacci numbers.", "now in JavaScript please", "What is recursion?"],
    ),
    (
        True,
        "",
        "",
        ["Explain gravity to a child.", "Why is the sky blue?", "What is a black hole?", "What is a glacier?"],
    ),
    (False, "Answer in German.", "", ["Hello!", "What is the capital of Austria?", "What is 12 + 30?"]),
    (True, "You are a pirate.", "", ["What is the capital of Japan?", "What is 7 times 8?", "bye"]),
    (
        False,
        "",
        "",
        [
            "What's the weather in Paris today?",
            "Who won the football world cup in 1998?",
            "Who was Nelson Mandela?",
            "so what do you know?",
        ],
    ),
    (
        True,
        "",
        "",
        [
            "Make a table of countries and capitals.",
            "List five fruits.",
            "Show me the quadratic formula.",
            "Write a poem about the sea.",
        ],
    ),
    (
        False,
        "",
        "",
        [
            "I live in Hamburg and my dog is called Bello.",
            "What is the opposite of hot?",
            "What is my dog called?",
            "Where do I live?",
        ],
    ),
    (
        True,
        "",
        "",
        [
            "If a train has 24 cars and 9 are taken off, how many are left?",
            "What is 1234 + 999?",
            "what is 17 * 23",
            "Is 91 odd or even?",
        ],
    ),
    (
        False,
        "",
        "",
        [
            "the numbers on the right, what do they tell me?",
            "it is slow on my laptop",
            "can i run it in a terminal",
            "how do i stop an answer",
        ],
    ),
    (
        True,
        "",
        "",
        [
            "What is 2+2? Answer with just the number.",
            "Paris is the capital of which country? Answer with one word.",
            "How do you say thank you in French?",
            "spell the word pebble",
        ],
    ),
    (
        False,
        "Be brief.",
        "",
        [
            "How many days are in a leap year?",
            "Which planet is the largest?",
            "Who wrote Hamlet?",
            "What comes after Tuesday?",
        ],
    ),
    (
        True,
        "",
        "images/shape10.png",
        ["Describe the picture", "where is it in the picture?", "How do I attach another image?"],
    ),
    (False, "", "", ["Bonjour", "hola", "asdfgh", "Tell me a joke", "I love you"]),
    (
        True,
        "",
        "",
        [
            "turn off thinking",
            "What does the context gauge mean?",
            "translate this page into Japanese",
            "Can you write my homework about Roman history?",
            "ok bye",
        ],
    ),
]


def main(folder: Path) -> None:
    torch.manual_seed(3)
    scorer = Scorer(folder)
    messages = [[{"role": "system", "content": system}] if system else [] for _, system, _, _ in TALKS]
    lines: list[list[str]] = [
        [
            f"## {i + 1}. thinking {'on' if t[0] else 'off'}{', system prompt: ' + t[1] if t[1] else ''}{', image ' + t[2] if t[2] else ''}",
            "",
        ]
        for i, t in enumerate(TALKS)
    ]
    for turn in range(max(len(t[3]) for t in TALKS)):
        going = [i for i, t in enumerate(TALKS) if turn < len(t[3])]
        for i in going:
            text = TALKS[i][3][turn]
            first_image = TALKS[i][2] and turn == 0
            messages[i].append(
                {
                    "role": "user",
                    "content": [{"type": "image"}, {"type": "text", "text": text}] if first_image else text,
                }
            )
        items = [
            {"messages": messages[i], "thinking": TALKS[i][0]} | ({"image": TALKS[i][2]} if TALKS[i][2] else {})
            for i in going
        ]
        for i, (thought, answer) in zip(going, scorer.answers(items, do_sample=True)):
            messages[i].append({"role": "assistant", "content": answer})
            lines[i] += (
                [f"**User:** {TALKS[i][3][turn]}", ""] + ([f"*({thought})*", ""] if thought else []) + [answer, ""]
            )
    print("\n".join(line for talk in lines for line in talk))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
