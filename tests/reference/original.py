"""The same checkpoint spelled as Google's files are: two keys instead of per_layer_config, and K/V tensors that
sharing layers never use."""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file


def respell(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    config = json.loads((source / "config.json").read_text())
    text = config["text_config"]
    full = next(iter(text.pop("per_layer_config").values()))
    text["global_head_dim"] = full["head_dim"]
    text["num_global_key_value_heads"] = full.get("num_key_value_heads") if text["attention_k_eq_v"] else None
    config["vision_soft_tokens_per_image"] = 280
    (target / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    tensors = load_file(source / "model.safetensors")
    save_file({**tensors, **unused_keys_and_values(text, tensors)}, target / "model.safetensors", {"format": "pt"})
    generation = source / "generation_config.json"
    (target / generation.name).write_text(generation.read_text())


def unused_keys_and_values(text: dict, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """What E2B's file carries for its sharing layers: right shapes, no meaning; an engine that reads them is wrong."""
    shared = text.get("num_kv_shared_layers", 0)
    count = text["num_hidden_layers"]
    chance = torch.Generator().manual_seed(count)
    unused = {}
    for layer in range(count - shared, count):
        donor = next(i for i in range(count) if text["layer_types"][i] == text["layer_types"][layer])
        for leaf in ("k_proj.weight", "v_proj.weight", "k_norm.weight"):
            like = tensors[f"model.language_model.layers.{donor}.self_attn.{leaf}"]
            name = f"model.language_model.layers.{layer}.self_attn.{leaf}"
            unused[name] = torch.randn(like.shape, generator=chance).to(like.dtype)
    return unused
