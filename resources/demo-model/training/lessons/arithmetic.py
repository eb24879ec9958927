"""Sums, differences, products, quotients and comparisons, with the steps in the thought."""

from __future__ import annotations

from random import Random

from .chat import Turn
from .say import held_out_pair, phrasing, say

_WORDS = {
    "+": ["{plus|+}", "and"],
    "-": ["{minus|-}", "take away"],
    "*": ["{times|x|*|multiplied by|×}", "times"],
    "/": ["{divided by|/|:|÷}", "over"],
}

_ASK = [
    "{What is|What's|what is} <e>?",
    "<e>",
    "<e> = ?",
    "<e>=",
    "{Calculate|Compute|Work out|Solve} <e>.",
    "How much is <e>?",
    "{How much|What} does <e> {make|give}?",
    "{Tell me|Give me} <e>.",
    "{Can|Could} you {calculate|compute|solve} <e>?",
    "{What do you get|What comes out|What is the result} {if you calculate|for|of} <e>?",
    "<e>?",
    "I need <e>.",
    "{Do the math|Math question|A sum for you}: <e>",
    "{Do you know|Tell me} {what <e> is|how much <e> is}?",
    "{Please add|Work out} <e> {for me|please}.",
    "{Evaluate|Find} <e>.",
    "What is the {value|answer} of <e>?",
    "Help me with <e>.",
    "{Result of|Answer to} <e>?",
    "How much would <e> be?",
]

_ASK_SUM = _ASK[:-2] + [
    "{What is the sum of|Add|Add up|Find the sum of|Sum up|Total of|The sum of} <a> and <b>{.|?|}",
    "{If I|When I|Suppose I|If we|If you} {add|sum|put together|take together} <a> and <b>, {what do I get|what is the result|what comes out|how much is it|what is the total}?",
    "{If I|When I|Suppose I|I} add <a> to <b>{, what is it|. What is the result|, what is the total|. What comes out|, how much}?",
    "<a> and <b> {together|in all|added up|summed up}{?| is?| make?}",
    "{Please |}add <a> to <b>{.|, please|}",
    "Add {the numbers|these two numbers|together}: <a> {and|,} <b>",
    "{What|How much} {do|does} <a> and <b> {make|give|add up to|come to}{ together|}?",
    "I have <a>, {plus|then I get|and then} <b> {more|on top}. How much {is it|do I have}?",
    "Increase <a> by <b>.",
    "<a> {increased by|more than|added to} <b> {is|equals|gives}?",
    # Held out:
    "{Result of|Answer to} <e>?",
    "How much would <e> be?",
    "Sum of <a> and <b>?",
    "If I add <a> and <b>, how much {is that|do I get}?",
]


def _expression(r: Random, a: int, b: int, sign: str) -> str:
    if r.random() < 0.6:
        shown = {"*": r.choice(["*", "x", "×"]), "/": r.choice(["/", ":", "÷"])}.get(sign, sign)
        gap = r.choice(["", " "])
        return f"{a}{gap}{shown}{gap}{b}"
    return f"{a} {say(r, _WORDS[sign][0])} {b}"


def _shown(a: int, b: int, sign: str) -> str:
    return f"{a} {sign if sign not in '*/' else {'*': '×', '/': '÷'}[sign]} {b}"


def add_steps(a: int, b: int) -> str:
    """Column addition, said aloud."""
    if a < 10 and b < 10:
        return f"{a} + {b} = {a + b}."
    names = ["Ones", "Tens", "Hundreds", "Thousands", "Ten thousands"]
    lines, carry, x, y, place = [], 0, a, b, 0
    while x or y:
        p, q = x % 10, y % 10
        total = p + q + carry
        shown = f"{p} + {q}" + (f" + {carry}" if carry else "")
        more = total >= 10
        lines.append(f"{names[place]}: {shown} = {total}" + (f", write {total % 10}, carry 1." if more else "."))
        carry, x, y, place = int(more), x // 10, y // 10, place + 1
    if carry:
        lines.append("The carry 1 goes in front.")
    return " ".join(lines) + f" So {a} + {b} = {a + b}."


