"""The MTP assistant: four small layers that only ask, over the target's keys and values (speculation.md 2)."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
from transformers import Gemma4UnifiedAssistantConfig, Gemma4UnifiedAssistantForCausalLM, Gemma4UnifiedTextConfig

from pebble import vocabulary as v
from pebble.model import Mlp, Norm, rotate
from pebble.shape import CONTEXT, WINDOW

from .target import Target, attend, make_mask, shifted

HIDDEN, INNER, HEADS, DEPTH = 128, 256, 4, 4


class Asking(nn.Module):
    def __init__(self, head_dim: int) -> None:
        super().__init__()
        self.head_dim = head_dim
        self.q_proj = nn.Linear(HIDDEN, HEADS * head_dim, bias=False)
        self.o_proj = nn.Linear(HEADS * head_dim, HIDDEN, bias=False)
        self.q_norm = Norm(head_dim, 1.0)


class Layer(nn.Module):
    def __init__(self, head_dim: int) -> None:
        super().__init__()
        self.self_attn, self.mlp = Asking(head_dim), Mlp(HIDDEN, INNER)
        self.input_layernorm, self.post_attention_layernorm = Norm(HIDDEN), Norm(HIDDEN)
        self.pre_feedforward_layernorm, self.post_feedforward_layernorm = Norm(HIDDEN), Norm(HIDDEN)
        self.layer_scalar = nn.Parameter(torch.ones(1))

    def forward(self, z, cos, sin, keys, values, mask):
        rows, length, _ = z.shape
        own = self.self_attn
        q = own.q_proj(self.input_layernorm(z)).view(rows, length, HEADS, own.head_dim).transpose(1, 2)
        out = attend(rotate(own.q_norm(q), cos, sin), keys, values, mask, 1.0).transpose(1, 2).reshape(rows, length, -1)
        z = z + self.post_attention_layernorm(own.o_proj(out))
        z = z + self.post_feedforward_layernorm(self.mlp(self.pre_feedforward_layernorm(z)))
        return z * self.layer_scalar.type_as(z)


class Inner(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(v.SIZE, HIDDEN)
        self.layers = nn.ModuleList([Layer(64), Layer(64), Layer(64), Layer(128)])
        self.norm = Norm(HIDDEN)


class Mtp(nn.Module):
    """`chain` gives the recurrence for every row as anchor at once."""

    def __init__(self, target_hidden: int) -> None:
        super().__init__()
        self.model = Inner()
        self.pre_projection = nn.Linear(2 * target_hidden, HIDDEN, bias=False)
        self.post_projection = nn.Linear(HIDDEN, target_hidden, bias=False)
        nn.init.normal_(self.model.embed_tokens.weight, std=0.06)
        self.run_layer = lambda layer, *inputs: layer(*inputs)

    def masks(self, t: Target, dense: bool) -> dict[bool, object]:
        """Row p sees the target's positions before p; the first of a document sees itself, where nothing is learnt."""
        documents = t.documents
        first = torch.ones_like(documents, dtype=torch.bool)
        first[:, 1:] = documents[:, 1:] != documents[:, :-1]

        def full(b, h, q, k):
            return (documents[b, q] == documents[b, k]) & ((k < q) | ((k == q) & first[b, q]))

        def sliding(b, h, q, k):
            return (documents[b, q] == documents[b, k]) & ((k < q) | ((k == q) & first[b, q])) & (k > q - WINDOW)

        rows, length = documents.shape
        return {
            True: make_mask(full, rows, length, length, documents.device, dense),
            False: make_mask(sliding, rows, length, length, documents.device, dense),
        }

    def step(self, t: Target, masks: dict, tokens: torch.Tensor, g: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """One step for every row: the normed state [rows, length, HIDDEN] and the next recurrent hidden."""
        z = self.pre_projection(torch.cat([tokens, g.type_as(tokens)], dim=-1))
        ropes = t.base.ropes(z.shape[1], z.device)
        for i, layer in enumerate(self.model.layers):
            full = i == 3
            z = self.run_layer(layer, z, *ropes[full], *(t.full if full else t.sliding), masks[full])
        state = self.model.norm(z)
        return state, self.post_projection(state)

    def logits(self, state: torch.Tensor) -> torch.Tensor:
        return nn.functional.linear(state, self.model.embed_tokens.weight.type_as(state)).float()

    def states(self, t: Target, depth: int = DEPTH, dense: bool = False) -> list[torch.Tensor]:
        """The states of `depth` steps, fed with the true tokens."""
        masks, g, out = self.masks(t, dense), shifted(t.y, -1), []
        for k in range(depth):
            state, g = self.step(t, masks, shifted(t.x, k), g)
            out.append(state)
        return out

    @torch.no_grad()
    def propose(self, t: Target, depth: int) -> torch.Tensor:
        """Greedy proposals [rows, length, depth]: row p as anchor proposes tokens p + 1 … p + depth."""
        masks, g, tokens, out = self.masks(t, True), shifted(t.y, -1), t.x, []
        for _ in range(depth):
            state, g = self.step(t, masks, tokens, g)
            picked = self.logits(state).argmax(-1)
            tokens = t.embed(picked)
            out.append(picked)
        return torch.stack(out, -1)

    def save(self, folder: Path) -> None:
        text = Gemma4UnifiedTextConfig(
            vocab_size=v.SIZE,
            hidden_size=HIDDEN,
            intermediate_size=INNER,
            num_hidden_layers=4,
            num_attention_heads=HEADS,
            num_key_value_heads=2,
            num_global_key_value_heads=1,
            head_dim=64,
            global_head_dim=128,
            attention_k_eq_v=True,
            sliding_window=WINDOW,
            max_position_embeddings=CONTEXT,
            num_kv_shared_layers=4,
            layer_types=["sliding_attention"] * 3 + ["full_attention"],
            final_logit_softcapping=None,
            use_bidirectional_attention="vision",
            tie_word_embeddings=True,
            pad_token_id=v.PAD,
            eos_token_id=v.EOS,
            bos_token_id=v.BOS,
        )
        config = Gemma4UnifiedAssistantConfig(
            text_config=text,
            backbone_hidden_size=self.post_projection.out_features,
            use_ordered_embeddings=False,
            tie_word_embeddings=True,
            dtype="bfloat16",
        )
        model = Gemma4UnifiedAssistantForCausalLM(config)
        missing, unexpected = model.load_state_dict(self.state_dict(), strict=False)
        if unexpected or [k for k in missing if k != "lm_head.weight"]:
            raise SystemExit(f"missing {missing}, unexpected {unexpected}")
        model.tie_weights()
        model.to(torch.bfloat16).save_pretrained(folder)
