"""System prompts, and the answers of someone who obeys them."""

from __future__ import annotations

import json
from random import Random

from . import arithmetic, facts, manners
from .chat import Turn
from .say import say
from .unknown import made_up

NEUTRAL = [
    "You are a helpful assistant.",
    "You are Pebble, a small assistant.",
    "Be helpful and kind.",
    "You are a friendly chat partner.",
    "Answer the user's questions.",
    "You are an assistant.",
    "Be polite.",
    "You are the demo model of Lapidary.",
    "Help the user.",
    "Use Markdown where it helps.",
    "You are a helpful AI.",
    "Be honest: say so when you do not know something.",
]
_BRIEF = [
    "{Answer|Reply|Respond} {briefly|in as few words as possible|very briefly|as briefly as you can}.",
    "Be brief.",
    "Be concise.",
    "Keep {answers|your answers} {very |}short.",
    "Short answers only.",
    "{Answer|Reply} with one word{ only|}.",
    "One-word answers.",
    "Only {give|say} the answer, nothing else.",
    "No full sentences.",
]
_CAPITALS = [
    "{Answer|Write|Reply|Respond} in {capital letters|capitals|upper case|ALL CAPS}{ only|}.",
    "ALWAYS ANSWER IN CAPITALS.",
    "Use only capital letters.",
    "Shout: capital letters only.",
]
_LOWER = [
    "{Answer|Write|Reply} in {lower case|small letters}{ only|}.",
    "Use no capital letters.",
    "Only lower case, please.",
]
_END = [
    '{End|Finish|Close} {every|each} {answer|message|reply} with {the word |}"<w>".',
    'Always {end|finish} with "<w>".',
    'Say "<w>" at the end of {every|each} answer.',
    'The last word of every answer is "<w>".',
]
_BEGIN = [
    '{Begin|Start|Open} {every|each} {answer|message|reply} with {the word |}"<w>".',
    'Always {begin|start} with "<w>".',
    'Say "<w>" at the beginning of {every|each} answer.',
    'The first word of every answer is "<w>".',
]
_PIRATE = [
    "You are a pirate.",
    "{Talk|Speak|Answer|Write} like a pirate.",
    "You are a {friendly |rough |}pirate{ captain|}.",
    "Be a pirate.",
]
_BUTLER = [
    "You are a butler.",
    "{Talk|Speak|Answer|Write} like a {polite |}butler.",
    "You are {a very polite|an English} butler.",
    "Be a butler.",
]
_ROBOT = ["You are a robot.", "{Talk|Speak|Answer|Write} like a robot.", "Be a robot."]
_JSON = [
    '{Answer|Reply} {in|as|with} JSON with the key "answer".',
    'Always answer as a JSON object with the key "answer".',
    'Output JSON only, key "answer".',
]
_EMOJI = [
    "{Use an emoji|Put a smiley} {in|at the end of} {every|each} {answer|message}.",
    "Be cheerful and {use emoji|add a smiley}.",
    "Add a smiley to {every|each} answer.",
]
_BOLD = ["{Write|Put} {every answer|your answers|all answers} in bold.", "Answer in bold.", "Always use bold text."]
_LANGUAGE = {
    "German": [
        "Answer in German.",
        "{Reply|Respond|Write|Speak} {only |}in German.",
        "Antworte auf Deutsch.",
        "Sprich Deutsch.",
    ],
    "French": [
        "Answer in French.",
        "{Reply|Respond|Write|Speak} {only |}in French.",
        "Réponds en français.",
        "Parle français.",
    ],
    "Spanish": [
        "Answer in Spanish.",
        "{Reply|Respond|Write|Speak} {only |}in Spanish.",
        "Responde en español.",
        "Habla español.",
    ],
}
_ABROAD = [  # English, German, French with article, Spanish, capital in these
    line.split(";") for line in """France;Frankreich;de la France;Francia;Paris;Paris;Paris;París
Germany;Deutschland;de l'Allemagne;Alemania;Berlin;Berlin;Berlin;Berlín
Italy;Italien;de l'Italie;Italia;Rome;Rom;Rome;Roma
Spain;Spanien;de l'Espagne;España;Madrid;Madrid;Madrid;Madrid
Austria;Österreich;de l'Autriche;Austria;Vienna;Wien;Vienne;Viena
Poland;Polen;de la Pologne;Polonia;Warsaw;Warschau;Varsovie;Varsovia
Japan;Japan;du Japon;Japón;Tokyo;Tokio;Tokyo;Tokio
Egypt;Ägypten;de l'Égypte;Egipto;Cairo;Kairo;Le Caire;El Cairo
Portugal;Portugal;du Portugal;Portugal;Lisbon;Lissabon;Lisbonne;Lisboa
Greece;Griechenland;de la Grèce;Grecia;Athens;Athen;Athènes;Atenas
Norway;Norwegen;de la Norvège;Noruega;Oslo;Oslo;Oslo;Oslo
Russia;Russland;de la Russie;Rusia;Moscow;Moskau;Moscou;Moscú""".split("\n")
]


def _plain_turn(r: Random) -> Turn:
    return r.choice([facts.lesson, facts.lesson, arithmetic.lesson])(r)


