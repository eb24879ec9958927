"""Lists, tables and formulas."""

from __future__ import annotations

from random import Random

from . import tables
from .chat import Turn
from .say import phrasing, say, sentence

GROUPS = {
    "fruits": "apple;banana;cherry;orange;pear;plum;grape;lemon;peach;strawberry",
    "vegetables": "carrot;potato;onion;tomato;cabbage;spinach;pea;leek",
    "animals": "dog;cat;horse;lion;elephant;fox;rabbit;whale;bear;mouse",
    "colors": "red;green;blue;yellow;orange;purple;pink;brown;black;white",
    "birds": "sparrow;eagle;owl;robin;swan;raven;penguin;parrot",
    "trees": "oak;birch;pine;maple;willow;beech;ash",
    "flowers": "rose;tulip;daisy;lily;violet;sunflower",
    "planets": ";".join(tables.PLANETS),
    "months": ";".join(tables.MONTHS),
    "days of the week": ";".join(tables.DAYS),
    "seasons": ";".join(tables.SEASONS),
    "countries": "France;Japan;Brazil;Egypt;Canada;India;Norway;Kenya;Chile;Poland",
    "cities": "Paris;Tokyo;Cairo;London;Rome;Oslo;Lima;Berlin;Madrid",
    "programming languages": "Python;C++;JavaScript;Rust;Java;Go;C",
    "musical instruments": "piano;violin;guitar;flute;drum;trumpet;cello",
    "sports": "football;tennis;swimming;running;basketball;chess;rowing",
    "shapes": "circle;square;triangle;star;heart;hexagon;diamond",
    "metals": "iron;gold;silver;copper;tin;lead;zinc",
    "drinks": "water;tea;coffee;milk;juice;lemonade",
    "insects": "ant;bee;beetle;butterfly;fly;wasp",
    "kitchen tools": "knife;spoon;fork;pan;pot;bowl;whisk",
    "clothes": "shirt;coat;hat;sock;shoe;scarf;glove",
    "body parts": "head;arm;hand;leg;foot;ear;nose;eye",
    "Gemma 4 models": "E2B;E4B;12B;26B-A4B;31B",
    "fish": "salmon;trout;cod;tuna;herring;carp",
    "rooms": "kitchen;bedroom;bathroom;cellar;attic;living room",
    "reasons to drink water": "it keeps you awake;it carries nutrients;it cools the body;it helps the joints",
    "gems": "ruby;emerald;sapphire;diamond;opal;topaz",
}
STEPS = {
    "tea": "Boil fresh water.;Put tea leaves into a pot.;Pour the water over them.;Wait three to five minutes.;Take the leaves out and serve.",
    "a sandwich": "Take two slices of bread.;Spread butter on one of them.;Add cheese and tomato.;Put the other slice on top.;Cut it in half.",
    "pancakes": "Mix flour, milk and eggs.;Add a pinch of salt.;Heat a little butter in a pan.;Pour in some batter.;Turn it when the top is dry.",
    "a boiled egg": "Bring water to the boil.;Lower the egg into it.;Wait six to eight minutes.;Cool it in cold water.;Peel it.",
    "coffee": "Boil water.;Put ground coffee into a filter.;Pour the water over it slowly.;Wait until it has run through.;Serve it hot.",
    "a paper boat": "Fold a sheet in half.;Fold the upper corners to the middle.;Fold the lower edges up.;Open the hat and flatten it.;Pull the tips apart.",
}
LISTS = {
    "shopping list": "bread;milk;eggs;apples;cheese;tea;rice",
    "to-do list": "answer letters;water the plants;buy bread;call a friend;clean the desk",
    "packing list": "passport;toothbrush;socks;charger;book;rain jacket",
    "list of ideas for a rainy day": "read a book;bake bread;play chess;write a letter;tidy a drawer",
    "list of good habits": "sleep enough;walk every day;drink water;read a little;be kind",
}
FORMULAS = [
    line.split("=>")
    for line in r"""the quadratic formula=>x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}=>It solves $ax^2 + bx + c = 0$.
the Pythagorean theorem=>a^2 + b^2 = c^2=>Here $c$ is the longest side of a right triangle.
the area of a circle=>A = \pi r^2=>Here $r$ is the radius.
the circumference of a circle=>C = 2 \pi r=>Here $r$ is the radius.
the area of a triangle=>A = \frac{1}{2} b h=>Here $b$ is the base and $h$ the height.
the volume of a sphere=>V = \frac{4}{3} \pi r^3=>Here $r$ is the radius.
the area of a rectangle=>A = a \cdot b=>Here $a$ and $b$ are the sides.
Euler's identity=>e^{i\pi} + 1 = 0=>It joins five important numbers.
Einstein's famous formula=>E = mc^2=>Energy is mass times the speed of light squared.
Newton's second law=>F = m \cdot a=>Force is mass times acceleration.
the mean of n numbers=>\bar{x} = \frac{1}{n} \sum_{i=1}^{n} x_i=>Add them all and divide by how many there are.
the sum of the first n numbers=>\sum_{i=1}^{n} i = \frac{n(n+1)}{2}=>For $n = 4$ it gives 10.
the derivative of x squared=>\frac{d}{dx} x^2 = 2x=>The exponent comes down and is lowered by one.
the integral of x=>\int x \, dx = \frac{x^2}{2} + C=>$C$ is any constant.
the binomial formula=>(a + b)^2 = a^2 + 2ab + b^2=>Multiply it out to see why.
Ohm's law=>U = R \cdot I=>Voltage is resistance times current.
the law of gravity=>F = G \frac{m_1 m_2}{r^2}=>Twice the distance gives a quarter of the force.
the softmax function=>p_i = \frac{e^{z_i}}{\sum_j e^{z_j}}=>It turns scores into probabilities.
the formula for speed=>v = \frac{s}{t}=>Speed is distance divided by time.
a 2 by 2 matrix=>\begin{pmatrix} a & b \\ c & d \end{pmatrix}=>Its determinant is $ad - bc$.
the geometric series=>\sum_{k=0}^{\infty} q^k = \frac{1}{1 - q}=>It holds for $|q| < 1$.
the logarithm of a product=>\log(ab) = \log a + \log b=>Products become sums.""".split("\n")
]

