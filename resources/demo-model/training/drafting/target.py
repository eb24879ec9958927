"""What every drafter takes from the frozen target: features, keys and values, and the distribution to imitate."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention

from pebble import model as m

TAPS = [2, 4, 5, 6, 8, 9]  # residual streams R_k; R_8 and R_9 also give the last sliding and the last full K/V


@dataclass
class Target:
    """ids, documents [rows, length]; x: scaled embeddings, y: after the final norm, both [rows, length, hidden];
    residual: R_k by k; sliding, full: keys and values [rows, kv heads, length, head dim]."""

    base: m.Pebble
    ids: torch.Tensor
    documents: torch.Tensor
    x: torch.Tensor
    y: torch.Tensor
    residual: dict[int, torch.Tensor]
    sliding: tuple[torch.Tensor, torch.Tensor]
    full: tuple[torch.Tensor, torch.Tensor]

    def embed(self, ids: torch.Tensor) -> torch.Tensor:
        return (self.base.language_model.embed_tokens(ids) * self.base.embed_scale).type_as(self.x)

    def logits(self, rows: torch.Tensor) -> torch.Tensor:
        """Target logits of flat rows, fp32, without gradient."""
        with torch.no_grad():
            return self.base.logits(self.y.reshape(-1, self.y.shape[-1])[rows])


@torch.no_grad()
def look(base: m.Pebble, ids: torch.Tensor, documents: torch.Tensor, masks: dict, x: torch.Tensor) -> Target:
    """Runs the target once over rows whose embeddings (pictures included) are `x`."""
    stream, tapped = base.body(x, masks, TAPS)
    residual = dict(zip(TAPS, tapped))
    ropes = base.ropes(ids.shape[1], ids.device)
    keys = []
    for layer in base.language_model.layers[-2:]:
        own = layer.self_attn
        keys.append(
            own.keys_values(layer.input_layernorm(residual[8] if not own.full else residual[9]), *ropes[own.full])
        )
    return Target(base, ids, documents, x, base.final(stream), residual, keys[0], keys[1])


def shifted(t: torch.Tensor, by: int) -> torch.Tensor:
    """Row p of the result is row p + by of `t`; zeros where there is none. Along dimension 1."""
    if by == 0:
        return t
    out = torch.zeros_like(t)
    if by > 0:
        out[:, :-by] = t[:, by:]
    else:
        out[:, -by:] = t[:, :by]
    return out


def attend(
    q: torch.Tensor, k: torch.Tensor, value: torch.Tensor, mask: BlockMask | torch.Tensor, scale: float
) -> torch.Tensor:
    if isinstance(mask, torch.Tensor):
        return F.scaled_dot_product_attention(
            q, k.type_as(q), value.type_as(q), attn_mask=mask, scale=scale, enable_gqa=True
        )
    return flex_attention(q, k.type_as(q), value.type_as(q), block_mask=mask, scale=scale, enable_gqa=True)


def make_mask(rule, rows: int, queries: int, keys: int, device: torch.device, dense: bool) -> BlockMask | torch.Tensor:
    """`rule(b, h, q, k)` as a block mask, or as booleans [rows, 1, queries, keys]."""
    if not dense:
        return create_block_mask(rule, rows, None, queries, keys, device=device, _compile=device.type == "cuda")
    b = torch.arange(rows, device=device)[:, None, None]
    q = torch.arange(queries, device=device)[None, :, None]
    k = torch.arange(keys, device=device)[None, None, :]
    return rule(b, 0, q, k)[:, None]


def imitation(logits: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Half cross entropy against the target's distribution, half total variation; weighted sum over rows. fp32."""
    p = torch.softmax(target, -1)
    log_q = torch.log_softmax(logits, -1)
    cross = -(p * log_q).sum(-1)
    variation = 0.5 * (p - log_q.exp()).abs().sum(-1)
    return ((0.5 * cross + 0.5 * variation) * weight).sum()