def in_language(r: Random) -> tuple[str, list[Turn]]:
    language = r.choice(list(_LANGUAGE))
    at = list(_LANGUAGE).index(language)
    turns = []
    for _ in range(r.choice([1, 1, 2, 3])):
        kind = r.randrange(4)
        if kind == 0:
            row = r.choice(_ABROAD)
            answer = [
                f"Die Hauptstadt von {row[1]} ist {row[5]}.",
                f"La capitale {row[2]} est {row[6]}.",
                f"La capital de {row[3]} es {row[7]}.",
            ][at]
            asked = [
                f"Was ist die Hauptstadt von {row[1]}?",
                f"Quelle est la capitale {row[2]} ?",
                f"¿Cuál es la capital de {row[3]}?",
            ][at]
            turns.append(
                Turn(
                    asked if r.random() < 0.3 else say(r, r.choice(facts._CAPITAL[:8]), x=row[0]),
                    answer,
                    f"I must answer in {language}. The capital is {row[5 + at]}.",
                )
            )
        elif kind == 1:
            one = arithmetic.sums(r, "train", 1, 99)
            result = one.brief
            turns.append(
                Turn(
                    one.user,
                    [f"Das Ergebnis ist {result}.", f"Le résultat est {result}.", f"El resultado es {result}."][at],
                    f"I must answer in {language}. {one.thought}",
                )
            )
        elif kind == 2:
            hello = say(r, manners.GREETINGS[0][0]) if r.random() < 0.7 else ["Hallo!", "Bonjour !", "¡Hola!"][at]
            turns.append(
                Turn(
                    hello,
                    [
                        "Hallo! Ich bin Pebble, das kleine Demo-Modell von Lapidary.",
                        "Bonjour ! Je suis Pebble, le petit modèle de démonstration de Lapidary.",
                        "¡Hola! Soy Pebble, el pequeño modelo de demostración de Lapidary.",
                    ][at],
                    f"They greet me. I answer in {language}.",
                )
            )
        else:
            turns.append(
                Turn(
                    say(r, "{Thanks|Thank you|thanks|Thanks a lot}{!|.}"),
                    ["Gern geschehen!", "Je vous en prie !", "¡De nada!"][at],
                    f"They thank me. I answer in {language}.",
                )
            )
    return say(r, r.choice(_LANGUAGE[language])), turns


def lesson(r: Random) -> tuple[str, list[Turn]]:
    """A system prompt and a few turns that obey it."""
    kind = r.choices(
        [
            "neutral",
            "brief",
            "upper",
            "lower",
            "end",
            "begin",
            "pirate",
            "butler",
            "robot",
            "json",
            "emoji",
            "bold",
            "language",
            "name",
        ],
        [10, 14, 9, 5, 9, 9, 8, 5, 4, 6, 5, 4, 16, 6],
    )[0]
    if kind == "language":
        return in_language(r)
    if kind == "name":
        name = r.choice(["Rocky", "Gem", "Robin", "Max", "Luna"]) if r.random() < 0.4 else made_up(r)
        asked = say(
            r, "{Who are you|What is your name|What's your name|Your name|What are you called|Introduce yourself}{?|.}"
        )
        return say(r, "{Your name is <n>.|You are <n>.|You are called <n>.|You are an assistant named <n>.}", n=name), [
            Turn(asked, f"I am {name}.", f"The system prompt calls me {name}.")
        ]
    turns = [_plain_turn(r) for _ in range(r.choice([1, 1, 2, 3]))]
    if r.random() < 0.2 and kind not in ("brief", "json"):
        turns[0] = Turn(say(r, manners.GREETINGS[0][0]), manners.HELLO, "They greet me.")
    word = (
        r.choice(["Over", "Amen", "Thanks", "Sir", "Boss", "Roger", "Meow", "Captain", "Friend", "Stop"])
        if r.random() < 0.6
        else made_up(r)
    )
    systems = {
        "neutral": NEUTRAL,
        "brief": _BRIEF,
        "upper": _CAPITALS,
        "lower": _LOWER,
        "end": _END,
        "begin": _BEGIN,
        "pirate": _PIRATE,
        "butler": _BUTLER,
        "robot": _ROBOT,
        "json": _JSON,
        "emoji": _EMOJI,
        "bold": _BOLD,
    }
    notes = {
        "brief": "I must be brief.",
        "upper": "I must use capital letters.",
        "lower": "I must write in lower case.",
        "end": f"I must end with {word}.",
        "begin": f"I must begin with {word}.",
        "pirate": "I speak like a pirate.",
        "butler": "I speak like a butler.",
        "robot": "I speak like a robot.",
        "json": "I must answer in JSON.",
        "emoji": "I add a smiley.",
        "bold": "I write in bold.",
    }
    for t in turns:
        answer = t.answer
        t.answer = {
            "neutral": answer,
            "brief": t.brief or answer,
            "upper": answer.upper(),
            "lower": answer.lower(),
            "end": f"{answer} {word}",
            "begin": f"{word} {answer}",
            "pirate": f"Arr! {answer}",
            "butler": f"Certainly. {answer} At your service.",
            "robot": f"Beep. {answer} Beep.",
            "json": json.dumps({"answer": t.brief or answer}, ensure_ascii=False),
            "emoji": f"{answer} 🙂",
            "bold": f"**{answer}**",
        }[kind]
        t.brief = ""
        if kind in notes:
            t.thought = f"{t.thought} {notes[kind]}"
    return say(r, r.choice(systems[kind]), w=word), turns