def subtract_steps(a: int, b: int) -> str:
    if a < b:
        return f"{b} is larger than {a}, so the result is negative. {subtract_steps(b, a)} So {a} - {b} = {a - b}."
    if a < 20:
        return f"{a} - {b} = {a - b}."
    tens, ones = b // 10 * 10, b % 10
    if not tens or not ones:
        return f"{a} - {b} = {a - b}."
    return f"{a} - {tens} = {a - tens}. {a - tens} - {ones} = {a - b}. So {a} - {b} = {a - b}."


def multiply_steps(a: int, b: int) -> str:
    if a <= 12 and b <= 12:
        return f"{a} × {b} = {a * b}."
    if b > a:
        a, b = b, a
    tens, ones = a // 10 * 10, a % 10
    if b <= 12:
        if not ones:
            return f"{a // 10} × {b} = {a // 10 * b}, so {a} × {b} = {a * b}."
        return f"{tens} × {b} = {tens * b}. {ones} × {b} = {ones * b}. {tens * b} + {ones * b} = {a * b}."
    high, low = b // 10 * 10, b % 10
    if not low:
        return f"{a} × {high // 10} = {a * high // 10}, so {a} × {b} = {a * b}."
    return f"{a} × {high} = {a * high}. {a} × {low} = {a * low}. {a * high} + {a * low} = {a * b}."


def _turn(r: Random, question: str, shown: str, result: str, steps: str) -> Turn:
    answer = r.choice(
        [f"{shown} = {result}", f"{shown} = {result}", f"{shown} is {result}.", f"The answer is {result}."]
    )
    return Turn(question, answer, steps, brief=result)


def sums(r: Random, split: str = "train", low: int = 10, high: int = 99) -> Turn:
    """Two-digit sums: the ones that are scored."""
    while True:
        a, b = r.randint(low, high), r.randint(low, high)
        if held_out_pair(a, b) == (split == "heldout"):
            break
    question = say(r, phrasing(r, _ASK_SUM, split), e=_expression(r, a, b, "+"), a=a, b=b)
    return _turn(r, question, f"{a} + {b}", str(a + b), add_steps(a, b))


def any_sum(r: Random, split: str = "train") -> Turn:
    roll = r.random()
    if roll < 0.45:
        return sums(r, split)
    if roll < 0.65:
        return sums(r, "train", 0, 12)
    if roll < 0.8:
        return sums(r, "train", 0, 99)
    if roll < 0.95:
        return sums(r, "train", 0, 999)
    a, b, c = (r.randint(1, 50) for _ in range(3))
    shown = f"{a} + {b} + {c}"
    steps = f"{a} + {b} = {a + b}. {a + b} + {c} = {a + b + c}."
    return _turn(r, say(r, r.choice(_ASK), e=shown), shown, str(a + b + c), steps)


def other_operation(r: Random, split: str = "train") -> Turn:
    sign = r.choice("--***/")
    if sign == "-":
        a, b = (r.randint(0, 20), r.randint(0, 20)) if r.random() < 0.3 else (r.randint(0, 100), r.randint(0, 100))
        if a < b and r.random() < 0.7:
            a, b = b, a
        result, steps = a - b, subtract_steps(a, b)
    elif sign == "*":
        a, b = r.randint(0, 12), r.randint(0, 12)
        if r.random() < 0.25:
            a, b = r.choice(
                [
                    (r.randint(11, 99), r.randint(2, 9)),
                    (r.randint(2, 9), r.randint(11, 99)),
                    (r.randint(1, 99), 10),
                    (r.randint(1, 99), 100),
                ]
            )
        result, steps = a * b, multiply_steps(a, b)
    else:
        b, result = r.randint(1, 12), r.randint(1, 12)
        a = b * result
        steps = f"{b} × {result} = {a}, so {a} ÷ {b} = {result}."
    question = say(r, r.choice(_ASK), e=_expression(r, a, b, sign))
    return _turn(r, question, _shown(a, b, sign), str(result), steps)


