"""Small facts: capitals, colours, days, units, words. Every fact has many phrasings; some are held out."""

from __future__ import annotations

from random import Random

from . import tables
from .chat import Turn
from .say import phrasing, say, sentence


def _bare(country: str) -> str:
    return country.removeprefix("the ")


_CAPITAL = [
    "What is the capital of <x>?",
    "What's the capital of <x>?",
    "{Which city|What city} is the capital of <x>?",
    "Capital of <x>?",
    "Tell me the capital of <x>.",
    "<x> capital?",
    "{Name|Give me} the capital of <x>.",
    "What is <x>'s capital{ city|}?",
    "Do you know the capital of <x>?",
    "The capital of <x> is?",
    "<x> has which capital?",
    "What is the name of the capital of <x>?",
    "I forgot the capital of <x>. {What is it?|Which is it?}",
    "{Can|Could} you {name|tell me} the capital of <x>?",
    "{Which|What} capital {city |}does <x> have?",
    "Which city is <x>'s capital?",
]
_CAPITAL_OF = [
    "<c> is the capital of which country?",
    "Which country has <c> as its capital?",
    "<c> is the capital of what country?",
    "{Which country's|What country's} capital is <c>?",
    "Of which country is <c> the capital?",
    "<c> is the capital of?",
    "<c> is the capital of what?",
    "What country is <c> the capital of?",
    "Which country is <c> the capital of?",
    "{In which country is|What country is} <c>{ in|}?",
    "<c> is the capital city of which country?",
    "Where is <c>?",
    "<c> is in which country?",
    "The country whose capital is <c> is?",
    "Name the country whose capital is <c>.",
    "<c>: capital of which country?",
    "To which country does the capital <c> belong?",
]
_CONTINENT = [
    "{On|In} which continent is <x>?",
    "Which continent is <x> {in|on}?",
    "What continent is <x> {in|on|part of}?",
    "<x> is {on|in} which continent?",
    "Is <x> in Europe, Asia or somewhere else?",
    "<x> belongs to which continent?",
    "Where in the world is <x>, which continent?",
    "Name the continent of <x>.",
]
_LANGUAGE = [
    "{What|Which} language {is spoken|do people speak|do they speak} in <x>?",
    "What do people speak in <x>?",
    "Language of <x>?",
    "Which {language is|languages are} {official|common} in <x>?",
    "{Tell me|Name} the language of <x>.",
    "In <x>, which language do people use?",
]


def capital(r: Random, split: str) -> Turn:
    country, city, *_ = r.choice(tables.COUNTRIES)
    if r.random() < 0.6:
        asked = country if r.random() < 0.8 else _bare(country)
        return Turn(
            sentence(say(r, phrasing(r, _CAPITAL, split), x=asked)),
            f"The capital of {country} is {city}.",
            f"They ask for the capital of {_bare(country)}. It is {city}.",
            city,
        )
    return Turn(
        say(r, phrasing(r, _CAPITAL_OF, split), c=city),
        f"{city} is the capital of {country}.",
        f"They ask for the country of {city}. It is {_bare(country)}.",
        sentence(_bare(country)),
    )


def continent_language(r: Random, split: str) -> Turn:
    country, _, continent, language = r.choice(tables.COUNTRIES)
    if r.random() < 0.5:
        return Turn(
            sentence(say(r, phrasing(r, _CONTINENT, split), x=country)),
            f"{sentence(country)} is in {continent}.",
            f"{sentence(_bare(country))} lies in {continent}.",
            continent,
        )
    return Turn(
        sentence(say(r, phrasing(r, _LANGUAGE, split), x=country)),
        f"People in {country} speak {language}.",
        f"The language of {_bare(country)} is {language}.",
        language,
    )


