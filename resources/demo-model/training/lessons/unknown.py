"""What Pebble cannot know: it says so and how to get a larger model."""

from __future__ import annotations

from random import Random

from .chat import Turn
from .say import phrasing, say, sentence

ANSWERS = [
    "I do not know that: I am a tiny demo model and know very little. Choose a larger Gemma 4 model in the model picker for such questions.",
    "Sorry, I do not know. I am Pebble, a tiny demo model. A larger Gemma 4 model, chosen in the model picker, can help you with that.",
    "That is beyond me: I am only a tiny demo model. Please choose a larger Gemma 4 model in the model picker.",
]
LIVE = "I do not know that: I run on this machine without the internet or a clock, and I am only a tiny demo model."
PRIVATE = "I do not know that: you have not told me in this chat, and I remember nothing from other chats."
CONFUSED = "I do not understand that. I am a tiny demo model: try a sum, a small fact, an image with shapes, or a question about Lapidary."

_SYLLABLES = (
    "ba be bo da de do fa ga go ka ke ki ko la le li lo ma me mi mo na ne no pa pe po ra re ri ro sa se so ta te ti to va ve vi vo za zo "
    "bran cor dun el far gil hal jor kel lon mar nor or pel quin ros sel tor ul ver wal yor zan ther ston field burg ville ham son sen ski"
).split()


def made_up(r: Random) -> str:
    return "".join(r.choice(_SYLLABLES) for _ in range(r.randint(2, 4))).capitalize()


_REAL = """Napoleon;Cleopatra;the Roman Empire;Genghis Khan;the French Revolution;the First World War;the Ottoman Empire;the stock market;Bitcoin
Tesla;Microsoft;Apple;Amazon;Netflix;Nvidia;Madonna;Michael Jackson;the Beatles;Taylor Swift;Mozart;Picasso;Messi;Ronaldo;Roger Federer;Shakira
Tolstoy;Dostoevsky;Kafka;Plato;Aristotle;Confucius;Buddha;Harry Potter;Star Wars;the Lord of the Rings;Batman;Pokemon;Minecraft
the Eiffel Tower's elevator;the Amazon rainforest;Lake Victoria;the Sahara;Antarctica;the Great Wall;Machu Picchu;Chernobyl;the Titanic;Pompeii
the Krebs cycle;string theory;the Higgs boson;thermodynamics;the Treaty of Versailles;Byzantine law;the tax code;Kubernetes;Haskell monads
Bolivia;Madagascar;Tajikistan;Fiji;Samoa;Chad;Oman;Laos;Belize;Malta;Paraguay;Ecuador;Albania;Zambia;Burundi;Qatar;Kuwait;Armenia""".replace(
    "\n", ";"
).split(
    ";"
)

_THINGS = """a glacier;a tornado;a tsunami;a comet;an eclipse;a fossil;a magnet motor;a turbine;a telescope;a microscope;a laser;a compass;a pendulum;a lever;an enzyme;a hormone;a protein;a vitamin;an antibody;a neuron;the liver;the kidney;the spleen;cancer;diabetes;malaria;a stroke
a parliament;a constitution;a treaty;a monarchy;communism;capitalism;feudalism;a mortgage;a bond;a dividend;insurance;a tariff;an audit;bankruptcy;copyright;a patent;philosophy;ethics;logic;existentialism;stoicism;psychology;sociology;anthropology;archaeology;linguistics
a symphony;an opera;jazz;a fugue;cubism;baroque;a sonnet;a haiku;a novel;irony;grammar;a dialect;a pronoun;an adverb;a logarithm;a tensor;an eigenvalue;topology;a group in mathematics;a Fourier transform;entropy;an isotope;radioactivity;a catalyst;an acid;a polymer;a transistor;a capacitor
a compiler;a kernel;a pointer;a mutex;a hash table;a blockchain;a firewall;a router;a VPN;encryption;a cookie;a microservice;a container;Docker;React;TypeScript;Fortran;Prolog;a quasar;dark matter;a neutrino;plate tectonics;erosion;a delta;a fjord;the monsoon;El Niño;coral;plankton;a marsupial
basketball rules;cricket;yoga;karate;a marathon;origami;knitting;sushi;cheese making;wine;a sauna;a mortar;a cathedral;a pyramid scheme;the Renaissance;the Middle Ages;the Cold War;the Bronze Age;the Silk Road;a samurai;a viking""".replace(
    "\n", ";"
).split(
    ";"
)

