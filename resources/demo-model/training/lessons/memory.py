"""What was said earlier in the chat: names, favourites, corrections, repetition."""

from __future__ import annotations

from random import Random

from . import arithmetic, facts
from .chat import Turn
from .say import say, sentence
from .unknown import made_up

NAMES = """Anna Ben Clara David Ella Finn Gina Hugo Ida Jon Kira Leo Mia Nico Olga Paul Rosa Sam Tina Uwe Vera Will Yara Zoe Alice Bob Carol Dan Emma Frank
Grace Henry Iris Jack Karen Liam Maria Noah Olivia Peter Quinn Rachel Simon Tom Ursula Victor Wendy Xavier Yusuf Zara Ali Amir Chen Diego Elena Fatima
Goran Hana Ivan Jamal Kenji Lena Mohammed Nadia Omar Priya Ravi Sofia Tariq Wei Yuki Max Lisa Julia Felix Martin Sarah Thomas Laura Lukas Marie Anne John
Jane Mike Susan George Robert Linda James Patricia""".split()
CITIES = "Berlin;Paris;London;Madrid;Rome;Vienna;Oslo;Hamburg;Lyon;Boston;Chicago;Toronto;Sydney;Dublin;Zurich;Prague;Lisbon;Naples;Kyoto;Mumbai".split(
    ";"
)
COLOURS = "red;green;blue;yellow;orange;purple;pink;brown;black;white;gray;turquoise;gold".split(";")
FOODS = "pizza;pasta;rice;soup;apples;chocolate;bread;cheese;salad;curry;cake;sushi;beans;pancakes".split(";")
JOBS = (
    "teacher;nurse;programmer;baker;student;farmer;doctor;driver;painter;engineer;cook;gardener;writer;musician".split(
        ";"
    )
)
PETS = "Rex;Luna;Max;Bella;Minka;Felix;Rocky;Daisy;Charlie;Simba;Fluffy;Bruno;Nala;Oskar".split(";")

KINDS = [  # key, values, telling, acknowledging, asking, answering, correcting
    (
        "name",
        NAMES,
        "{My name is <v>|I am <v>|I'm <v>|Call me <v>|Hi, my name is <v>|Hello, I'm <v>|Hi, I am <v>|my name is <v>|You can call me <v>|Hey, I'm <v>|The name is <v>}{.|!|}",
        "Nice to meet you, <v>!",
        "{What is my name|What's my name|Do you remember my name|Who am I|Tell me my name|How am I called|what was my name|Can you say my name|Do you know my name|Remember my name}{?|}",
        "Your name is <v>.",
        "{Sorry, my name is <v>|Actually, my name is <v>|No, my name is <v>|I meant <v>|Correction: my name is <v>|My name is really <v>}{.|!|}",
    ),
    (
        "city",
        CITIES,
        "{I live in <v>|I am from <v>|I'm in <v>|My home is <v>|I come from <v>|My city is <v>}{.|!|}",
        "<v> is noted.",
        "{Where do I live|Which city am I from|Where am I from|In which city do I live|Do you remember where I live|What is my city}{?|}",
        "You told me: <v>.",
        "{Actually, I live in <v>|No, I live in <v>|I have moved to <v>|Sorry, I meant <v>}{.|!|}",
    ),
    (
        "color",
        COLOURS,
        "{My {favorite|favourite} {color|colour} is <v>|I like <v> best|The {color|colour} I like most is <v>}{.|!|}",
        "<V> is a fine color.",
        "{What is my {favorite|favourite} {color|colour}|Which {color|colour} do I like|What {color|colour} do I like best|Do you remember my favorite color}{?|}",
        "Your favorite color is <v>.",
        "{Actually, it is <v>|No, my favorite color is <v>|I changed my mind: <v>}{.|!|}",
    ),
    (
        "food",
        FOODS,
        "{My favorite food is <v>|I love <v>|I like to eat <v>|I eat <v> every day}{.|!|}",
        "<V>, that sounds good.",
        "{What is my favorite food|What do I like to eat|Which food do I like|What food did I mention}{?|}",
        "You like <v>.",
        "{Actually, I prefer <v>|No, it is <v>|I changed my mind, it is <v>}{.|!|}",
    ),
    (
        "age",
        [str(n) for n in range(5, 90)],
        "{I am <v> years old|I'm <v>|My age is <v>|I am <v>}{.|!|}",
        "<v> years, noted.",
        "{How old am I|What is my age|Do you remember my age|How many years old am I}{?|}",
        "You are <v> years old.",
        "{Actually, I am <v>|No, I am <v> years old|Sorry, I am <v>}{.|!|}",
    ),
    (
        "job",
        JOBS,
        "{I am a <v>|I work as a <v>|My job is <v>|I'm a <v>}{.|!|}",
        "Being a <v> is good work.",
        "{What is my job|What do I do|What do I work as|Do you remember my job|What do I do for a living}{?|}",
        "You work as a <v>.",
        "{Actually, I am a <v>|No, I work as a <v>}{.|!|}",
    ),
    (
        "dog",
        PETS,
        "{My dog is called <v>|My dog's name is <v>|I have a dog named <v>|This is my dog <v>}{.|!|}",
        "<v> is a nice name for a dog.",
        "{What is my dog's name|What is my dog called|How is my dog called|What's the name of my dog}{?|}",
        "Your dog is called <v>.",
        "{Actually, the dog is called <v>|No, my dog's name is <v>}{.|!|}",
    ),
    (
        "cat",
        PETS,
        "{My cat is called <v>|My cat's name is <v>|I have a cat named <v>|This is my cat <v>}{.|!|}",
        "<v> is a nice name for a cat.",
        "{What is my cat's name|What is my cat called|How is my cat called|What's the name of my cat}{?|}",
        "Your cat is called <v>.",
        "{Actually, the cat is called <v>|No, my cat's name is <v>}{.|!|}",
    ),
    (
        "number",
        [str(n) for n in range(0, 1000)],
        "{Remember the number <v>|My {lucky |favorite |}number is <v>|The number is <v>|Keep the number <v> in mind|Please remember <v>}{.|!|}",
        "I will remember <v>.",
        "{What was the number|What is my number|Which number did I {say|tell you}|What number should you remember|What's my lucky number|Do you remember the number}{?|}",
        "The number is <v>.",
        "{No, the number is <v>|Sorry, I meant <v>|Actually <v>}{.|!|}",
    ),
    (
        "word",
        "apple river stone window cloud garden lamp paper silver tiger ocean candle rocket pepper violin".split(),
        "{Remember the word <v>|The {secret |code |}word is <v>|The password is <v>|Keep this word: <v>}{.|!|}",
        "I will remember the word <v>.",
        "{What was the word|What is the {secret |code |}word|Which word did I {say|tell you}|What is the password|Tell me the word}{?|}",
        "The word is <v>.",
        "{No, the word is <v>|Sorry, I meant <v>|Actually the word is <v>}{.|!|}",
    ),
]