def capital_check(r: Random, split: str) -> Turn:
    country, city, *_ = r.choice(tables.COUNTRIES)
    other, wrong, *_ = r.choice(tables.COUNTRIES)
    right = r.random() < 0.5 or other == country
    asked = city if right else wrong
    question = say(
        r,
        "{Is <c> the capital of <x>?|True or false: <c> is the capital of <x>.|<c> is the capital of <x>, right?}",
        c=asked,
        x=country,
    )
    if right:
        return Turn(
            question,
            f"Yes, {city} is the capital of {country}.",
            f"The capital of {_bare(country)} is {city}. Yes.",
            "Yes",
        )
    return Turn(
        question,
        f"No, the capital of {country} is {city}. {wrong} is the capital of {other}.",
        f"The capital of {_bare(country)} is {city}, not {wrong}. No.",
        "No",
    )


_COLOUR = [
    "What {color|colour} is <x>?",
    "What is the {color|colour} of <x>?",
    "{Color|Colour} of <x>?",
    "Which {color|colour} does <x> have?",
    "<x> is what {color|colour}?",
    "Tell me the {color|colour} of <x>.",
    "{What|Which} {color|colour} has <x>?",
    "Do you know {what|which} {color|colour} <x> is?",
]


def colour(r: Random, split: str) -> Turn:
    thing, shade = r.choice(tables.pairs(tables.COLOURS_OF))
    return Turn(
        sentence(say(r, phrasing(r, _COLOUR, split), x=thing)),
        f"{sentence(thing)} is {shade}.",
        f"They ask about a color. {sentence(thing)} is {shade}.",
        shade,
    )


_TABLES = [  # table, phrasings, answer, thought; <x> is the key and <y> the value
    (
        tables.OPPOSITES,
        [
            "What is the opposite of <x>?",
            "What's the opposite of <x>?",
            "Opposite of <x>?",
            "The opposite of <x> is?",
            "Tell me the opposite of {the word |}<x>.",
            "Which word is the opposite of <x>?",
            "Antonym of <x>?",
            "Give me the opposite of <x>.",
        ],
        "The opposite of <x> is <y>.",
        "The opposite of <x> is <y>.",
    ),
    (
        tables.YOUNG,
        [
            "What is a {baby|young} <x> called?",
            "What do you call a {baby|young} <x>?",
            "A {baby|young} <x> is called?",
            "{Name|Word} for a {baby|young} <x>?",
            "How is a {baby|young} <x> called?",
        ],
        "A young <x> is called a <y>.",
        "A young <x> is a <y>.",
    ),
    (
        tables.SOUNDS,
        [
            "What sound does a <x> make?",
            "What does a <x> say?",
            "Sound of a <x>?",
            "Which noise does a <x> make?",
            "How does a <x> sound?",
        ],
        "A <x> says <y>.",
        "The sound of a <x> is <y>.",
    ),
    (
        tables.LEGS,
        [
            "How many legs does a <x> have?",
            "How many legs has a <x>?",
            "Number of legs of a <x>?",
            "A <x> has how many legs?",
            "Tell me how many legs a <x> has.",
        ],
        "A <x> has <y> legs.",
        "A <x> has <y> legs.",
    ),
    (
        tables.SIDES,
        [
            "How many sides does a <x> have?",
            "How many sides has a <x>?",
            "A <x> has how many sides?",
            "How many {corners|vertices} does a <x> have?",
            "Number of sides of a <x>?",
        ],
        "A <x> has <y> sides and <y> corners.",
        "A <x> has <y> sides.",
    ),
    (
        tables.PLURALS,
        [
            "What is the plural of <x>?",
            "Plural of <x>?",
            "What's the plural of {the word |}<x>?",
            "One <x>, two?",
            "Tell me the plural of <x>.",
        ],
        "The plural of <x> is <y>.",
        "One <x>, two <y>.",
    ),
    (
        tables.PAST,
        [
            "What is the past tense of <x>?",
            "Past tense of <x>?",
            "What's the past tense of {the verb |}<x>?",
            "Today I <x>, yesterday I?",
            "Give me the past tense of <x>.",
        ],
        "The past tense of <x> is <y>.",
        "The past of <x> is <y>.",
    ),
    (
        tables.ELEMENTS,
        [
            "What is the {chemical |}symbol {for|of} <x>?",
            "{Chemical symbol|Symbol} {for|of} <x>?",
            "Which symbol does <x> have?",
            "What's the symbol of the element <x>?",
            "The symbol of <x> is?",
        ],
        "The chemical symbol of <x> is <y>.",
        "The symbol of <x> is <y>.",
    ),
]


