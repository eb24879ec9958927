"""The released models at their true widths: all of their layers, or a stack of fewer over a smaller vocabulary."""


import torch
from transformers import (
    Gemma4Config,
    Gemma4ForConditionalGeneration,
    Gemma4UnifiedConfig,
    Gemma4UnifiedForConditionalGeneration,
    PreTrainedConfig,
    PreTrainedModel,
)
from transformers.initialization import no_init_weights

from make import set_clips
from reference import special
from variants import layers, special_ids
from weights import fill

VOCABULARY = 262144
POSITIONS = 131072
QUIET = 16
EXPERTS_DAMPED = 8

# What the text configurations of more than one model share.
E_SERIES = {
    "num_attention_heads": 8,
    "sliding_window": 512,
    "hidden_size_per_layer_input": 256,
}
LARGE = {
    "sliding_window": 1024,
    "attention_k_eq_v": True,
    "use_bidirectional_attention": "vision",
}
TEXT = {
    "e2b": E_SERIES
    | {
        "hidden_size": 1536,
        "intermediate_size": 6144,
        "num_key_value_heads": 1,
        "num_kv_shared_layers": 20,
        "use_double_wide_mlp": True,
    },
    "e4b": E_SERIES
    | {
        "hidden_size": 2560,
        "intermediate_size": 10240,
        "num_key_value_heads": 2,
        "num_kv_shared_layers": 18,
    },
    "12b": LARGE
    | {
        "hidden_size": 3840,
        "intermediate_size": 15360,
        "num_attention_heads": 16,
        "num_key_value_heads": 8,
        "num_global_key_value_heads": 1,
    },
    "26b": LARGE
    | {
        "hidden_size": 2816,
        "intermediate_size": 2112,
        "num_attention_heads": 16,
        "num_key_value_heads": 8,
        "num_global_key_value_heads": 2,
        "enable_moe_block": True,
        "num_experts": 128,
        "top_k_experts": 8,
        "moe_intermediate_size": 704,
    },
    "31b": LARGE
    | {
        "hidden_size": 5376,
        "intermediate_size": 21504,
        "num_attention_heads": 32,
        "num_key_value_heads": 16,
        "num_global_key_value_heads": 4,
    },
}
PATTERNS = {
    "e2b": "ssssf" * 7,
    "e4b": "sssssf" * 7,
    "12b": "sssssf" * 8,
    "26b": "sssssf" * 5,
    "31b": "sssssf" * 10,
}
SMALL_TOWER = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 16,
    "num_attention_heads": 12,
    "num_key_value_heads": 12,
    "head_dim": 64,
    "use_clipped_linears": True,
}
LARGE_TOWER = {
    "hidden_size": 1152,
    "intermediate_size": 4304,
    "num_hidden_layers": 27,
    "num_attention_heads": 16,
    "num_key_value_heads": 16,
    "head_dim": 72,
    "standardize": True,
}
TOWERS = {"e2b": SMALL_TOWER, "e4b": SMALL_TOWER, "26b": LARGE_TOWER, "31b": LARGE_TOWER}


def config(
    name: str, pattern: str = "", vocabulary: int = VOCABULARY, tower_layers: int | None = None
) -> PreTrainedConfig:
    """The released model's, or with the layers of `pattern`, one letter each, and so many layers of the tower."""
    tower = {} if tower_layers is None else {"num_hidden_layers": tower_layers}
    return build(name, pattern or PATTERNS[name], vocabulary, {}, tower)


def build(
    name: str, pattern: str, vocabulary: int, text: dict[str, object], tower: dict[str, object]
) -> PreTrainedConfig:
    text = {
        "vocab_size": vocabulary,
        "num_hidden_layers": len(pattern),
        "layer_types": layers(pattern),
        "head_dim": 256,
        "global_head_dim": 512,
        "final_logit_softcapping": 30.0,
        "pad_token_id": 0,
        "bos_token_id": 2,
        "eos_token_id": 1,
        "max_position_embeddings": POSITIONS,
        **TEXT[name],
        **text,
    }
    if name == "12b":
        width = text["hidden_size"]
        vision = {"mm_embed_dim": width, "output_proj_dims": width, "mm_posemb_size": 1120}
        return Gemma4UnifiedConfig(
            text_config=text, vision_config=vision, audio_config=None, **special_ids(vocabulary)
        )
    text = {"vocab_size_per_layer_input": vocabulary, "hidden_size_per_layer_input": 0, **text}
    tower = {**TOWERS[name], "rope_parameters": {"rope_type": "axial", "rope_theta": 100.0}, **tower}
    return Gemma4Config(text_config=text, vision_config=tower, audio_config=None, **special_ids(vocabulary))


def make(config: PreTrainedConfig, device: str, seed: int) -> PreTrainedModel:
    """A random bf16 model of the configuration, in the plain forms of attention and experts."""
    unified = isinstance(config, Gemma4UnifiedConfig)
    model = Gemma4UnifiedForConditionalGeneration if unified else Gemma4ForConditionalGeneration
    with no_init_weights(), torch.device(device):
        result = model._from_config(
            config, dtype=torch.bfloat16, attn_implementation="eager", experts_implementation="eager"
        )
    result.tie_weights()
    fill(result.eval(), seed)
    set_clips(result, seed)
    temper(result)
    return result


def temper(model: PreTrainedModel) -> None:
    """Makes the first layers of many show in the logits, and the tied head not repeat the token that was read. Where
    bf16 can change which experts are chosen, lets them have less of a say: with all of it one changed choice changes
    the next layers' choices, and after a few layers the comparison says nothing."""
    text = model.config.get_text_config()
    choosing = getattr(text, "enable_moe_block", False) and text.top_k_experts < text.num_experts
    for name, values in model.state_dict().items():
        if name.endswith("layer_scalar"):
            values.copy_(1 - values / 8)  # 0.875 to 0.96
        elif choosing and name.endswith("post_feedforward_layernorm_2.weight"):
            values /= EXPERTS_DAMPED
        elif name.endswith("language_model.norm.weight"):
            values *= QUIET
    embeddings = model.get_input_embeddings().weight.data
    embeddings /= QUIET
    embeddings[special(model)] /= QUIET  # and no image begins in the middle of a text