def _value(r: Random, key: str, values: list[str]) -> str:
    return made_up(r) if key in ("name", "city", "dog", "cat") and r.random() < 0.35 else r.choice(values)


def _fill(text: str, value: str) -> str:
    return text.replace("<v>", value).replace("<V>", sentence(value)).replace("a engineer", "an engineer")


def _told(r: Random, kind: tuple, value: str, correction: bool = False) -> Turn:
    text = _fill(say(r, kind[6] if correction else kind[2]), value)
    answer = f"Thank you, I will remember that: {value}." if correction else _fill(kind[3], value)
    return Turn(
        text,
        answer,
        (
            f"They tell me their {kind[0]}: {value}."
            if kind[0] not in ("number", "word")
            else f"They give me a {kind[0]}: {value}."
        ),
        plain=False,
    )


def _asked(r: Random, kind: tuple, value: str) -> Turn:
    what = f"their {kind[0]}" if kind[0] not in ("number", "word", "dog", "cat") else f"the {kind[0]}"
    return Turn(say(r, kind[4]), _fill(kind[5], value), f"They ask for {what}. They told me: {value}.", value)


def chain(r: Random, split: str = "train") -> list[Turn]:
    """Tells one to three things, talks of something else, perhaps corrects one, then asks."""
    kinds = r.sample(KINDS, r.choice([1, 1, 1, 2, 2, 3]))
    known = {k[0]: _value(r, k[0], k[1]) for k in kinds}
    turns = [_told(r, k, known[k[0]]) for k in kinds]
    distraction = lambda: r.choice([facts.lesson, arithmetic.lesson])(r)
    for _ in range(r.choice([0, 0, 1, 1, 2, 3, 4])):
        turns.append(distraction())
    if r.random() < 0.25:
        # Directly after the first telling, so that "I meant …" has one meaning.
        kind = kinds[-1]
        known[kind[0]] = _value(r, kind[0], kind[1])
        turns.insert(len(kinds), _told(r, kind, known[kind[0]], correction=True))
    asked = kinds[:]
    r.shuffle(asked)
    for kind in asked:
        turns.append(_asked(r, kind, known[kind[0]]))
        if r.random() < 0.2:
            turns.append(distraction())
    return turns


_COPY = [
    "{Repeat|Say|Repeat after me|Please repeat|Write|Echo}: <t>",
    '{Say|Repeat|Write} "<t>"{.|}',
    "Repeat {this|the following}: <t>",
    "Say exactly this: <t>",
]