def table_fact(r: Random, split: str) -> Turn:
    table, patterns, answer, thought = r.choice(_TABLES)
    x, y = r.choice(tables.pairs(table))
    if table is tables.OPPOSITES and r.random() < 0.5 and x not in ("light", "heavy"):
        x, y = y, x
    fill = (
        lambda text: sentence(text.replace("<x>", x).replace("<y>", y))
        .replace("a octopus", "an octopus")
        .replace("a ant", "an ant")
        .replace("a elephant", "an elephant")
        .replace("a octagon", "an octagon")
        .replace("a owl", "an owl")
    )
    return Turn(fill(say(r, phrasing(r, patterns, split))), fill(answer), fill(thought), y)


def unit(r: Random, split: str) -> Turn:
    many, one, count = r.choice(tables.pairs(tables.UNITS))
    article = "an" if one[0] in "aeiouE" or one == "hour" else "a"
    if one == "English alphabet":
        article = "the"
    question = say(
        r,
        phrasing(
            r,
            [
                "How many <m> are {there |}in <one>?",
                "How many <m> does <one> have?",
                "<one>: how many <m>?",
                "How many <m> make <one>?",
                "Number of <m> in <one>?",
                "How many <m> has <one>?",
            ],
            split,
        ),
        m=many,
        one=f"{article} {one}",
    )
    return Turn(
        sentence(question), f"There are {count} {many} in {article} {one}.", f"One {one} has {count} {many}.", count
    )


def cycle(r: Random, split: str) -> Turn:
    """What comes next or before: days, months, letters, numbers, planets."""
    letters = [chr(65 + i) for i in range(26)]
    members, what, closed = r.choice(
        [
            (tables.DAYS, "day", True),
            (tables.MONTHS, "month", True),
            (letters, "letter", False),
            (tables.SEASONS, "season", True),
            (tables.PLANETS, "planet", False),
        ]
    )
    at = r.randrange(len(members))
    step = r.choice([1, -1])
    if not closed and not 0 <= at + step < len(members):
        step = -step
    here, there = members[at], members[(at + step) % len(members)]
    word = "after" if step > 0 else "before"
    question = say(
        r,
        phrasing(
            r,
            [
                "{What|Which} <k> {comes|is} <w> <h>?",
                "What comes <w> <h>?",
                "The <k> <w> <h>?",
                "<w> <h> comes?",
                "Which <k> {follows|is right} <w> <h>?",
                "Tell me the <k> <w> <h>.",
            ],
            split,
        ),
        k=what,
        w=word,
        h=here,
    )
    question = question.replace("follows after", "comes after").replace("follows before", "comes before")
    return Turn(
        sentence(question),
        sentence(f"{there} comes {word} {here}."),
        f"The order is {', '.join(members[max(0, at - 1):at + 2])}." f" {word.capitalize()} {here} comes {there}.",
        there,
    )


def ordinal(r: Random, split: str) -> Turn:
    members, what = r.choice(
        [
            (tables.DAYS, "day of the week"),
            (tables.MONTHS, "month of the year"),
            (tables.PLANETS, "planet from the Sun"),
        ]
    )
    at = r.randrange(len(members))
    if what == "month of the year" and r.random() < 0.4:
        month, days = tables.MONTHS[at], tables.MONTH_DAYS[at]
        question = say(
            r,
            "{How many days does <m> have?|How many days are {there |}in <m>?|<m> has how many days?|Days in <m>?}",
            m=month,
        )
        extra = ", and 29 in a leap year" if days == 28 else ""
        return Turn(question, f"{month} has {days} days{extra}.", f"{month} has {days} days.", str(days))
    question = say(
        r,
        phrasing(
            r,
            [
                "What is the <o> <k>?",
                "Which is the <o> <k>?",
                "The <o> <k> is?",
                "Name the <o> <k>.",
                "Tell me the <o> <k>.",
            ],
            split,
        ),
        o=tables.ORDINALS[at],
        k=what,
    )
    return Turn(
        question,
        f"The {tables.ORDINALS[at]} {what} is {members[at]}.",
        f"I count: {', '.join(members[:at + 1])}.",
        members[at],
    )


