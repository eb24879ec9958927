"""Float32 arithmetic over the weights of a bf16 model that would not fit twice as wide."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from transformers import PreTrainedModel


def decoder_layers(model: PreTrainedModel) -> list[nn.Module]:
    return [module for module in model.modules() if type(module).__name__.endswith("TextDecoderLayer")]


@contextmanager
def widened(model: PreTrainedModel) -> Iterator[None]:
    """Widens each layer of the decoder for the length of its pass, and everything else until the end. bf16 → float32
    → bf16 changes no weight, and the embedding factors keep the rounding of bf16 (see README.md)."""
    layers = decoder_layers(model)
    of_layers = {id(parameter) for layer in layers for parameter in layer.parameters()}
    others = [parameter for parameter in model.parameters() if id(parameter) not in of_layers]
    hooks = []
    for layer in layers:
        hooks.append(layer.register_forward_pre_hook(lambda layer, _: widen(layer)))
        hooks.append(layer.register_forward_hook(lambda layer, *_: narrow(layer)))
    try:
        for parameter in others:
            parameter.data = parameter.data.float()
        yield
    finally:
        for hook in hooks:
            hook.remove()
        for parameter in others:
            parameter.data = parameter.data.to(torch.bfloat16)


def widen(layer: nn.Module) -> None:
    layer.float()


def narrow(layer: nn.Module) -> None:
    layer.to(torch.bfloat16)
