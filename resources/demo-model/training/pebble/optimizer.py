"""Muon for the matrices, Adam for everything else; steps of equal shapes are taken together."""

from __future__ import annotations

import torch
from torch import nn


def orthogonal(g: torch.Tensor, steps: int = 5) -> torch.Tensor:
    """Newton–Schulz towards the nearest orthogonal matrix, in bf16. g [matrices, rows, columns]"""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = g.bfloat16()
    flipped = x.shape[-2] > x.shape[-1]
    if flipped:
        x = x.mT
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(steps):
        s = x @ x.mT
        x = a * x + (b * s + c * s @ s) @ x
    return x.mT if flipped else x


class Muon:
    def __init__(
        self, parameters: list[nn.Parameter], rate: float, momentum: float = 0.95, decay: float = 0.02
    ) -> None:
        self.rate, self.momentum, self.decay = rate, momentum, decay
        self._groups: dict[tuple, list[nn.Parameter]] = {}
        for p in parameters:
            self._groups.setdefault(tuple(p.shape), []).append(p)
        self._moments = {shape: torch.zeros(len(ps), *shape, device=ps[0].device) for shape, ps in self._groups.items()}

    @torch.no_grad()
    def step(self, factor: float) -> None:
        for shape, ps in self._groups.items():
            grads = torch.stack([p.grad for p in ps])
            moment = self._moments[shape]
            moment.lerp_(grads, 1 - self.momentum)
            update = orthogonal(grads.lerp(moment, self.momentum)).float()
            size = self.rate * factor * max(1.0, shape[0] / shape[1]) ** 0.5
            torch._foreach_mul_(ps, 1 - self.decay * self.rate * factor)
            torch._foreach_add_(ps, list(update.unbind(0)), alpha=-size)


class Optimizer:
    """Both together. `factor` is the learning-rate schedule's value for this step."""

    def __init__(self, model: nn.Module, muon_rate: float = 0.02, adam_rate: float = 3e-3) -> None:
        matrices, others = [], []
        for name, p in model.named_parameters():
            if not p.requires_grad:
                continue
            (matrices if p.ndim == 2 and not name.endswith(_TABLES) else others).append(p)
        self._muon = Muon(matrices, muon_rate)
        self._adam = torch.optim.AdamW(
            others, lr=adam_rate, betas=(0.9, 0.95), eps=1e-10, weight_decay=0.0, fused=others[0].is_cuda
        )
        self._adam_rate = adam_rate
        self._all = matrices + others

    def step(self, factor: float) -> None:
        torch.nn.utils.clip_grad_norm_(self._all, 1.0)
        for group in self._adam.param_groups:
            group["lr"] = self._adam_rate * factor
        self._muon.step(factor)
        self._adam.step()
        for p in self._all:
            p.grad = None


_TABLES = (
    "embed_tokens.weight",
    "markov_w1.weight",
    "markov_w2.weight",
    "lm_head.weight",
    "confidence_head.proj.weight",
)
