"""Random weights that exercise every formula: nothing is 0, 1 or symmetric, logits reach the soft cap, clips clip."""

import math
from collections.abc import Callable

import torch
from transformers import PreTrainedModel
from transformers.models.gemma4.modeling_gemma4 import Gemma4ClippableLinear

# Logits of about ±10 before the cap of 30: 30·tanh(l/30) then takes off several per cent of the large ones.
FINAL_NORM = 10.0


def fill(model: PreTrainedModel, seed: int) -> None:
    """Draws every parameter and buffer that is stored, in the order of their names."""
    chance = torch.Generator(model.device).manual_seed(seed)
    stored = dict(sorted(model.state_dict(keep_vars=True).items()))
    with torch.no_grad():
        for name, tensor in stored.items():
            if name != "lm_head.weight":
                tensor.copy_(draw(name, tensor, chance))


def draw(name: str, like: torch.Tensor, chance: torch.Generator) -> torch.Tensor:
    def normal(mean: float, deviation: float) -> torch.Tensor:
        return torch.randn(like.shape, generator=chance, device=chance.device).mul_(deviation).add_(mean)

    def between(low: float, high: float) -> torch.Tensor:
        return low + (high - low) * torch.rand(like.shape, generator=chance, device=chance.device)

    leaf = name.removesuffix(".weight").split(".")[-1]
    if leaf == "layer_scalar":
        return between(0.3, 1.0)
    if leaf == "std_bias":
        return normal(0.0, 2.0)
    if leaf in ("std_scale", "per_expert_scale"):
        return between(0.5, 1.5)
    if leaf == "scale":  # the router's
        return between(1.0, 3.0)
    if leaf.endswith("_min") or leaf.endswith("_max"):  # clips: calibrated afterwards
        return torch.full_like(like, -1e4 if leaf.endswith("_min") else 1e4)
    if name.endswith("language_model.norm.weight") or name == "model.norm.weight":
        return FINAL_NORM * normal(1.0, 0.2)
    if leaf in ("q_norm", "k_norm"):
        # Scores are not divided by anything: weights of 1 would give them a deviation of sqrt(head width), and a
        # stack of near-argmax attentions magnifies the last bit of float32 a thousandfold. This keeps it near 1.5.
        return normal(1.0, 0.2) * math.sqrt(1.5 / math.sqrt(like.shape[-1]))
    if leaf.endswith("norm") or "layernorm" in leaf or leaf in ("patch_ln1", "patch_ln2"):
        return normal(1.0, 0.2)
    if leaf == "bias":
        return normal(0.0, 0.2)
    if leaf == "embed_tokens":  # multiplied by sqrt(hidden) when it is read
        return normal(0.0, 1.0 / math.sqrt(like.shape[-1]))
    if leaf == "embed_tokens_per_layer":
        return normal(0.0, 0.3)
    if leaf in ("position_embedding_table", "pos_embedding"):
        return normal(0.0, 0.5)
    return normal(0.0, 1.2 / math.sqrt(like.shape[-1]))  # a linear's [out, in]


def calibrate_clips(model: PreTrainedModel, run: Callable[[], object]) -> None:
    """Sets the limits of every clipped linear so that a few per cent of its inputs and of its outputs are cut,
    from what flows through it while `run` embeds a picture."""
    linears = [module for module in model.modules() if isinstance(module, Gemma4ClippableLinear)]
    chance = torch.Generator().manual_seed(len(linears))

    def limits(values: torch.Tensor, low: torch.Tensor, high: torch.Tensor) -> None:
        cut = 0.01 + 0.05 * torch.rand(2, generator=chance)
        flat = values.flatten().float().sort().values
        low.fill_(flat[int(cut[0] * len(flat))])
        high.fill_(flat[int((1 - cut[1]) * len(flat))])

    def before(linear: Gemma4ClippableLinear, inputs: tuple[torch.Tensor, ...]) -> None:
        limits(inputs[0], linear.input_min, linear.input_max)
        clipped = inputs[0].clamp(linear.input_min, linear.input_max)
        limits(linear.linear(clipped), linear.output_min, linear.output_max)

    hooks = [linear.register_forward_pre_hook(before) for linear in linears]
    try:
        with torch.no_grad():
            run()
    finally:
        for hook in hooks:
            hook.remove()
