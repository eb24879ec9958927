"""Puts trained weights into transformers' own class and saves the folder that ships.

python export.py --weights pebble.pt --tokenizer FOLDER --out FOLDER
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path

import torch
from transformers import Gemma4UnifiedForConditionalGeneration, GenerationConfig

from pebble.shape import model_config
from pebble.template import write_settings


def build(weights: dict[str, torch.Tensor], small: bool = False) -> Gemma4UnifiedForConditionalGeneration:
    """transformers' model in bf16 with our weights; every tensor must find its place."""
    model = Gemma4UnifiedForConditionalGeneration(model_config(small))
    missing, unexpected = model.model.load_state_dict(weights, strict=False)
    if missing or unexpected:
        raise SystemExit(f"missing {missing}, unexpected {unexpected}")
    model.tie_weights()
    return model.to(torch.bfloat16).eval()


def save(weights: dict[str, torch.Tensor], tokenizer: Path, out: Path, small: bool = False) -> None:
    out.mkdir(parents=True, exist_ok=True)
    model = build(weights, small)
    model.generation_config = GenerationConfig()
    model.save_pretrained(out)
    # The released checkpoints name these two; transformers 5.17 writes `per_layer_config` in their place. Both are given.
    config = json.loads((out / "config.json").read_text("utf-8"))
    full = model.config.text_config.per_layer_config["full_attention"]
    config["text_config"] |= {"global_head_dim": full.head_dim, "num_global_key_value_heads": full.num_key_value_heads}
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")
    for name in ("tokenizer.json", "tokenizer.model"):
        if (tokenizer / name).resolve() != (out / name).resolve():
            shutil.copy(tokenizer / name, out / name)
    write_settings(out)


def main() -> None:
    p = argparse.ArgumentParser()
    p.add_argument("--weights", type=Path, required=True)
    p.add_argument("--tokenizer", type=Path, required=True)
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--small", action="store_true")
    a = p.parse_args()
    save(torch.load(a.weights, map_location="cpu"), a.tokenizer, a.out, a.small)


if __name__ == "__main__":
    main()
