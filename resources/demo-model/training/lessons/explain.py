"""Short explanations of common things."""

from __future__ import annotations

from random import Random

from .chat import Turn
from .say import phrasing, say, sentence

TOPICS = [
    line.split("=", 1)
    for line in """photosynthesis=Photosynthesis is how plants make food. They take in water, carbon dioxide and sunlight, and turn them into sugar and oxygen.
gravity=Gravity is the force that pulls things with mass toward each other. It keeps your feet on the ground and the Moon near the Earth.
a computer=A computer is a machine that follows instructions very quickly. It reads data, works on it and shows the result.
the internet=The internet is a network of networks. Computers all over the world exchange messages through it by common rules.
an algorithm=An algorithm is a list of clear steps that solves a problem, like a recipe for a computer.
a variable=A variable in a program is a name for a value that can change, such as `count = 3`.
a function=A function in a program is a named piece of code. It takes inputs, does something and can return a result.
a loop=A loop repeats a piece of code, for example once for each item of a list, until it is done.
recursion=Recursion means that a function calls itself on a smaller problem until the problem is simple enough to answer at once.
a database=A database stores data in an ordered way, so that it can be found, changed and combined quickly.
artificial intelligence=Artificial intelligence is the craft of making machines do things that seem to need thinking, such as understanding text or images.
machine learning=In machine learning a program is not told the rules. It finds them itself by adjusting numbers until its answers match many examples.
a neural network=A neural network is a large chain of simple calculations with adjustable numbers. Training changes the numbers until the outputs are useful.
a language model=A language model is a program that has learned to predict the next piece of text. Asking it questions is making it continue your text.
the water cycle=Water rises from the sea as vapor, cools to clouds, falls as rain or snow and flows back to the sea.
why the sky is blue=Sunlight holds all colors. Air scatters blue light more than red light, so blue reaches us from all parts of the sky.
why leaves are green=Leaves hold chlorophyll, a substance that takes in red and blue light for photosynthesis and sends green light back.
why it rains=Warm air carries water vapor up. Where it cools, drops form in clouds; when they are heavy enough, they fall as rain.
how a rainbow forms=Sunlight enters raindrops, is bent, reflected inside and bent again. Each color leaves at a slightly different angle, so we see them side by side.
the seasons=The Earth's axis is tilted. For half the year one hemisphere leans toward the Sun and has summer, then it leans away and has winter.
day and night=The Earth turns once a day. The side that faces the Sun has day, the other side has night.
the moon phases=Half of the Moon is always lit by the Sun. As it moves around us, we see more or less of that half.
electricity=Electricity is the movement of small charged particles, mostly electrons, through materials such as copper wire.
a battery=A battery stores energy in chemicals. When it is connected, a reaction drives electrons through the wire.
magnetism=Magnetism is a force made by moving charges. Magnets have two poles: unlike poles attract, like poles repel.
an atom=An atom is a tiny building block of matter. It has a nucleus of protons and neutrons with electrons around it.
a molecule=A molecule is two or more atoms held together, such as water with two hydrogen atoms and one oxygen atom.
a cell=A cell is the smallest living unit. All plants and animals are made of cells.
DNA=DNA is a long molecule in our cells. The order of its parts holds the instructions for building a living being.
evolution=Living things differ a little from their parents. Those that fit their surroundings have more young, so over a long time species change.
a vaccine=A vaccine shows the body a harmless part of a germ, so that it learns to fight the real one.
a virus=A virus is a tiny particle that can only multiply inside living cells. Some viruses make us ill.
bacteria=Bacteria are very small living things with one cell. Most are harmless or useful, some cause illness.
the heart=The heart is a muscle that pumps blood through the body, about 70 times a minute at rest.
the brain=The brain is the organ we think with. It has billions of nerve cells that send signals to each other.
the lungs=The lungs take oxygen from the air into the blood and give off carbon dioxide.
a volcano=A volcano is an opening in the Earth's crust. Hot melted rock, gas and ash come out of it.
an earthquake=The Earth's crust is made of plates that move slowly. When they slip suddenly, the ground shakes: that is an earthquake.
a star=A star is a huge ball of hot gas that shines because it turns hydrogen into helium in its core.
a planet=A planet is a large round body that circles a star and does not shine by itself.
a black hole=A black hole is a place where gravity is so strong that not even light can leave.
the solar system=The solar system is the Sun and everything that circles it: eight planets, their moons, and many small bodies.
a galaxy=A galaxy is a group of billions of stars held together by gravity. Ours is called the Milky Way.
climate change=The climate is getting warmer, mainly because burning coal, oil and gas adds carbon dioxide to the air, which holds heat.
energy=Energy is what makes things happen: move, warm up, shine. It changes its form but is never lost.
temperature=Temperature says how hot something is. The faster its particles move, the hotter it is.
sound=Sound is a wave of pressure. Something vibrates, the air passes the movement on, and our ears notice it.
light=Light is an electromagnetic wave that our eyes can see. Different wavelengths have different colors.
democracy=In a democracy the people choose who governs, in free and fair elections, and everyone has rights.
inflation=Inflation means that prices rise over time, so that the same money buys less.
money=Money is something that everyone accepts in exchange for goods and work. It also lets us compare and save value.
a fraction=A fraction is a part of a whole, such as 3/4: the whole is cut into four equal parts and three are taken.
a prime number=A prime number is larger than 1 and can be divided only by 1 and itself, such as 2, 3, 5, 7 and 11.
an average=The average of some numbers is their sum divided by how many there are. The average of 2, 4 and 9 is 5.
a percentage=A percentage is a number out of a hundred. 25 % means 25 out of 100, a quarter.
pi=Pi is the length around a circle divided by the length across it, about 3.14159.
a triangle=A triangle is a shape with three straight sides and three corners. Its angles add up to 180 degrees.
a circle=A circle is the set of all points that have the same distance from one point, the center.
a noun=A noun is a word for a person, a place or a thing, such as dog, city or idea.
a verb=A verb is a word for doing or being, such as run, think or is.
an adjective=An adjective describes a noun, such as red in a red house.
a metaphor=A metaphor says that one thing is another to show what they share, such as time is money.
Linux=Linux is a free operating system kernel. With other programs around it, it runs phones, servers and desktops.
an operating system=An operating system runs the other programs of a computer and shares out its memory, files and devices.
open source=Open source means that everyone may read, change and pass on the code of a program.
a GPU=A GPU is a processor with thousands of small units. It was made for graphics and is also very good at running language models.
a CPU=A CPU is the main processor of a computer. It carries out the instructions of programs one after another, very quickly.
memory in a computer=Memory, or RAM, is where a computer keeps what it is working on. It is fast and is empty after switching off.
a file=A file is a named piece of data on a disk, such as a text, an image or a program.
Git=Git keeps the history of a project's files, so that people can work together and go back to any earlier state.
Python=Python is a programming language that is easy to read. It is used for scripts, science, web servers and machine learning.
C++=C++ is a programming language for fast programs, such as games, browsers and engines. It gives much control over memory.
HTML=HTML is the language of web pages. Tags such as `<p>` say what each part of a text is.
JSON=JSON is a text format for data, with objects in braces, lists in brackets, strings, numbers, true, false and null.
Markdown=Markdown is a simple way to format text: stars for **bold**, a hash for headings, a dash for list items.
a tomato plant=A tomato plant grows from a seed in warm soil, needs sun and water, and carries red fruits in summer.
how bread is made=Mix flour, water, yeast and a little salt, let the dough rise in a warm place, then bake it until it is brown.
how tea is made=Boil water, pour it over the tea leaves, wait three to five minutes and take the leaves out.
how a bicycle works=You push the pedals, a chain carries the turning to the back wheel, and the wheel pushes the bicycle forward.
how an airplane flies=The engines push it forward, and its wings push air down. The air pushes the wings up: that is lift.
how a fridge works=A liquid takes up heat inside the fridge and turns to gas; outside it is pressed together and gives the heat off.
quantization=Quantization stores the numbers of a model with fewer bits. The model becomes smaller and faster and loses only a little quality.
a transformer=A transformer is a neural network that lets every token look at the earlier ones. Most language models are built that way.
attention=Attention is how a language model decides which earlier tokens matter for the next one.
Gemma=Gemma is a family of open language models from Google. Lapidary runs the fourth generation, Gemma 4.
chess=Chess is a board game for two. Each side has sixteen pieces, and the goal is to attack the king so that it cannot escape.
football=In football two teams of eleven try to get a ball into the other's goal, without using their hands.
a poem=A poem is a text that works with rhythm, sound and images, often in short lines.""".split(
        "\n"
    )
]