_STORIES = [
    ("<n> has <a> <t> and {gets|buys|finds} <b> more. How many <t> does <n> have{ now|}?", 1),
    (
        "There are <a> <t> {on the table|in the box} and <b> {in the bag|on the shelf}. How many <t> are there {in all|in total}?",
        1,
    ),
    ("<n> has <a> <t> and {gives away|loses|eats} <b>. How many are left?", -1),
    ("I had <a> <t>, then I {sold|gave away} <b>. How many {do I have left|are left}?", -1),
    ("<n> picks <a> <t> and <m> picks <b> <t>. How many do they have together?", 1),
]
_THINGS = [
    "apples",
    "books",
    "coins",
    "pens",
    "cookies",
    "stamps",
    "marbles",
    "shells",
    "cards",
    "eggs",
    "balls",
    "flowers",
]
_PEOPLE = ["Anna", "Ben", "Clara", "David", "Ella", "Finn", "Gina", "Hugo", "Ida", "Jon", "Kira", "Leo", "Mia", "Nico"]


def story(r: Random, split: str = "train") -> Turn:
    pattern, sign = r.choice(_STORIES)
    a, b = r.randint(2, 40), r.randint(1, 30)
    if sign < 0 and a < b:
        a, b = b + 1, a
    n, m = r.sample(_PEOPLE, 2)
    thing = r.choice(_THINGS)
    result = a + sign * b
    word = "add" if sign > 0 else "subtract"
    steps = f"I {word}. {add_steps(a, b) if sign > 0 else subtract_steps(a, b)}"
    answer = f"{a} {'+' if sign > 0 else '-'} {b} = {result}, so the answer is {result} {thing}."
    return Turn(say(r, pattern, n=n, m=m, t=thing, a=a, b=b), answer, steps, brief=str(result))


def compare(r: Random, split: str = "train") -> Turn:
    a, b = r.sample(range(0, 200), 2) if r.random() < 0.7 else r.sample(range(0, 2000), 2)
    large = r.random() < 0.6
    result = max(a, b) if large else min(a, b)
    word = say(r, "{larger|bigger|greater|higher}") if large else say(r, "{smaller|lower|less}")
    question = say(r, "{Which {number |}is <w>|What is <w>|Which one is <w>}{,|:} <a> or <b>?", w=word, a=a, b=b)
    other = min(a, b) if large else max(a, b)
    return Turn(
        question, f"{result} is {word} than {other}.", f"I compare {a} and {b}. {result} is {word}.", brief=str(result)
    )


def even_odd(r: Random, split: str = "train") -> Turn:
    n = r.randint(0, 300)
    kind = "even" if n % 2 == 0 else "odd"
    question = say(
        r, "{Is <n> {even or odd|odd or even}?|Is the number <n> {even or odd|odd or even}?|<n>: even or odd?}", n=n
    )
    return Turn(question, f"{n} is {kind}.", f"{n} ends in {n % 10}, so it is {kind}.", brief=kind)


def count_up(r: Random, split: str = "train") -> Turn:
    a = r.randint(0, 30) if r.random() < 0.5 else 1
    b = a + r.randint(3, 14)
    down = r.random() < 0.25
    numbers = list(range(a, b + 1))
    if down:
        numbers.reverse()
    question = say(r, "{Count|Please count|Can you count} from <a> to <b>{.|?|}", a=numbers[0], b=numbers[-1])
    listing = ", ".join(map(str, numbers))
    return Turn(
        question, listing, f"I count {'down' if down else 'up'} from {numbers[0]} to {numbers[-1]}.", plain=True
    )


def lesson(r: Random, split: str = "train") -> Turn:
    kind = r.choices([any_sum, other_operation, story, compare, even_odd, count_up], [46, 30, 8, 6, 4, 6])[0]
    return kind(r, split)
