"""An EAGLE-3 head in the speculators format: one llama block over three residual streams (speculation.md 3)."""

from __future__ import annotations

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

from pebble import vocabulary as v
from pebble.model import Norm, rotate

from .target import Target, attend, make_mask, shifted

HIDDEN, INNER, HEADS, KV_HEADS, HEAD_DIM, THETA = 384, 512, 6, 2, 64, 10_000.0
LAYERS = [2, 5, 8]  # R_2, R_5, R_8
DRAFT_VOCABULARY, DEPTH = 4096, 5


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.q_proj = nn.Linear(2 * HIDDEN, HEADS * HEAD_DIM, bias=False)
        self.k_proj, self.v_proj = (nn.Linear(2 * HIDDEN, KV_HEADS * HEAD_DIM, bias=False) for _ in range(2))
        self.o_proj = nn.Linear(HEADS * HEAD_DIM, HIDDEN, bias=False)


class Mlp(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gate_proj, self.up_proj = (nn.Linear(HIDDEN, INNER, bias=False) for _ in range(2))
        self.down_proj = nn.Linear(INNER, HIDDEN, bias=False)


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.self_attn, self.mlp = Attention(), Mlp()
        self.input_layernorm, self.hidden_norm, self.post_attention_layernorm = Norm(HIDDEN), Norm(HIDDEN), Norm(HIDDEN)

    def forward(self, e, g, cos, sin, keys, values, mask):
        """e, g [rows, length, HIDDEN]; keys, values: of earlier steps, to which this step's are appended."""
        rows, length, _ = e.shape
        own = self.self_attn
        u = self.hidden_norm(g)
        both = torch.cat([self.input_layernorm(e), u], dim=-1)
        heads = lambda t, n: t.view(rows, length, n, HEAD_DIM).transpose(1, 2)
        k = torch.cat([*keys, rotate(heads(own.k_proj(both), KV_HEADS), cos, sin)], dim=2)
        value = torch.cat([*values, heads(own.v_proj(both), KV_HEADS)], dim=2)
        q = rotate(heads(own.q_proj(both), HEADS), cos, sin)
        out = attend(q, k, value, mask, HEAD_DIM**-0.5).transpose(1, 2).reshape(rows, length, -1)
        h = u + own.o_proj(out)
        z = self.post_attention_layernorm(h)
        h = h + self.mlp.down_proj(F.silu(self.mlp.gate_proj(z)) * self.mlp.up_proj(z))
        return h, k[:, :, -length:], value[:, :, -length:]


class Eagle3(nn.Module):
    def __init__(self, kept: torch.Tensor) -> None:
        """kept [DRAFT_VOCABULARY]: the target ids of the draft vocabulary, ascending."""
        super().__init__()
        self.fc = nn.Linear(len(LAYERS) * HIDDEN, HIDDEN, bias=False)
        self.layers = nn.ModuleList([Block()])
        self.norm = Norm(HIDDEN)
        self.lm_head = nn.Linear(HIDDEN, DRAFT_VOCABULARY, bias=False)
        self.register_buffer("kept", kept, persistent=False)
        self.run_layer = lambda layer, *inputs: layer(*inputs)

    def _rope(self, length: int, start: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
        at = torch.arange(start, start + length, device=device).float()
        angle = at[:, None] * THETA ** (-2 * torch.arange(HEAD_DIM // 2, device=device).float() / HEAD_DIM)
        angle = torch.cat([angle, angle], -1)
        return angle.cos(), angle.sin()

    def mask(self, t: Target, step: int, dense: bool):
        """Step `step` (from 0): causal over the true entries, and each chain's own later entries."""
        documents, (rows, length) = t.documents, t.documents.shape

        def rule(b, h, q, k):
            place = k % length
            return (documents[b, q] == documents[b, place]) & torch.where(k < length, place <= q, place == q)

        return make_mask(rule, rows, length, (step + 1) * length, documents.device, dense)

    def feature(self, t: Target) -> torch.Tensor:
        return self.fc(torch.cat([t.residual[k] for k in LAYERS], dim=-1))

    def logits(self, h: torch.Tensor) -> torch.Tensor:
        return self.lm_head(self.norm(h)).float()

    def states(self, t: Target, depth: int = DEPTH, dense: bool = False) -> list[torch.Tensor]:
        """States of `depth` steps fed with true tokens. Row j: feature of j, token j + 1; step k predicts token j + 2 + k."""
        g, keys, values, out = self.feature(t), [], [], []
        for k in range(depth):
            h, key, value = self.run_layer(
                self.layers[0],
                shifted(t.x, k + 1),
                g,
                *self._rope(t.ids.shape[1], k, g.device),
                keys,
                values,
                self.mask(t, k, dense),
            )
            keys, values, g = [*keys, key], [*values, value], h
            out.append(h)
        return out

    @torch.no_grad()
    def propose(self, t: Target, depth: int) -> torch.Tensor:
        """Greedy proposals [rows, length, depth]: row p as anchor proposes tokens p + 1 … p + depth."""
        g, keys, values, tokens, out = self.feature(t), [], [], shifted(t.x, 1), []
        for k in range(depth):
            h, key, value = self.layers[0](
                tokens, g, *self._rope(t.ids.shape[1], k, g.device), keys, values, self.mask(t, k, True)
            )
            keys, values, g = [*keys, key], [*values, value], h
            picked = self.kept[self.logits(h).argmax(-1)]
            tokens = t.embed(picked)
            out.append(picked)
        # Row j of the chain has its anchor at j + 1.
        return shifted(torch.stack(out, -1), -1)

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {k: t.detach().cpu().to(torch.bfloat16).contiguous() for k, t in self.state_dict().items()}
        kept = self.kept.cpu()
        tensors["d2t"] = kept - torch.arange(len(kept))
        tensors["t2d"] = torch.zeros(v.SIZE, dtype=torch.bool).index_fill(0, kept, True)
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        config = {
            "architectures": ["Eagle3Speculator"],
            "speculators_model_type": "eagle3",
            "speculators_version": "0.3.0",
            "draft_vocab_size": DRAFT_VOCABULARY,
            "eagle_aux_hidden_state_layer_ids": LAYERS,
            "norm_before_residual": True,
            "norm_before_fc": False,
            "target_hidden_size": None,
            "tie_word_embeddings": False,
            "dtype": "bfloat16",
            "speculators_config": {
                "algorithm": "eagle3",
                "default_proposal_method": "greedy",
                "proposal_methods": [
                    {
                        "proposal_type": "greedy",
                        "speculative_tokens": DEPTH,
                        "verifier_accept_k": 1,
                        "accept_tolerance": 0.0,
                    }
                ],
                "verifier": {"name_or_path": "Pebble", "architectures": ["Gemma4UnifiedForConditionalGeneration"]},
            },
            "transformer_layer_config": {
                "model_type": "llama",
                "hidden_size": HIDDEN,
                "intermediate_size": INNER,
                "num_hidden_layers": 1,
                "num_attention_heads": HEADS,
                "num_key_value_heads": KV_HEADS,
                "head_dim": HEAD_DIM,
                "rms_norm_eps": 1e-6,
                "rope_theta": THETA,
                "rope_parameters": {"rope_type": "default", "rope_theta": THETA},
                "vocab_size": v.SIZE,
                "hidden_act": "silu",
                "max_position_embeddings": 4096,
                "attention_bias": False,
                "mlp_bias": False,
                "tie_word_embeddings": False,
            },
        }
        (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", "utf-8")
