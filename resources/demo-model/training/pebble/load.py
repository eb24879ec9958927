"""A saved folder back as the training model."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import AutoModelForMultimodalLM

from .model import Pebble


def load_pebble(folder: Path) -> Pebble:
    """fp32, on the CPU. transformers maps the names of the file to those of the modules."""
    reference = AutoModelForMultimodalLM.from_pretrained(folder, dtype=torch.float32)
    model = Pebble(reference.config)
    model.load_state_dict(
        {k.removeprefix("model."): t for k, t in reference.state_dict().items() if k.startswith("model.")}
    )
    return model
