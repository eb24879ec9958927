"""Draws scenes on the GPU (or the CPU): every shape is a radius as a function of the angle.

The result is the model's own input: 48-pixel blocks in row-major order, each block rows × columns × RGB, values in
[0, 1] (gemma4.md 5.4).
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from .scene import PRINTED, SHAPES, WORD_VARIANTS, Scene

ANGLES = 720
SPRITE = (64, 384)
MOST_SHAPES = 8


def _polygon_radius(corners: list[tuple[float, float]]) -> np.ndarray:
    """Distance from the centre to the edge of a star-shaped polygon, for each angle."""
    angles = np.arange(ANGLES) * 2 * math.pi / ANGLES
    out = np.zeros(ANGLES)
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1]):
        dx, dy = np.cos(angles), np.sin(angles)
        ex, ey = x1 - x0, y1 - y0
        det = dx * -ey + dy * ex
        with np.errstate(divide="ignore", invalid="ignore"):
            t = (x0 * -ey + y0 * ex) / det
            s = (dx * y0 - dy * x0) / det
        hit = (np.abs(det) > 1e-9) & (t > 0) & (s >= -1e-6) & (s <= 1 + 1e-6)
        out = np.where(hit, np.maximum(out, t), out)
    return out


def regular(corners: int, start: float, inner: float = 0.0) -> list[tuple[float, float]]:
    """A regular polygon with radius 1, or a star if `inner` is given. y points down."""
    points = []
    for i in range(corners * (2 if inner else 1)):
        step = math.pi / corners if inner else 2 * math.pi / corners
        radius = inner if inner and i % 2 else 1.0
        points.append((radius * math.cos(start + i * step), radius * math.sin(start + i * step)))
    return points


def outline(kind: str) -> list[tuple[float, float]]:
    """The corners of a shape inside the unit circle; smooth shapes get many corners."""
    up = -math.pi / 2
    if kind == "circle":
        return regular(180, 0.0)
    if kind == "square":
        return [(-0.75, -0.75), (0.75, -0.75), (0.75, 0.75), (-0.75, 0.75)]
    if kind == "rectangle":
        return [(-0.95, -0.5), (0.95, -0.5), (0.95, 0.5), (-0.95, 0.5)]
    if kind == "triangle":
        return regular(3, up)
    if kind == "star":
        return regular(5, up, 0.42)
    if kind == "diamond":
        return [(0, -1), (0.68, 0), (0, 1), (-0.68, 0)]
    if kind == "hexagon":
        return regular(6, 0.0)
    if kind == "cross":
        w = 0.32
        return [
            (-w, -0.95),
            (w, -0.95),
            (w, -w),
            (0.95, -w),
            (0.95, w),
            (w, w),
            (w, 0.95),
            (-w, 0.95),
            (-w, w),
            (-0.95, w),
            (-0.95, -w),
            (-w, -w),
        ]
    if kind == "oval":
        return [(math.cos(a) * 0.97, math.sin(a) * 0.58) for a in np.linspace(0, 2 * math.pi, 120, endpoint=False)]
    # Heart: the classic curve, scaled into the unit circle.
    points = []
    for a in np.linspace(0, 2 * math.pi, 160, endpoint=False):
        points.append(
            (
                16 * math.sin(a) ** 3 / 17,
                -(13 * math.cos(a) - 5 * math.cos(2 * a) - 2 * math.cos(3 * a) - math.cos(4 * a)) / 17 - 0.05,
            )
        )
    return points


def _fonts() -> list[str | None]:
    """Pillow's own font and, where matplotlib is there, the DejaVu faces it carries."""
    found: list[str | None] = [None]
    try:
        import matplotlib

        folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    except ImportError:
        folder = Path("/usr/share/fonts/truetype/dejavu")
    for name in ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSerif.ttf", "DejaVuSansMono-Bold.ttf"):
        if (folder / name).exists():
            found.append(str(folder / name))
    return found


