"""The released models in miniature: their heads, their experts and the order of their layers at sizes that graphics
cards compute, narrow, of few layers, and with a window that a prompt of 150 tokens is longer than."""

from transformers import PreTrainedConfig

from released import TOWERS, build

VOCABULARY = 1024
TEXT = {"head_dim": 32, "global_head_dim": 64, "sliding_window": 48}
E_TEXT = TEXT | {"hidden_size_per_layer_input": 32}
TOWER = {"num_attention_heads": 2, "num_key_value_heads": 2, "intermediate_size": 176, "num_hidden_layers": 3}
# E4B's and 31B's widths are not multiples of 16, which FP8 needs, and one of them not even of 8.
SIZES = {
    "e2b": E_TEXT | {"hidden_size": 192, "intermediate_size": 256, "num_kv_shared_layers": 5},
    "e4b": E_TEXT | {"hidden_size": 200, "intermediate_size": 320, "num_kv_shared_layers": 6},
    "12b": TEXT | {"hidden_size": 320, "intermediate_size": 384},
    "26b": TEXT | {"hidden_size": 224, "intermediate_size": 160, "moe_intermediate_size": 48},
    "31b": TEXT | {"hidden_size": 352, "intermediate_size": 500},
}
PATTERNS = {"e2b": "ssssf" * 3, "e4b": "sssssf" * 3, "12b": "sssssf" * 2, "26b": "sssssf" * 2, "31b": "sssssf" * 2}
# Of which every expert is chosen, so that rounding changes no choice.
ALL_EXPERTS = "26b_all"
MINIATURES = [*SIZES, ALL_EXPERTS]


def miniature(name: str) -> PreTrainedConfig:
    """One of MINIATURES."""
    sizes = SIZES["26b"] | {"num_experts": 8, "top_k_experts": 8} if name == ALL_EXPERTS else SIZES[name]
    name = "26b" if name == ALL_EXPERTS else name
    tower = TOWER | {"hidden_size": 2 * TOWERS[name]["head_dim"]} if name in TOWERS else {}
    return build(name, PATTERNS[name], VOCABULARY, sizes, tower)