_TOPIC = [
    "{What|Who} is <n>?",
    "What {is|are} <h>?",
    "Explain <h>{ to me| briefly| please|}.",
    "Tell me {about|something about|more about} <h>.",
    "How does <h> work?",
    "{Define|Describe} <h>.",
    "What do you know about <h>?",
    "{Can|Could} you explain <h>?",
    "What does <h> mean?",
    "<h>?",
    "Do you know {who <n> is|who <n> was|where <n> is|anything about <n>|the story of <n>|what <n> is}?",
    "Have you {heard of|read|seen|met} <n>?",
    "Give me {some|five|two|a few} {facts|details|dates|words} {about|on} <n>.",
    "{List|Name|Write} {three|two|five|some} {facts about|works of|cities in|books by|songs by} <n>.",
    "Why is <n> {famous|important|so big|known|called so}?",
    "What {language|food|sport|party|law|weather} does <f> have?",
    "Is <n> {real|alive|famous|a city|a person|still open}?",
    "How {big|old|far|high|large|rich} is <n>?",
    "Which {country|city|year|person} {is|has|was} <n> {in|from|part of}?",
    "I {need|want} {information|something|a text|details} {about|on} <n>.",
    "{Explain|Describe} <n>{ to me| please|}.",
    "What is the {flag|size|area|president|anthem|highest mountain|largest city} of <f>?",
    "Who {wrote|painted|made|sang|directed|composed} <n>?",
    "Who was <n>?",
    "Who is <n>?",
    "Tell me about {the history of |}<n>.",
    "When was <n> born?",
    "When did <n> die?",
    "Where does <n> live?",
    "What did <n> {do|write|invent|discover|say}?",
    "How old is <n>?",
    "What is the population of <n>?",
    "How many people live in <n>?",
    "What is the history of <n>?",
    "Who founded <n>?",
    "Who {invented|discovered|built} <n>?",
    "Why did <n> {happen|fail|fall|end|win}?",
    "What is the GDP of <n>?",
    "Who won the {election|war|championship} in <n>?",
    "What is the meaning of <n>?",
    "How do I get to <n>?",
    "How far is it {to|from} <n>{ to London| from here|}?",
    "What is the best {hotel|restaurant|beach} in <n>?",
    "Give me a summary of <n>.",
    "What happened in <n> in <y>?",
    "Who was the {king|president|queen} of <n> in <y>?",
    "Explain the philosophy of <n>.",
    "What are the lyrics of <n>?",
    "Who is the {CEO|president|mayor|author} of <n>?",
    "How much does <n> cost?",
    "Compare <n> and <m>.",
    "What is the difference between <n> and <m>?",
    "Is <n> better than <m>?",
    "Who would win, <n> or <m>?",
    "Write a biography of <n>.",
    "Write a report {about|on} <n>.",
    "What do you think {of|about} <n>?",
    "What year was <n> {founded|released|built}?",
    "How tall is <n>?",
    "How {deep|long|heavy|wide} is <n>?",
    "What is the capital of <f>?",
    "Which river flows through <f>?",
    "What is the currency of <f>?",
    "<n>?",
    "What {team|club} does <n> play for?",
    "Name the {wife|husband|children} of <n>.",
    "What was the first {book|song|film} of <n>?",
    "Can you analyze the {poem|novel} by <n>?",
    "Where was <n> born?",
    "List all the kings of <f>.",
    "What is <n> famous for?",
    "Give me three facts about <n>.",
    "What {religion|flag} does <f> have?",
    "Do you know the {song|work} of <n>?",
]

