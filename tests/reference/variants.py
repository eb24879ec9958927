"""The variants of the family as tiny configurations: the shapes that differ between them, at sizes that are odd
on purpose and keep the real models' head ratios."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from transformers import (
    Gemma4Config,
    Gemma4ForCausalLM,
    Gemma4ForConditionalGeneration,
    Gemma4TextConfig,
    Gemma4UnifiedConfig,
    Gemma4UnifiedForConditionalGeneration,
    PreTrainedConfig,
    PreTrainedModel,
)


Choice = TypeVar("Choice")


class Sizes:
    """Chooses sizes: the first of the choices for a stored case, any of them for a fresh one."""

    def __init__(self, chance: random.Random | None = None) -> None:
        self.chance = chance

    def __call__(self, *choices: Choice) -> Choice:
        return self.chance.choice(choices) if self.chance else choices[0]


@dataclass(frozen=True)
class Prompt:
    """A prompt's shape: ids of text, with an image of (width, height, budget) after each part but the last."""

    name: str
    text: tuple[int, ...]
    images: tuple[tuple[int, int, int], ...] = ()


@dataclass(frozen=True)
class Variant:
    name: str
    model: type[PreTrainedModel]
    config: Callable[[Sizes], PreTrainedConfig]
    prompts: Callable[[Sizes], list[Prompt]]
    dtype: str = "bfloat16"
    # Also stored as Google's files spell it: config keys, tensor names, unused K/V of sharing layers.
    original: bool = False
    # How its linears are stored in FP8: a key of quantised.SAVERS.
    quantised: str = ""


def layers(pattern: str) -> list[str]:
    return [{"s": "sliding_attention", "f": "full_attention"}[letter] for letter in pattern]


def special_ids(vocab: int) -> dict[str, int]:
    """Gemma's media ids, scaled down: inside the vocabulary, near its end, in the released order."""
    names = ("boi", "boa", "image", "audio", "eoi", "eoa", "video")
    ids = {name: vocab - 2 * len(names) + 2 * i for i, name in enumerate(names)}
    return {
        **{f"{name}_token_id": ids[name] for name in names if name != "eoa"},
        "eoa_token_index": ids["eoa"],
    }


def text_keys(size: Sizes, **keys: object) -> dict[str, object]:
    return {
        "vocab_size": size(347, 300, 401, 512),
        "final_logit_softcapping": 30.0,
        "pad_token_id": 0,
        "bos_token_id": 2,
        "eos_token_id": 1,
        "max_position_embeddings": 4096,
        "hidden_size_per_layer_input": 0,
        **keys,
    }


def tower_keys(size: Sizes, **keys: object) -> dict[str, object]:
    heads = size(3, 2, 4)
    head_dim = size(12, 16, 20)
    return {
        "hidden_size": heads * head_dim,
        "intermediate_size": size(52, 64, 75),
        "num_hidden_layers": size(3, 2),
        "num_attention_heads": heads,
        "num_key_value_heads": heads,
        "head_dim": head_dim,
        "rope_parameters": {"rope_type": "axial", "rope_theta": 100.0},
        "position_embedding_size": 256,
        **keys,
    }


def unified(size: Sizes) -> PreTrainedConfig:
    """12B: 16 heads over 8 and 1, K = V in full layers, no tower."""
    pattern = size("sssfssf", "sfssf", "ssssfssff", "sssssf")
    text = text_keys(
        size,
        hidden_size=size(40, 44, 56),
        intermediate_size=size(52, 68, 99),
        num_hidden_layers=len(pattern),
        layer_types=layers(pattern),
        num_attention_heads=16,
        num_key_value_heads=8,
        num_global_key_value_heads=1,
        head_dim=size(8, 12, 16),
        global_head_dim=size(16, 24, 40),
        sliding_window=size(24, 17, 33, 7),
        attention_k_eq_v=True,
        use_bidirectional_attention="vision",
    )
    del text["hidden_size_per_layer_input"]
    embed = size(20, 24, 36)
    vision = {"mm_embed_dim": embed, "output_proj_dims": embed, "mm_posemb_size": 128}
    return Gemma4UnifiedConfig(
        text_config=text,
        vision_config=vision,
        audio_config={"audio_embed_dim": 32},
        **special_ids(text["vocab_size"]),
    )


def e_series(size: Sizes) -> PreTrainedConfig:
    """E2B: per-layer embeddings, shared K/V, doubled MLP in sharing layers, clipped tower, causal images."""
    pattern, sharing = size(("ssfssfssssff", 6), ("fsssf", 2), ("sfssfsfsf", 4))
    text = text_keys(
        size,
        hidden_size=size(48, 40, 56),
        intermediate_size=size(60, 44, 72),
        num_hidden_layers=len(pattern),
        layer_types=layers(pattern),
        num_kv_shared_layers=sharing,
        use_double_wide_mlp=True,
        num_attention_heads=8,
        num_key_value_heads=size(1, 2),
        head_dim=size(12, 8, 16),
        global_head_dim=size(24, 16, 40),
        sliding_window=size(32, 17, 5),
        hidden_size_per_layer_input=size(12, 16, 20),
    )
    text["vocab_size_per_layer_input"] = text["vocab_size"]
    return Gemma4Config(
        text_config=text,
        vision_config=tower_keys(size, use_clipped_linears=True),
        audio_config=None,
        **special_ids(text["vocab_size"]),
    )


