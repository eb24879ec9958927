"""A DSpark head: Gemma blocks over a block of the anchor and six masks, with Markov and confidence heads (speculation.md 1)."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from pebble import vocabulary as v
from pebble.model import Mlp, Norm, rms, rope_table, rotate

from .target import Target, attend, make_mask

HIDDEN, INNER, HEADS, HEAD_DIM, BLOCK, RANK, LAYERS = 384, 512, 4, 128, 7, 32, 2
STREAMS = [2, 4, 6, 8, 9]  # R_k; written to the config as outputs of layers, k - 1


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.q_proj, self.k_proj = nn.Linear(HIDDEN, HEADS * HEAD_DIM, bias=False), nn.Linear(
            HIDDEN, HEAD_DIM, bias=False
        )
        self.o_proj = nn.Linear(HEADS * HEAD_DIM, HIDDEN, bias=False)
        self.q_norm, self.k_norm = Norm(HEAD_DIM, HEAD_DIM**-0.25), Norm(HEAD_DIM, HEAD_DIM**-0.25)

    def keys_values(self, x: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        raw = self.k_proj(x)[:, None]
        return rotate(self.k_norm(raw), cos, sin), rms(raw, None)


class Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.self_attn, self.mlp = Attention(), Mlp(HIDDEN, INNER)
        self.input_layernorm, self.post_attention_layernorm = Norm(HIDDEN), Norm(HIDDEN)
        self.pre_feedforward_layernorm, self.post_feedforward_layernorm = Norm(HIDDEN), Norm(HIDDEN)
        self.layer_scalar = nn.Parameter(torch.ones(1))

    def forward(self, h, context, context_rope, block_rope, mask):
        """h [rows, queries, HIDDEN]; context [rows, length, HIDDEN] feeds keys and values without the input norm."""
        rows, queries, _ = h.shape
        own = self.self_attn
        x = self.input_layernorm(h)
        q = rotate(own.q_norm(own.q_proj(x).view(rows, queries, HEADS, HEAD_DIM).transpose(1, 2)), *block_rope)
        k1, v1 = own.keys_values(context, *context_rope)
        k2, v2 = own.keys_values(x, *block_rope)
        out = (
            attend(q, torch.cat([k1, k2], 2), torch.cat([v1, v2], 2), mask, 1.0)
            .transpose(1, 2)
            .reshape(rows, queries, -1)
        )
        h = h + self.post_attention_layernorm(own.o_proj(out))
        h = h + self.post_feedforward_layernorm(self.mlp(self.pre_feedforward_layernorm(h)))
        return h * self.layer_scalar.type_as(h)


class Markov(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.markov_w1, self.markov_w2 = nn.Embedding(v.SIZE, RANK), nn.Linear(RANK, v.SIZE, bias=False)
        nn.init.normal_(self.markov_w1.weight, std=0.1)
        nn.init.zeros_(self.markov_w2.weight)


class Confidence(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.proj = nn.Linear(HIDDEN + RANK, 1)


class DSpark(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(len(STREAMS) * HIDDEN, HIDDEN, bias=False)
        self.hidden_norm, self.norm = Norm(HIDDEN), Norm(HIDDEN)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.markov_head, self.confidence_head = Markov(), Confidence()
        self.run_layer = lambda layer, *inputs: layer(*inputs)

    def states(self, t: Target, anchors: torch.Tensor, dense: bool = False) -> torch.Tensor:
        """anchors [rows, n]: places of x_p. States [rows, n, BLOCK, HIDDEN]; row i of a block predicts token p + 1 + i."""
        rows, n = anchors.shape
        length, device, documents = t.ids.shape[1], t.ids.device, t.documents
        context = self.hidden_norm(self.fc(torch.cat([t.residual[k] for k in STREAMS], dim=-1)))
        ids = torch.full((rows, n, BLOCK), v.MASK, device=device)
        ids[:, :, 0] = t.ids.gather(1, anchors)
        h = t.embed(ids.view(rows, n * BLOCK))
        places = (anchors[:, :, None] + torch.arange(BLOCK, device=device)).view(rows, n * BLOCK)

        def rule(b, h_, q, k):
            anchor = anchors[b, q // BLOCK]
            old = torch.clamp(k, max=length - 1)
            return torch.where(
                k < length,
                (documents[b, old] == documents[b, anchor]) & (old < anchor),
                (k - length) // BLOCK == q // BLOCK,
            )

        mask = make_mask(rule, rows, n * BLOCK, length + n * BLOCK, device, dense)
        context_rope = rope_table(torch.arange(length, device=device), HEAD_DIM, True)
        cos, sin = rope_table(places.reshape(-1), HEAD_DIM, True)
        block_rope = (cos.view(rows, 1, n * BLOCK, HEAD_DIM), sin.view(rows, 1, n * BLOCK, HEAD_DIM))
        for layer in self.layers:
            h = self.run_layer(layer, h, context, context_rope, block_rope, mask)
        return self.norm(h).view(rows, n, BLOCK, HIDDEN)

    def logits(self, t: Target, state: torch.Tensor, previous: torch.Tensor) -> torch.Tensor:
        """Head and Markov bias: state [..., HIDDEN], previous [...] the token before each row's own."""
        return t.base.logits(state) + self.markov_head.markov_w2(self.markov_head.markov_w1(previous)).float()

    def confidence(self, state: torch.Tensor, previous: torch.Tensor) -> torch.Tensor:
        """Logit of the chance that this row's proposal is accepted if the earlier ones were."""
        return self.confidence_head.proj(torch.cat([state, self.markov_head.markov_w1(previous).type_as(state)], -1))[
            ..., 0
        ].float()

    @torch.no_grad()
    def propose(self, t: Target, depth: int = BLOCK) -> torch.Tensor:
        """Greedy proposals [rows, length, depth] for every row as anchor, some at a time."""
        out = []
        for start in range(0, t.ids.shape[1], 64):
            anchors = torch.arange(start, min(start + 64, t.ids.shape[1]), device=t.ids.device)[None].expand(
                len(t.ids), -1
            )
            state = self.states(t, anchors, dense=True)
            previous, picked = t.ids.gather(1, anchors), []
            for i in range(depth):
                previous = self.logits(t, state[:, :, i], previous).argmax(-1)
                picked.append(previous)
            out.append(torch.stack(picked, -1))
        return torch.cat(out, 1)

    def save(self, folder: Path, text_config: dict) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        save_file(
            {k: t.detach().cpu().to(torch.bfloat16).contiguous() for k, t in self.state_dict().items()},
            folder / "model.safetensors",
            metadata={"format": "pt"},
        )
        config = {
            k: value
            for k, value in text_config.items()
            if k not in ("per_layer_config", "num_kv_shared_layers", "use_double_wide_mlp")
        } | {
            "architectures": ["Gemma4DSparkModel"],
            "model_type": "gemma4_unified_text",
            "target_model_type": "gemma4_unified",
            "target_text_model_type": "gemma4_unified_text",
            "num_target_layers": text_config["num_hidden_layers"],
            "num_hidden_layers": LAYERS,
            "layer_types": ["full_attention"] * LAYERS,
            "block_size": BLOCK,
            "mask_token_id": v.MASK,
            "target_layer_ids": [k - 1 for k in STREAMS],
            "markov_rank": RANK,
            "markov_head_type": "vanilla",
            "enable_confidence_head": True,
            "confidence_head_with_markov": True,
            "tie_word_embeddings": True,
            "num_anchors": 128,
            "hidden_size": HIDDEN,
            "intermediate_size": INNER,
            "num_attention_heads": HEADS,
            "global_head_dim": HEAD_DIM,
            "num_key_value_heads": 1,
            "num_global_key_value_heads": 1,
            "attention_k_eq_v": True,
            "dtype": "bfloat16",
        }
        (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")