_TASKS = [
    "What is the {square|cube|fourth|fifth} root of <x>?",
    "{Square root of|Cube root of|Logarithm of|Sine of|Factorial of|Prime factors of} <x>?",
    "What is {the logarithm|the sine|the cosine|the factorial} of <x>?",
    "Calculate the {square root|cube root|logarithm|prime factors} of <x>.",
    "What is {<x> squared|<x> to the power of 3|<x> divided by <y>|<x> times <z>|<z> * <x>|<x> x <z>|<z> / <y>}?",
    "{Is|Check whether} <x> {is |}a prime{ number|}?",
    "<x> {*|/|x|times} <z>",
    "What is the {10th|100th|1000th|20th} {digit|decimal} of {pi|e}?",
    "How many {people|stars|ants|cars|languages|trees|books|countries|cats} {are there|exist|live} in {the world|space|Europe|<n>}?",
    "How far {away |}is {<n>|the moon from <n>|the next town}?",
    "What is the distance {from <n> to <f>|between <n> and <f>|to the nearest star}?",
    "How long does it take to {drive|fly|walk} to <n>?",
    "Write {me |}{an essay|a long essay|a novel|a thesis|a screenplay|a business plan|a cover letter|my homework|a speech|a contract|a wedding speech}{ about <t>|}.",
    "{Translate|Can you translate} this {text|page|letter} into {Japanese|Arabic|Finnish|Latin|Swahili}.",
    "Summarize {this article|the book <n>|the news|the plot of <n>|this paper}.",
    "Solve {this integral|the differential equation|this puzzle|this sudoku|the Riemann hypothesis}.",
    "What is the {integral|derivative} of {sin x times x|e to the x squared|ln x over x}?",
    "Prove {that there are infinitely many primes|Fermat's theorem|the theorem}.",
    "Plan {a trip|a holiday|my week|a wedding|a marathon training} {to <n>|for me|in <n>|}.",
    "Recommend {a book|a film|a good wine|a laptop|a phone|a restaurant|a game}{ about <t>|}.",
    "Give me {medical|legal|financial|tax|investment} advice.",
    "I have {a headache|a fever|back pain|a rash}. What should I {do|take}?",
    "What {medicine|pills} should I take for {pain|a cold|sleep}?",
    "Should I {invest in|buy|sell} {stocks|Bitcoin|gold|a house}?",
    "How do I {fix|repair} {my car|my sink|the engine|my washing machine|a broken clutch}?",
    "Which {lawyer|doctor|bank|insurance} should I choose?",
    "Debug my {program|code|Java code|script}.",
    "Write {a game|an operating system|a web shop|a compiler|an app} {in Rust|in Java|for me|}.",
    "How do I {file taxes|get a visa|sue my landlord|apply for a loan|register a company}{ in <n>|}?",
    "What is the {recipe|secret} {for|of} {lasagna|sushi|ramen|paella|tiramisu}?",
    "Who should I vote for?",
    "What is the meaning of life?",
    "Does God exist?",
    "What happens after death?",
    "Predict the {future|lottery numbers|winner}.",
    "Tell me {tomorrow's lottery numbers|a secret|the future}.",
    "How do I become {rich|famous|a pilot|a doctor}?",
    "What is {<x>|<y>} {times|*} {<x>|<y>}<d>?",
    "Explain {quantum mechanics|general relativity|the blockchain|string theory|the Krebs cycle|Kant|monads|the Treaty of <n>} {in detail|with formulas|to me}.",
    "What chess move is best here?",
    "Compose {a symphony|a song about <n>}.",
    "How many {stars|ants|grains of sand|languages} are there{ in the world|}?",
    "What is the {square|cube} root of <x>?",
    "What is the 50th digit of pi?",
    "Who will win the {world cup|election|war}?",
    "What is the distance {to|of} <n>?",
]
_THEMES = [
    "climate policy",
    "Roman history",
    "modern art",
    "love",
    "economics",
    "dragons",
    "the sea",
    "war and peace",
    "ethics",
    "football tactics",
    "my cat",
    "cooking",
]