def experts(size: Sizes) -> PreTrainedConfig:
    """26B-A4B: experts beside a dense branch, K = V in full layers, standardised tower."""
    pattern = size("sssfsf", "ssf", "sfssf")
    text = text_keys(
        size,
        hidden_size=size(44, 52, 36),
        intermediate_size=size(33, 40, 57),
        num_hidden_layers=len(pattern),
        layer_types=layers(pattern),
        num_attention_heads=16,
        num_key_value_heads=8,
        num_global_key_value_heads=2,
        head_dim=size(8, 12),
        global_head_dim=size(24, 16),
        sliding_window=size(16, 24, 31),
        attention_k_eq_v=True,
        use_bidirectional_attention="vision",
        enable_moe_block=True,
        num_experts=size(13, 16, 10),
        top_k_experts=size(4, 3, 5),
        moe_intermediate_size=size(11, 16, 21),
    )
    return Gemma4Config(
        text_config=text,
        vision_config=tower_keys(size, standardize=True),
        audio_config=None,
        **special_ids(text["vocab_size"]),
    )


def dense(size: Sizes) -> PreTrainedConfig:
    """31B: 32 heads over 16 and 4 become 8 over 4 and 1; K = V in full layers, standardised tower."""
    pattern = size("ssfssf", "sfssf", "sssssfsff")
    text = text_keys(
        size,
        hidden_size=size(60, 72, 52),
        intermediate_size=size(92, 75, 110),
        num_hidden_layers=len(pattern),
        layer_types=layers(pattern),
        num_attention_heads=8,
        num_key_value_heads=4,
        num_global_key_value_heads=1,
        head_dim=size(20, 16, 12),
        global_head_dim=size(40, 32, 24),
        sliding_window=size(80, 61, 100),
        attention_k_eq_v=True,
        use_bidirectional_attention="vision",
    )
    return Gemma4Config(
        text_config=text,
        vision_config=tower_keys(size, standardize=True),
        audio_config=None,
        **special_ids(text["vocab_size"]),
    )


def text_model(size: Sizes, pattern: str, **keys: object) -> PreTrainedConfig:
    """A text-only save of as many layers as `pattern` has letters. It names a number of global K/V heads, which
    must be ignored without attention_k_eq_v."""
    return Gemma4TextConfig(
        **text_keys(
            size,
            num_hidden_layers=len(pattern),
            layer_types=layers(pattern),
            num_global_key_value_heads=1,
            sliding_window=size(19, 16, 32),
            **keys,
        )
    )


def text_only(size: Sizes) -> PreTrainedConfig:
    """Another prefix, the text configuration alone, V projected in full layers."""
    return text_model(
        size,
        "sfssf",
        hidden_size=size(50, 64, 36),
        intermediate_size=size(70, 101, 88),
        num_attention_heads=6,
        num_key_value_heads=size(2, 3),
        head_dim=size(16, 10, 14),
        global_head_dim=size(28, 20, 36),
    )


def fp8_text_only(size: Sizes) -> PreTrainedConfig:
    """Sizes that are multiples of 16, as FP8 needs them."""
    return text_model(
        size,
        "sfsf",
        hidden_size=size(48, 64, 32),
        intermediate_size=size(80, 112, 96),
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=16,
        global_head_dim=size(24, 32, 40),
    )


def text_prompt(size: Sizes) -> Prompt:
    return Prompt("text", (size(149, 121, 200),))


def image_prompts(size: Sizes, budget: int) -> list[Prompt]:
    """One picture, and two in one prompt, of which the second is narrow enough to be one row of blocks."""
    return [
        text_prompt(size),
        Prompt("image", (size(40, 3, 70), size(31, 9, 50)), ((size(123, 60, 411), size(97, 201, 80), budget),)),
        Prompt(
            "two_images",
            (size(5, 1, 20), size(1, 7), size(21, 40)),
            ((size(31, 64), size(60, 25), size(70, 140)), (size(900, 1100), size(17, 21), 70)),
        ),
    ]


VARIANTS = [
    Variant("unified", Gemma4UnifiedForConditionalGeneration, unified, lambda size: image_prompts(size, 70), original=True),
    Variant("e_series", Gemma4ForConditionalGeneration, e_series, lambda size: image_prompts(size, 140), original=True),
    Variant("experts", Gemma4ForConditionalGeneration, experts, lambda size: image_prompts(size, 70)),
    Variant("dense", Gemma4ForConditionalGeneration, dense, lambda size: image_prompts(size, 280)),
    Variant("text_only", Gemma4ForCausalLM, text_only, lambda size: [text_prompt(size)]),
    Variant("text_only_f32", Gemma4ForCausalLM, text_only, lambda size: [text_prompt(size)], dtype="float32"),
    Variant("fp8_torchao", Gemma4ForCausalLM, fp8_text_only, lambda size: [text_prompt(size)], quantised="torchao"),
    Variant(
        "fp8_compressed_tensors",
        Gemma4ForCausalLM,
        fp8_text_only,
        lambda size: [text_prompt(size)],
        quantised="compressed-tensors",
    ),
]
