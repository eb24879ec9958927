"""The training forward: the same computation and the same tensor names as transformers' gemma4_unified, only faster.

Packed rows with a document mask go through flex attention on the GPU; elsewhere a dense mask does. `verify.py` holds it
against transformers' own forward.
"""

from __future__ import annotations


import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention
from transformers import Gemma4UnifiedConfig

from . import vocabulary as v


def rms(x: torch.Tensor, weight: torch.Tensor | None, eps: float = 1e-6) -> torch.Tensor:
    y = x.float()
    y = y * torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + eps)
    return (y * weight if weight is not None else y).type_as(x)


class Norm(nn.Module):
    def __init__(self, size: int, start: float = 1.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.full((size,), start))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return rms(x, self.weight)


def rope_table(positions: torch.Tensor, head_dim: int, full: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """cos and sin [positions, head_dim]: all pairs turn in sliding layers, the first quarter in full ones (gemma4.md 2.2)."""
    half = head_dim // 2
    theta = 1e6 if full else 1e4
    frequency = theta ** (-2 * torch.arange(half, dtype=torch.float32, device=positions.device) / head_dim)
    if full:
        frequency[int(0.25 * half) :] = 0
    angle = positions.float()[:, None] * frequency[None]
    angle = torch.cat([angle, angle], dim=-1)
    return angle.cos(), angle.sin()


def rotate(x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """x [batch, heads, positions, head_dim]"""
    half = x.shape[-1] // 2
    turned = torch.cat([-x[..., half:], x[..., :half]], dim=-1)
    return (x * cos + turned * sin).type_as(x)


Mask = BlockMask | torch.Tensor


class Attention(nn.Module):
    def __init__(self, config, layer: int) -> None:
        super().__init__()
        self.full = config.layer_types[layer] == "full_attention"
        own = config.per_layer_config[layer]
        self.head_dim, self.heads, self.kv_heads = own.head_dim, config.num_attention_heads, own.num_key_value_heads
        hidden = config.hidden_size
        self.q_proj = nn.Linear(hidden, self.heads * self.head_dim, bias=False)
        self.k_proj = nn.Linear(hidden, self.kv_heads * self.head_dim, bias=False)
        self.v_proj = None if self.full else nn.Linear(hidden, self.kv_heads * self.head_dim, bias=False)
        self.o_proj = nn.Linear(self.heads * self.head_dim, hidden, bias=False)
        # Scores are not divided by sqrt(head_dim), so the norms start with that factor between them.
        self.q_norm, self.k_norm = Norm(self.head_dim, self.head_dim**-0.25), Norm(self.head_dim, self.head_dim**-0.25)

    def keys_values(self, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        batch, length, _ = x.shape
        raw_k = self.k_proj(x).view(batch, length, self.kv_heads, self.head_dim).transpose(1, 2)
        raw_v = (
            raw_k
            if self.v_proj is None
            else self.v_proj(x).view(batch, length, self.kv_heads, self.head_dim).transpose(1, 2)
        )
        return rotate(self.k_norm(raw_k), cos, sin), rms(raw_v, None)

    def forward(self, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, mask: Mask) -> torch.Tensor:
        batch, length, _ = x.shape
        q = rotate(self.q_norm(self.q_proj(x).view(batch, length, self.heads, self.head_dim).transpose(1, 2)), cos, sin)
        k, value = self.keys_values(x, cos, sin)
        if isinstance(mask, torch.Tensor):
            out = F.scaled_dot_product_attention(q, k, value, attn_mask=mask, scale=1.0, enable_gqa=True)
        else:
            out = flex_attention(q, k, value, block_mask=mask, scale=1.0, enable_gqa=True)
        return self.o_proj(out.transpose(1, 2).reshape(batch, length, -1))


class Mlp(nn.Module):
    def __init__(self, hidden: int, inner: int) -> None:
        super().__init__()
        self.gate_proj, self.up_proj = nn.Linear(hidden, inner, bias=False), nn.Linear(hidden, inner, bias=False)
        self.down_proj = nn.Linear(inner, hidden, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.down_proj(F.gelu(self.gate_proj(x), approximate="tanh") * self.up_proj(x))


class Layer(nn.Module):
    def __init__(self, config, layer: int) -> None:
        super().__init__()
        hidden = config.hidden_size
        self.self_attn = Attention(config, layer)
        self.mlp = Mlp(hidden, config.intermediate_size)
        self.input_layernorm, self.post_attention_layernorm = Norm(hidden), Norm(hidden)
        self.pre_feedforward_layernorm, self.post_feedforward_layernorm = Norm(hidden), Norm(hidden)
        self.layer_scalar = nn.Parameter(torch.ones(1))

    def forward(self, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, mask: Mask) -> torch.Tensor:
        x = x + self.post_attention_layernorm(self.self_attn(self.input_layernorm(x), cos, sin, mask))
        x = x + self.post_feedforward_layernorm(self.mlp(self.pre_feedforward_layernorm(x)))
        return x * self.layer_scalar.type_as(x)


class Projection(nn.Module):
    def __init__(self, inner: int, hidden: int) -> None:
        super().__init__()
        self.embedding_projection = nn.Linear(inner, hidden, bias=False)


class VisionEmbedder(nn.Module):
    """48-pixel blocks to soft tokens (gemma4.md 5.4)."""

    def __init__(self, inner: int, hidden: int, places: int) -> None:
        super().__init__()
        self.patch_ln1, self.patch_dense, self.patch_ln2 = (
            nn.LayerNorm(6912),
            nn.Linear(6912, inner),
            nn.LayerNorm(inner),
        )
        self.pos_embedding = nn.Parameter(torch.randn(places, 2, inner) * 0.02)
        self.pos_norm = nn.LayerNorm(inner)
        self.multimodal_embedder = Projection(inner, hidden)

    def forward(self, blocks: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
        x = self.patch_ln2(self.patch_dense(self.patch_ln1(blocks)))
        x = x + self.pos_embedding[positions[:, 0], 0] + self.pos_embedding[positions[:, 1], 1]
        return self.multimodal_embedder.embedding_projection(rms(self.pos_norm(x), None))


class TextStack(nn.Module):
    def __init__(self, config) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.layers = nn.ModuleList(Layer(config, i) for i in range(config.num_hidden_layers))
        self.norm = Norm(config.hidden_size)


class Pebble(nn.Module):
    """Pebble without transformers around it; `state_dict` has the names below `model.` of a transformers checkpoint."""

    def __init__(self, config: Gemma4UnifiedConfig) -> None:
        super().__init__()
        text = config.text_config
        self.text = text
        self.language_model = TextStack(text)
        self.embed_vision = VisionEmbedder(
            config.vision_config.mm_embed_dim, text.hidden_size, config.vision_config.mm_posemb_size
        )
        # The reference rounds the factor to the weights' type.
        self.embed_scale = float(torch.tensor(text.hidden_size**0.5).bfloat16())
        self.run_layer = lambda layer, x, cos, sin, mask: layer(x, cos, sin, mask)
        self._start()

    def _start(self) -> None:
        hidden = self.text.hidden_size
        nn.init.normal_(self.language_model.embed_tokens.weight, std=hidden**-0.5)
        for name, p in self.named_parameters():
            if name.endswith("proj.weight") or name.endswith(("patch_dense.weight", "embedding_projection.weight")):
                nn.init.normal_(p, std=0.7 * p.shape[1] ** -0.5)
        for p in (self.embed_vision.patch_dense.bias,):
            nn.init.zeros_(p)

    def ropes(self, length: int, device: torch.device, start: int = 0) -> dict[bool, tuple[torch.Tensor, torch.Tensor]]:
        at = torch.arange(start, start + length, device=device)
        return {
            False: rope_table(at, self.text.per_layer_config["sliding_attention"].head_dim, False),
            True: rope_table(at, self.text.per_layer_config["full_attention"].head_dim, True),
        }

    def embed(
        self,
        ids: torch.Tensor,
        image_places: torch.Tensor | None = None,
        blocks: torch.Tensor | None = None,
        positions: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """ids [batch, length]; image_places: flat places of the soft tokens, in the order of `blocks`."""
        x = self.language_model.embed_tokens(ids.masked_fill(ids == v.IMAGE, v.PAD)) * self.embed_scale
        if torch.is_autocast_enabled(x.device.type):
            x = x.bfloat16()
        if image_places is not None and len(image_places):
            soft = self.embed_vision(blocks, positions)
            x = x.reshape(-1, x.shape[-1]).index_copy(0, image_places, soft.type_as(x)).view(x.shape)
        return x

    def body(
        self, x: torch.Tensor, masks: dict[bool, Mask], taps: list[int] | None = None
    ) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """The layers; `taps` are indices k of residual streams R_k to hand out (speculation.md 0.2). No final norm."""
        ropes = self.ropes(x.shape[1], x.device)
        out = []
        for i, layer in enumerate(self.language_model.layers):
            full = layer.self_attn.full
            x = self.run_layer(layer, x, *ropes[full], masks[full])
            if taps and i + 1 in taps:
                out.append(x)
        return x, out

    def final(self, x: torch.Tensor) -> torch.Tensor:
        return self.language_model.norm(x)

    def logits(self, y: torch.Tensor) -> torch.Tensor:
        z = F.linear(y, self.language_model.embed_tokens.weight.type_as(y)).float()
        return 30 * torch.tanh(z / 30)


# The models' authors let image tokens see each other in sliding layers only (gemma4.md 5.6); transformers 5.17 does so
# in all layers when it generates. `runs_in_full` chooses; Pebble is trained with both, so that it works in both.
def block_masks(
    documents: torch.Tensor, runs: torch.Tensor, window: int, runs_in_full: bool = False
) -> dict[bool, BlockMask]:
    """Masks for packed rows: same document, causal; image runs whole; sliding layers also a window. True: full layers."""
    batch, length = documents.shape

    def full(b, h, q, k):
        return (documents[b, q] == documents[b, k]) & (k <= q)

    def full_with_runs(b, h, q, k):
        same_run = (runs[b, q] == runs[b, k]) & (runs[b, q] >= 0)
        return (documents[b, q] == documents[b, k]) & ((k <= q) | same_run)

    def sliding(b, h, q, k):
        same_run = (runs[b, q] == runs[b, k]) & (runs[b, q] >= 0)
        return (documents[b, q] == documents[b, k]) & (k > q - window) & ((k <= q) | same_run)

    make = lambda f: create_block_mask(
        f, batch, None, length, length, device=documents.device, _compile=documents.is_cuda
    )
    return {True: make(full_with_runs if runs_in_full else full), False: make(sliding)}


def dense_masks(
    documents: torch.Tensor, runs: torch.Tensor, window: int, runs_in_full: bool = False
) -> dict[bool, torch.Tensor]:
    """The same masks as booleans [batch, 1, length, length]."""
    at = torch.arange(documents.shape[1], device=documents.device)
    q, k = at[:, None], at[None, :]
    same = documents[:, :, None] == documents[:, None, :]
    run = (runs[:, :, None] == runs[:, None, :]) & (runs[:, :, None] >= 0)
    full = same & ((k <= q) | run) if runs_in_full else same & (k <= q)
    return {True: full[:, None], False: (same & (k > q - window) & ((k <= q) | run))[:, None]}


def parameters_count(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())
