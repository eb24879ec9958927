"""A picture as numbers: a background, a few shapes, perhaps a printed word."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from random import Random

COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (220, 30, 35),
    "green": (35, 160, 60),
    "blue": (35, 80, 215),
    "yellow": (245, 215, 40),
    "orange": (245, 140, 25),
    "purple": (130, 50, 170),
    "pink": (245, 130, 185),
    "brown": (125, 75, 35),
    "black": (15, 15, 15),
    "white": (250, 250, 250),
    "gray": (130, 130, 130),
}
SHAPES = ["circle", "square", "triangle", "star", "heart", "diamond", "cross", "hexagon", "rectangle", "oval"]
PLAIN_SHAPES = SHAPES[:6]
BACKGROUNDS = ["white"] * 6 + [
    "lightgray",
    "lightgray",
    "black",
    "gray",
    "lightblue",
    "cream",
    "lightgreen",
    "blue",
    "yellow",
]
_BACKGROUND_RGB = {
    "lightgray": (222, 222, 222),
    "lightblue": (205, 225, 245),
    "cream": (250, 243, 220),
    "lightgreen": (214, 240, 214),
}
PRINTED = (
    """HELLO WORLD STOP GO YES NO OPEN CLOSED EXIT HELP CAT DOG SUN MOON TREE STONE PEBBLE LAPIDARY GEMMA RED BLUE GREEN
HOME LOVE TIME BOOK FISH BIRD STAR RAIN SNOW FIRE WATER MILK TEA COFFEE BREAD CAKE SALE FREE NEW HOT COLD LEFT RIGHT UP DOWN
TAXI BUS TRAIN HOTEL BANK SHOP PARK ZOO MUSIC FILM GAME PLAY START END ONE TWO THREE TEN""".split()
    + [str(n) for n in range(100)]
    + [chr(65 + i) for i in range(26)]
)
WORD_VARIANTS = 5  # fonts
# (width, height) in 48-pixel blocks for a budget of 70, 140 and 280 soft tokens; the sizes that the resize rule gives.
GRIDS = {
    70: [(8, 8), (8, 8), (8, 8), (9, 7), (9, 7), (7, 9), (11, 6), (6, 11), (10, 6)],
    140: [(11, 11), (13, 10), (15, 8)],
    280: [(16, 16), (19, 14), (22, 12)],
}


@dataclass
class Shape:
    kind: str
    colour: str
    rgb: tuple[float, float, float]
    x: float  # centre and radius as a share of width, height and the shorter side
    y: float
    radius: float
    turn: float = 0.0


@dataclass
class Scene:
    grid: tuple[int, int]
    background: str
    rgb: tuple[float, float, float]
    shapes: list[Shape] = field(default_factory=list)
    word: str = ""
    word_box: tuple[float, float, float] = (0.5, 0.5, 0.2)  # centre x, y and height, as shares
    word_colour: str = ""
    word_rgb: tuple[float, float, float] = (0, 0, 0)
    word_variant: int = 0
    texture: int = 0  # 0: none; otherwise a photo-like pattern that no lesson can name
    noise: float = 0.0
    seed: int = 0

    @property
    def blocks(self) -> int:
        return self.grid[0] * self.grid[1]


def _jitter(r: Random, rgb: tuple[int, int, int], amount: int = 22) -> tuple[float, float, float]:
    if max(rgb) - min(rgb) < 6:  # black, white and grays keep their neutrality
        shift = r.uniform(-amount, amount)
        return tuple(min(255.0, max(0.0, c + shift)) / 255 for c in rgb)
    return tuple(min(255.0, max(0.0, c + r.uniform(-amount, amount))) / 255 for c in rgb)


def _distance(a: tuple, b: tuple) -> float:
    return math.sqrt(sum((p - q) ** 2 for p, q in zip(a, b)))


def empty_scene(r: Random, budget: int = 70) -> Scene:
    background = r.choice(BACKGROUNDS)
    rgb = _BACKGROUND_RGB.get(background) or COLOURS[background]
    jitter = 6 if r.random() < 0.15 else 0
    return Scene(
        r.choice(GRIDS[budget]),
        background,
        _jitter(r, rgb, jitter),
        noise=r.choice([0, 0, 0, 0.01, 0.03]),
        seed=r.randrange(1 << 30),
    )


# The first layer norms every 48-pixel block by itself, so a block sees contrast and hue but not brightness: gray on
# white looks to the model exactly like black on white. Gray is therefore never the colour of a shape, and only
# backgrounds with a hue of their own are asked about.
SHAPE_COLOURS = [name for name in COLOURS if name != "gray"]
NAMED_BACKGROUNDS = {"lightblue": "light blue", "lightgreen": "light green", "blue": "blue", "yellow": "yellow"}


def colour_on(r: Random, scene: Scene) -> tuple[str, tuple[float, float, float]]:
    """A colour that stands out from the background."""
    while True:
        name = r.choice(SHAPE_COLOURS)
        rgb = _jitter(r, COLOURS[name], 0 if r.random() < 0.3 else 22)
        if _distance(rgb, scene.rgb) > 0.35 and name != scene.background:
            return name, rgb


def place(r: Random, scene: Scene, count: int, kinds: list[str] = SHAPES) -> None:
    """Puts `count` shapes at free places, none touching another."""
    width, height = scene.grid
    short = min(width, height)
    largest = {1: 0.42, 2: 0.26, 3: 0.22, 4: 0.19, 5: 0.17}.get(count, 0.15)
    radius = r.uniform(0.10 if count > 1 else 0.14, largest)
    tries = 0
    while len(scene.shapes) < count:
        tries += 1
        if tries % 60 == 0:
            radius *= 0.9
        size = radius * r.uniform(0.85, 1.1)
        mx, my = size * short / width, size * short / height
        if mx >= 0.5 or my >= 0.5:
            radius *= 0.9
            continue
        x, y = r.uniform(mx, 1 - mx), r.uniform(my, 1 - my)
        if any(
            math.hypot((x - s.x) * width, (y - s.y) * height) < (size + s.radius) * short * 1.08 for s in scene.shapes
        ):
            continue
        kind = r.choice(kinds)
        name, rgb = colour_on(r, scene)
        turn = (
            r.uniform(-0.3, 0.3)
            if kind in ("square", "triangle", "rectangle", "oval", "hexagon", "star") and r.random() < 0.3
            else 0.0
        )
        scene.shapes.append(Shape(kind, name, rgb, x, y, size, turn))