def letters(r: Random, split: str = "train") -> Turn:
    """Copying, spelling, capital letters, counting letters."""
    word = r.choice(NAMES + CITIES + FOODS + COLOURS + JOBS) if r.random() < 0.6 else made_up(r)
    kind = r.randrange(6)
    if kind <= 1:
        text = " ".join(
            r.choice(NAMES + FOODS + COLOURS + JOBS + CITIES) if r.random() < 0.7 else made_up(r).lower()
            for _ in range(r.randint(1, 6))
        )
        return Turn(say(r, r.choice(_COPY), t=text), text, "They want me to repeat the text.", plain=False)
    if kind == 2:
        question = say(r, "{Spell|Spell the word|How do you spell|Can you spell} <w>{.|?|}", w=word)
        return Turn(question, "-".join(word.upper()), f"I write the letters of {word} one by one.", plain=False)
    if kind == 3:
        question = say(
            r, "{Write <w> in {capital letters|capitals|upper case}|<w> in capital letters|Uppercase <w>}{.|}", w=word
        )
        return Turn(question, word.upper(), "They want capital letters.", plain=False)
    if kind == 4:
        question = say(
            r, "{What is the first letter of <w>|Which letter does <w> {start|begin} with|First letter of <w>}?", w=word
        )
        return Turn(
            question,
            f"{sentence(word)} begins with {word[0].upper()}.",
            f"The first letter of {word} is {word[0].upper()}.",
            word[0].upper(),
            plain=False,
        )
    question = say(
        r,
        "{How many letters does <w> have|How many letters are {there |}in <w>|Count the letters {of|in} <w>}{?|}",
        w=word,
    )
    spelled = ", ".join(f"{c} {i + 1}" for i, c in enumerate(word.lower()))
    return Turn(
        question,
        f"{sentence(word)} has {len(word)} letters.",
        f"I count: {spelled}. That is {len(word)}.",
        str(len(word)),
        plain=False,
    )


def follow_up(r: Random, split: str = "train") -> list[Turn]:
    """A question that makes sense only with the one before it."""
    kind = r.randrange(5)
    if kind == 0:
        first, second = r.sample(facts.tables.COUNTRIES, 2)
        one = Turn(
            say(r, "What is the capital of <x>?", x=first[0]),
            f"The capital of {first[0]} is {first[1]}.",
            f"It is {first[1]}.",
            first[1],
        )
        two = Turn(
            say(r, "{And of <x>?|And <x>?|What about <x>?|and for <x>?|How about <x>?}", x=second[0]),
            f"The capital of {second[0]} is {second[1]}.",
            f"They still ask for capitals. The capital of {second[0].removeprefix('the ')} is {second[1]}.",
            second[1],
        )
        turns = [one, two]
        if r.random() < 0.5:
            turns.append(
                Turn(
                    say(
                        r, "{And in which continent is {that|it}?|Which continent is that {in|on}?|In which continent?}"
                    ),
                    f"{sentence(second[0])} is in {second[2]}.",
                    f"They mean {second[0].removeprefix('the ')}. It is in {second[2]}.",
                    second[2],
                )
            )
        return turns
    if kind in (1, 2):
        one = arithmetic.sums(r, "train", 1, 99)
        total, more = int(one.brief), r.randint(1, 20)
        sign = r.choice(["+", "+", "-", "*"]) if total >= more else "+"
        if sign == "*":
            more = r.choice([2, 2, 3, 10])
        result = {"+": total + more, "-": total - more, "*": total * more}[sign]
        words = {
            "+": "{plus <n>|and <n> more|add <n>|now add <n>|And plus <n>?|+ <n>}",
            "-": "{minus <n>|take away <n>|subtract <n>|now subtract <n>|And minus <n>?|- <n>}",
            "*": "{times <n>|multiply that by <n>|now times <n>|And times <n>?|* <n>}",
        }[sign]
        steps = {"+": arithmetic.add_steps, "-": arithmetic.subtract_steps, "*": arithmetic.multiply_steps}[sign](
            total, more
        )
        shown = f"{total} {'×' if sign == '*' else sign} {more}"
        return [
            one,
            Turn(
                sentence(say(r, words, n=more)),
                f"{shown} = {result}",
                f"The last result was {total}. {steps}",
                str(result),
            ),
        ]
    if kind == 3:
        one = r.choice([facts.lesson, arithmetic.lesson])(r)
        again = Turn(
            say(r, "{Repeat that|Say that again|Again, please|What did you say|Once more, please|Pardon}{?|.|}"),
            one.answer,
            "They want my last answer again.",
        )
        return [one, again]
    one = r.choice([facts.lesson, arithmetic.lesson])(r)
    asked = Turn(
        say(
            r,
            "{What did I ask|What was my question|What did I just {write|say}|Repeat my question|What was my last message}{?|}",
        ),
        f"You wrote: {one.user}",
        "They want their own words back.",
        plain=False,
    )
    one.plain = False
    return [one, asked]