_ASK = [
    "What is <t>?",
    "Explain <t>.",
    "{Can|Could} you explain <t>{ to me|}?",
    "What's <t>?",
    "Tell me about <t>.",
    "Explain <t> {briefly|in short|simply|to a child|in simple words}.",
    "Define <t>.",
    "<t>?",
    "I do not understand <t>.",
    "Give me a short explanation of <t>.",
    "What do you know about <t>?",
    "How would you explain <t>?",
    "{Describe|Please describe} <t>.",
    "What does <t> mean?",
]
_ASK_CLAUSE = [
    "{Can you explain|Explain|Tell me|Do you know|Please explain} <t>{.|}",
    "<t>?",
    "I want to know <t>.",
    "I wonder <t>.",
    "Explain to me <t>.",
]


def lesson(r: Random, split: str = "train") -> Turn:
    topic, answer = r.choice(TOPICS)
    clause = topic.split(" ")[0] in ("why", "how")
    patterns = _ASK_CLAUSE if clause else _ASK
    question = say(r, phrasing(r, patterns, split), t=topic)
    if clause and r.random() < 0.35:
        rest = topic.split(" ", 1)[1]
        question = {
            "the sky is blue": "Why is the sky blue?",
            "leaves are green": "Why are leaves green?",
            "it rains": "Why does it rain?",
            "a rainbow forms": "How does a rainbow form?",
            "bread is made": "How is bread made?",
            "tea is made": "How do I make tea?",
            "a bicycle works": "How does a bicycle work?",
            "an airplane flies": "How do airplanes fly?",
            "a fridge works": "How does a fridge work?",
        }[rest]
    named = topic if clause else f"what {topic} is"
    return Turn(sentence(question), answer, f"They want to know {named}. I explain it in a few plain words.")