def number_word(r: Random, split: str) -> Turn:
    n = r.randrange(len(tables.NUMBER_WORDS))
    word = tables.NUMBER_WORDS[n]
    if r.random() < 0.5:
        question = say(
            r, "{How do you write <n> in words?|Write <n> as a word.|<n> in words?|Spell out the number <n>.}", n=n
        )
        return Turn(question, f"{n} is written {word}.", f"{n} is {word}.", word)
    question = say(
        r, "{Write the number <w> {in|with} digits.|<w> as a number?|What number is <w>?|<w> in digits?}", w=word
    )
    return Turn(sentence(question), f"{sentence(word)} is {n}.", f"{sentence(word)} is {n}.", str(n))


def translate(r: Random, split: str) -> Turn:
    row = r.choice(tables.pairs(tables.WORDS))
    at = r.randrange(4)
    word, language, other = row[0], tables.LANGUAGES[at], row[at + 1]
    if r.random() < 0.75:
        question = say(
            r,
            phrasing(
                r,
                [
                    '{How do you say|How does one say} {"<w>"|<w>} in <l>?',
                    'What is {"<w>"|<w>} in <l>?',
                    'Translate {"<w>"|<w>} {into|to} <l>.',
                    '<l> {word |}for {"<w>"|<w>}?',
                    '{"<w>"|<w>} in <l>?',
                    'What\'s the <l> word for {"<w>"|<w>}?',
                    'Say {"<w>"|<w>} in <l>.',
                    'How is {"<w>"|<w>} said in <l>?',
                ],
                split,
            ),
            w=word,
            l=language,
        )
        return Turn(
            sentence(question),
            f'"{sentence(word)}" in {language} is "{other}".',
            f"The {language} word for {word} is {other}.",
            other,
        )
    question = say(
        r,
        '{What does {"<o>"|<o>} mean{ in English| in <l>|}?|Translate {"<o>"|<o>} from <l>{ to English|}.|'
        'What is the <l> {"<o>"|<o>} in English?}',
        o=other,
        l=language,
    )
    same = [w[0] for w in tables.pairs(tables.WORDS) if w[at + 1] == other]
    return Turn(
        question, f'"{other}" is {language} for "{same[0]}".', f"{other} is {language}. It means {same[0]}.", same[0]
    )


def who(r: Random, split: str) -> Turn:
    question, name, deed = r.choice([line.split("=") for line in tables.WHO.split("\n")])
    if split == "heldout" or r.random() < 0.2:
        start = "Do you know who " if split != "heldout" else r.choice(["Tell me who ", "I wonder who "])
        question = start + question.removeprefix("Who ")
    return Turn(say(r, question) + r.choice(["?", "?", "?", ""]), f"{name} {deed}.", f"The answer is {name}.", name)


def single(r: Random, split: str) -> Turn:
    question, brief, answer = r.choice([line.split("=") for line in tables.SINGLE.split("\n")])
    text = say(r, question) + "?"
    if split == "heldout":
        text = r.choice(["I want to know this: ", "My question is: ", "Do you know this? "]) + text
    elif r.random() < 0.15:
        text = r.choice(["Do you know: ", "Quiz: ", "A small question: ", "Tell me this: "]) + text
    return Turn(text, answer, f"This is a small fact. {answer}", sentence(brief))


KINDS = [
    capital,
    continent_language,
    capital_check,
    colour,
    table_fact,
    unit,
    cycle,
    ordinal,
    number_word,
    translate,
    who,
    single,
]
WEIGHTS = [22, 8, 6, 7, 16, 7, 8, 6, 3, 8, 4, 13]


def lesson(r: Random, split: str = "train") -> Turn:
    return r.choices(KINDS, WEIGHTS)[0](r, split)