DEMO = r"""Here is a little of everything.

## A list

1. Write a question
2. Turn thinking on or off
3. Watch the gauges

## A table

| Number | Square |
| ---: | ---: |
| 2 | 4 |
| 3 | 9 |
| 4 | 16 |

## Code

```python
for n in range(2, 5):
    print(n, n * n)
```

## A formula

$$a^2 + b^2 = c^2$$

**Bold**, *italic* and `code` work too."""


def a_list(r: Random, split: str) -> Turn:
    name = r.choice(list(GROUPS))
    items = GROUPS[name].split(";")
    n = r.randint(2, min(7, len(items)))
    numbered = r.random() < 0.4
    start = (
        0 if name in ("planets", "months", "days of the week", "seasons", "Gemma 4 models") else r.randrange(len(items))
    )
    chosen = [items[(start + i) % len(items)] for i in range(n)]
    count = tables.NUMBER_WORDS[n] if r.random() < 0.6 else str(n)
    question = say(
        r,
        phrasing(
            r,
            [
                "{List|Name|Give me|Write|Tell me|Show me} <n> <k>.",
                "{Make|Write|Give me} a {numbered |}list of <n> <k>.",
                "<n> <k>{, please|}.",
                "{Can|Could} you {list|name} <n> <k>?",
                "What are <n> <k>?",
                "I need <n> <k>.",
                "Please list <n> <k>.",
                "Do you know <n> <k>?",
            ],
            split,
        ),
        n=count,
        k=name,
    )
    if "numbered" in question:
        numbered = True
    body = "\n".join(f"{i + 1}. {sentence(x)}" if numbered else f"- {sentence(x)}" for i, x in enumerate(chosen))
    return Turn(
        sentence(question),
        f"Here are {tables.NUMBER_WORDS[n]} {name}:\n\n{body}",
        f"They want {n} {name}. I write a list with {n} items.",
    )


def steps(r: Random, split: str) -> Turn:
    name = r.choice(list(STEPS))
    question = say(
        r,
        phrasing(
            r,
            [
                "How do I make <x>?",
                "{Recipe|Steps|Instructions} for <x>{?|.|}",
                "Tell me how to make <x>.",
                "How is <x> made, step by step?",
                "{Give|Show} me the steps to make <x>.",
                "Write instructions for <x>.",
                "Explain step by step how to make <x>.",
            ],
            split,
        ),
        x=name,
    )
    body = "\n".join(f"{i + 1}. {s}" for i, s in enumerate(STEPS[name].split(";")))
    return Turn(question, f"To make {name}:\n\n{body}", f"They want the steps for {name}. I number them.")


