"""Test pictures, and what the models' own image processors make of them."""

import random
from pathlib import Path
from typing import BinaryIO

import torch
from PIL import Image, ImageDraw
from transformers import PreTrainedModel
from transformers.models.gemma4.image_processing_gemma4 import Gemma4ImageProcessor
from transformers.models.gemma4_unified.image_processing_gemma4_unified import Gemma4UnifiedImageProcessor


def draw(width: int, height: int, chance: random.Random) -> Image.Image:
    """Gradients, hard edges and a little noise; no two corners alike, so a swapped axis or channel shows."""
    corners = Image.new("RGB", (2, 2))
    for x in range(2):
        for y in range(2):
            corners.putpixel((x, y), tuple(chance.randrange(256) for _ in range(3)))
    picture = corners.resize((width, height), Image.Resampling.BILINEAR)
    canvas = ImageDraw.Draw(picture)
    for _ in range(6):
        across = sorted(chance.randrange(width) for _ in range(2))
        down = sorted(chance.randrange(height) for _ in range(2))
        colour = tuple(chance.randrange(256) for _ in range(3))
        canvas.ellipse((across[0], down[0], across[1], down[1]), fill=colour)
    for _ in range(width * height // 20):
        at = (chance.randrange(width), chance.randrange(height))
        picture.putpixel(at, tuple(chance.randrange(256) for _ in range(3)))
    return picture


def process(model: PreTrainedModel, file: Path | BinaryIO, budget: int) -> dict[str, torch.Tensor]:
    """The tensors that the model's forward takes for one picture."""
    unified = model.config.model_type == "gemma4_unified"
    processor = Gemma4UnifiedImageProcessor() if unified else Gemma4ImageProcessor()
    with Image.open(file) as picture:
        tensors = processor(picture, max_soft_tokens=budget, return_tensors="pt")
    return {name: tensor.to(model.device) for name, tensor in tensors.items() if torch.is_tensor(tensor)}


def features(model: PreTrainedModel, processed: dict[str, torch.Tensor]) -> torch.Tensor:
    """[soft tokens, hidden], as the decoder receives them."""
    with torch.no_grad():
        output = model.get_image_features(processed["pixel_values"], processed["image_position_ids"], return_dict=True)
    pooled = output.pooler_output
    return torch.cat(list(pooled)) if isinstance(pooled, (list, tuple)) else pooled