def word_sprites() -> torch.Tensor:
    """Every printed word in every variant of font: [words, variants, 64, 384] in 0…1, centred."""
    fonts = _fonts()
    out = np.zeros((len(PRINTED), WORD_VARIANTS, *SPRITE), dtype=np.uint8)
    for v in range(WORD_VARIANTS):
        path = fonts[v % len(fonts)]
        font = ImageFont.load_default(44) if path is None else ImageFont.truetype(path, 42)
        for i, word in enumerate(PRINTED):
            sheet = Image.new("L", (SPRITE[1], SPRITE[0]), 0)
            ImageDraw.Draw(sheet).text((SPRITE[1] // 2, SPRITE[0] // 2), word, fill=255, font=font, anchor="mm")
            out[i, v] = np.asarray(sheet)
    return torch.from_numpy(out)


def pack_scene(scene: Scene) -> np.ndarray:
    """A scene as one row of floats, so that workers can send it cheaply."""
    row = np.zeros(16 + MOST_SHAPES * 8, dtype=np.float32)
    row[:5] = [*scene.grid, *scene.rgb]
    row[5] = PRINTED.index(scene.word) + 1 if scene.word else 0
    row[6:9], row[9:12] = scene.word_box, scene.word_rgb
    row[12:16] = [scene.word_variant, scene.texture, scene.noise, scene.seed % 65536]
    for i, s in enumerate(scene.shapes[:MOST_SHAPES]):
        row[16 + i * 8 : 24 + i * 8] = [SHAPES.index(s.kind) + 1, *s.rgb, s.x, s.y, s.radius, s.turn]
    return row


def blend(image: torch.Tensor, part: torch.Tensor, radii: torch.Tensor, w: int, h: int) -> torch.Tensor:
    """Lays one shape of every picture over it. image [n, h, w, 3], part [n, 8], radii [kinds, angles]."""
    ys = (torch.arange(h, device=image.device) + 0.5)[None, :, None]
    xs = (torch.arange(w, device=image.device) + 0.5)[None, None, :]
    kind = (part[:, 0].long() - 1).clamp(min=0)
    dx = xs - (part[:, 4] * w)[:, None, None]
    dy = ys - (part[:, 5] * h)[:, None, None]
    distance = torch.sqrt(dx * dx + dy * dy + 1e-6)
    angle = torch.remainder(torch.atan2(dy, dx) - part[:, 7][:, None, None], 2 * math.pi)
    place = angle * (ANGLES / (2 * math.pi))
    low = place.long() % ANGLES
    flat = radii.reshape(-1)
    base = (kind * ANGLES)[:, None, None]
    edge = torch.lerp(flat[base + low], flat[base + (low + 1) % ANGLES], place - place.floor())
    alpha = ((edge * (part[:, 6] * min(w, h))[:, None, None] - distance) + 0.5).clamp(0, 1)
    alpha = (alpha * (part[:, 0] > 0)[:, None, None])[..., None]
    return image * (1 - alpha) + part[:, 1:4][:, None, None, :] * alpha


class Painter:
    """Draws packed scenes, grouped by grid, on one device."""

    def __init__(self, device: torch.device | str) -> None:
        self.device = torch.device(device)
        radii = np.stack([_polygon_radius(outline(kind)) for kind in SHAPES])
        self.radii = torch.tensor(radii, dtype=torch.float32, device=self.device)
        self.sprites = word_sprites().to(self.device)
        # Fused on the GPU; a dozen small operations over every pixel otherwise.
        self._blend = torch.compile(blend, dynamic=True) if self.device.type == "cuda" else blend

    def pixels(self, rows: torch.Tensor, grid: tuple[int, int]) -> torch.Tensor:
        """rows [n, 80] of one grid -> [n, height, width, 3] in 0…1, rounded to 8 bits."""
        n, (gw, gh) = rows.shape[0], grid
        w, h = gw * 48, gh * 48
        short = min(w, h)
        ys = (torch.arange(h, device=self.device) + 0.5)[None, :, None]
        xs = (torch.arange(w, device=self.device) + 0.5)[None, None, :]
        image = rows[:, 2:5][:, None, None, :].expand(n, h, w, 3).contiguous()
        image = self._texture(image, rows, xs / short, ys / short)
        for i in range(MOST_SHAPES):
            part = rows[:, 16 + i * 8 : 24 + i * 8]
            used = part[:, 0] > 0
            if not used.any():
                break
            image = self._blend(image, part, self.radii, w, h)
        image = self._word(image, rows, w, h)
        noise = rows[:, 14][:, None, None, None]
        if (noise > 0).any():
            image = image + noise * torch.randn_like(image)
        return (image.clamp(0, 1) * 255).round() / 255

    def _texture(self, image: torch.Tensor, rows: torch.Tensor, xs: torch.Tensor, ys: torch.Tensor) -> torch.Tensor:
        used = rows[:, 13] > 0
        if not used.any():
            return image
        generator = torch.Generator(device="cpu").manual_seed(int(rows[used][0, 15]))
        waves = torch.zeros_like(image)
        for octave in range(6):
            f = torch.randn(image.shape[0], 2, 3, generator=generator).to(self.device) * (2.0 ** (octave + 1))
            phase = torch.rand(image.shape[0], 3, generator=generator).to(self.device) * 6.28
            gain = torch.rand(image.shape[0], 3, generator=generator).to(self.device) / (1 + octave * 0.6)
            angle = (
                xs[..., None] * f[:, 0][:, None, None] + ys[..., None] * f[:, 1][:, None, None] + phase[:, None, None]
            )
            waves = waves + gain[:, None, None] * torch.sin(angle)
        waves = (waves * 0.25 + 0.5 + 0.05 * torch.randn_like(image)).clamp(0, 1)
        return torch.where(used[:, None, None, None], waves, image)

    def _word(self, image: torch.Tensor, rows: torch.Tensor, w: int, h: int) -> torch.Tensor:
        used = rows[:, 5] > 0
        if not used.any():
            return image
        index = (rows[:, 5].long() - 1).clamp(min=0)
        sprite = self.sprites[index, rows[:, 12].long()].float()[:, None] / 255
        tall = rows[:, 8] * h
        scale = tall / SPRITE[0]
        ys = ((torch.arange(h, device=self.device) + 0.5)[None] - rows[:, 7, None] * h) / (
            scale[:, None] * SPRITE[0] / 2
        )
        xs = ((torch.arange(w, device=self.device) + 0.5)[None] - rows[:, 6, None] * w) / (
            scale[:, None] * SPRITE[1] / 2
        )
        grid = torch.stack([xs[:, None, :].expand(-1, h, -1), ys[:, :, None].expand(-1, -1, w)], dim=-1)
        alpha = torch.nn.functional.grid_sample(sprite, grid, align_corners=False)[:, 0, :, :, None]
        alpha = alpha * used[:, None, None, None]
        return image * (1 - alpha) + rows[:, 9:12][:, None, None, :] * alpha

    def blocks(self, rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Packed scenes [n, 80] -> blocks [all soft tokens, 6912] and positions [all soft tokens, 2], scene after scene."""
        counts = (rows[:, 0] * rows[:, 1]).long()
        starts = torch.cumsum(counts, 0) - counts
        total = int(counts.sum())
        blocks = torch.empty(total, 6912, device=self.device, dtype=torch.bfloat16)
        positions = torch.empty(total, 2, device=self.device, dtype=torch.long)
        for gw, gh in sorted({(int(a), int(b)) for a, b in rows[:, :2].cpu().numpy()}):
            member = ((rows[:, 0] == gw) & (rows[:, 1] == gh)).nonzero()[:, 0]
            for part in member.split(256):
                image = self.pixels(rows[part], (gw, gh))
                cut = (
                    image.reshape(len(part), gh, 48, gw, 48, 3)
                    .permute(0, 1, 3, 2, 4, 5)
                    .reshape(len(part), gh * gw, 6912)
                )
                where = (starts[part][:, None] + torch.arange(gh * gw, device=self.device)[None]).reshape(-1)
                blocks[where] = cut.reshape(-1, 6912).bfloat16()
                at = torch.arange(gh * gw, device=self.device)
                positions[where] = torch.stack([at % gw, at // gw], dim=-1).repeat(len(part), 1)
        return blocks, positions