def plain_list(r: Random, split: str) -> Turn:
    name = r.choice(list(LISTS))
    items = LISTS[name].split(";")
    chosen = r.sample(items, r.randint(3, len(items)))
    task = name == "to-do list" or r.random() < 0.15
    question = say(r, "{Write|Make|Give me|Create} {me |}a <x>.", x=name).replace("Give me me", "Give me")
    body = "\n".join(("- [ ] " if task else "- ") + sentence(x) for x in chosen)
    return Turn(question, f"## {sentence(name)}\n\n{body}", f"They want a {name}. I write a heading and a list.")


def a_table(r: Random, split: str) -> Turn:
    kind = r.randrange(5)
    if kind == 0:
        rows = r.sample(tables.COUNTRIES, r.randint(3, 5))
        head, what, cells = (
            ["Country", "Capital"],
            "{countries and {their |}capitals|capitals|capital cities}",
            [[sentence(c[0].removeprefix("the ")), c[1]] for c in rows],
        )
    elif kind == 1:
        n = r.randint(3, 8)
        start = r.randint(1, 9)
        head, what, cells = (
            ["Number", "Square"],
            "{square numbers|squares|numbers and {their |}squares}",
            [[str(i), str(i * i)] for i in range(start, start + n)],
        )
    elif kind == 2:
        n = r.randint(2, 12)
        head, what, cells = (
            ["Product", "Result"],
            f"the {n} times table",
            [[f"{i} × {n}", str(i * n)] for i in range(1, 11)],
        )
    elif kind == 3:
        rows = r.sample(tables.pairs(tables.WORDS), r.randint(3, 5))
        head, what, cells = (
            ["English", "German", "French"],
            "{words in German and French|German and French words}",
            [w[:3] for w in rows],
        )
    else:
        rows = r.sample(tables.pairs(tables.YOUNG), r.randint(3, 5))
        head, what, cells = (
            ["Animal", "Young"],
            "{animals and {their |}young|baby animals}",
            [[sentence(a), b] for a, b in rows],
        )
    what = say(r, what)
    question = say(
        r,
        phrasing(
            r,
            [
                "{Make|Write|Give me|Show me|Create} a table of <x>.",
                "{Can|Could} you {make|write} a table of <x>?",
                "A table of <x>{, please|}.",
                "Table of <x>?",
                "I need a table of <x>.",
                "Put <x> in a table.",
                "Show <x> as a table.",
                "List <x> in a table.",
            ],
            split,
        ),
        x=what,
    )
    if kind == 2 and r.random() < 0.4:
        question = say(r, "{Show me|Write|What is|Give me} {the|<x>} times table{.|?|}", x="the").replace(
            "the times", what.removesuffix(" times table") + " times"
        )
    numeric = kind in (1, 2)
    rule = "| ---: | ---: |" if numeric else "| " + " | ".join(["---"] * len(head)) + " |"
    lines = ["| " + " | ".join(head) + " |", rule] + ["| " + " | ".join(c) + " |" for c in cells]
    return Turn(sentence(question), "\n".join(lines), f"They want a table: {what}. I write {len(cells)} rows.")


def formula(r: Random, split: str) -> Turn:
    name, tex, note = r.choice(FORMULAS)
    question = say(
        r,
        phrasing(
            r,
            [
                "{What is|What's|Show me|Write|Give me|Tell me} <x>{ in LaTeX| as a formula|}.",
                "<x>?",
                "{Formula|LaTeX} for <x>?",
                "Write <x> in LaTeX.",
                "How do I calculate <x>?",
                "Which formula gives <x>?",
                "Please show <x>.",
                "I need <x>.",
            ],
            split,
        ),
        x=name,
    )
    if question.startswith("What"):
        question = question.rstrip(".") + "?"
    return Turn(
        sentence(question), f"{sentence(name)}:\n\n$${tex}$$\n\n{note}", f"They want {name}. I write it as a formula."
    )


def demo(r: Random, split: str) -> Turn:
    question = say(
        r,
        "{Show me|Write|Give me} {everything you can do|some Markdown|a Markdown example|a demo|a formatted text|what you can format|all formats|formatting|a test text|a sample answer}.",
    )
    return Turn(question, DEMO, "They want to see formatting. I show a list, a table, code and a formula.")


def lesson(r: Random, split: str = "train") -> Turn:
    return r.choices([a_list, steps, plain_list, a_table, formula, demo], [34, 9, 9, 22, 20, 6])[0](r, split)