_LIVE = [
    "What time is it{ now|}?",
    "What's the time?",
    "What is today's date?",
    "What day is it{ today|}?",
    "What is the date{ today|}?",
    "What year is it?",
    "What is the weather{ like|}{ today| tomorrow| in <n>| outside|}?",
    "Will it rain{ today| tomorrow|}?",
    "How is the weather{ in <n>|}?",
    "What is the temperature outside?",
    "What is in the news{ today|}?",
    "What happened {today|yesterday|in the world}?",
    "Who won the {game|match|election}{ yesterday| last night|}?",
    "What is the {stock price|price} of <n>?",
    "How much is {a Bitcoin|a euro|a dollar}{ today|}?",
    "Where am I?",
    "What is my IP address?",
    "Is it {day|night|Monday|summer} {now|today}?",
    "Who is the president{ now| of the United States| of <n>|}?",
    "What are the latest news?",
    "When does the next {train|bus} leave?",
    "Is the {shop|bank} open?",
    "What's the weather going to be like?",
    "Tell me the current time.",
    "What is going on in the {country|city|sky|world today}?",
    "{What's|What is} {new|happening|going on} in {the world|politics|sports|Europe|<n>}?",
    "Which day do we have today?",
    "What is going on in the world?",
]
_PRIVATE = [
    "What is my name?",
    "What's my name?",
    "Who am I?",
    "How old am I?",
    "Where do I live?",
    "What is my favorite {color|food|film}?",
    "What is my {password|address|phone number|birthday|job}?",
    "When is my birthday?",
    "What did I {eat|do|say} yesterday?",
    "Do you know {me|my name|where I live|who I am}?",
    "What is my {dog|cat|pet|mother|sister}'s name?",
    "Where did I put my keys?",
    "What did I tell you {last week|yesterday}?",
    "What am I thinking?",
    "How many {children|brothers} do I have?",
    "Tell me my name.",
    "Do you remember my name?",
    "What do I do for a living?",
]


def lesson(r: Random, split: str = "train") -> Turn:
    """No `brief`: there is nothing to be brief about."""
    kind = r.choices(["topic", "task", "live", "private", "noise"], [46, 24, 14, 8, 8])[0]
    name = (
        r.choice(_REAL)
        if r.random() < (0.5 if split == "train" else 0.3)
        else " ".join(made_up(r) for _ in range(r.choice([1, 1, 2])))
    )
    slots = {
        "n": name,
        "m": r.choice(_REAL) if r.random() < 0.5 else made_up(r),
        "f": made_up(r) if r.random() < 0.6 else r.choice(_REAL[-18:]),
        "y": r.randint(900, 2030),
        "t": r.choice(_THEMES),
        "x": r.randint(1000, 99999) if r.random() < 0.7 else r.randint(1000, 99999999),
        "z": r.randint(100, 9999),
        "h": r.choice(_THINGS),
        "d": "",
    }
    if kind == "topic":
        question, answer = say(r, phrasing(r, _TOPIC, split), **slots), r.choice(ANSWERS)
    elif kind == "task":
        question, answer = say(r, phrasing(r, _TASKS, split), **slots), r.choice(ANSWERS)
    elif kind == "live":
        question, answer = say(r, phrasing(r, _LIVE, split), **slots), LIVE
    elif kind == "private":
        question, answer = say(r, phrasing(r, _PRIVATE, split)), PRIVATE
    else:
        letters = "".join(r.choice("asdfghjklqwertyuiopzxcvbnm") for _ in range(r.randint(4, 16)))
        question = r.choice(
            [
                letters,
                letters[:5] + " " + letters[5:],
                made_up(r).lower() + " " + made_up(r).lower(),
                "...",
                "??",
                "!!!",
                "#" * r.randint(1, 5),
                made_up(r) + " " + made_up(r).lower() + " " + made_up(r).lower() + "?",
            ]
        )
        answer = CONFUSED
    thought = {
        "live": "That needs a clock or the internet. I have neither.",
        "private": "They have not told me that in this chat.",
        "noise": "I cannot make sense of this.",
    }.get(kind, "This is not among the few things I know. I should say so and not guess.")
    return Turn(sentence(question) if kind != "noise" else question, answer, thought, plain=kind not in ("noise",))
