"""Trains the three drafters together on one frozen Pebble, in a fixed time.

    python train_drafters.py --model FOLDER --out FOLDER --seconds 250

The lessons are what Pebble itself writes almost word for word, and the loss compares whole distributions: the drafters
learn what Pebble would say, not what the lesson says.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import torch

from drafting.dspark import BLOCK, DSpark
from drafting.eagle3 import DRAFT_VOCABULARY, Eagle3
from drafting.mtp import Mtp
from drafting.target import Target, imitation, look
from pebble import model as m
from pebble.batch import Batch, make_batch
from pebble.load import load_pebble
from pebble.optimizer import Optimizer
from pebble.pack import Feed
from pictures.draw import Painter

ANCHORS, BLOCK_ANCHORS = 8192, 128


def draft_vocabulary(feed: Feed) -> torch.Tensor:
    """The most frequent tokens of what Pebble writes."""
    counts = torch.zeros(8192, dtype=torch.long)
    for _ in range(40):
        rows = feed.next()
        counts += torch.bincount(torch.from_numpy(rows.ids[rows.weights > 0]).long(), minlength=8192)
    kept = counts.topk(DRAFT_VOCABULARY).indices.sort().values
    print(f"draft vocabulary covers {counts[kept].sum() / counts.sum():.3%}", flush=True)
    return kept


class Drafters:
    def __init__(self, a: argparse.Namespace, feed: Feed) -> None:
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.fast = self.device.type == "cuda"
        torch.manual_seed(a.seed)
        torch.set_float32_matmul_precision("high")
        self.base = load_pebble(a.model).to(self.device).requires_grad_(False).eval()
        hidden = self.base.text.hidden_size
        self.mtp, self.eagle, self.dspark = (
            Mtp(hidden).to(self.device),
            Eagle3(draft_vocabulary(feed).to(self.device)).to(self.device),
            DSpark().to(self.device),
        )
        self.imitation = imitation
        if self.fast:
            torch._dynamo.config.cache_size_limit = 64
            self.imitation = torch.compile(imitation, dynamic=False)
            for part in (self.base, self.mtp, self.eagle, self.dspark):
                part.run_layer = torch.compile(part.run_layer, dynamic=False)
        self.optimizers = {
            name: Optimizer(part, 0.02, 3e-3)
            for name, part in (("mtp", self.mtp), ("eagle3", self.eagle), ("dspark", self.dspark))
        }
        self.painter = Painter(self.device)

    def target(self, batch: Batch, step: int) -> Target:
        masks = (m.block_masks if self.fast else m.dense_masks)(
            batch.documents, batch.runs, self.base.text.sliding_window, runs_in_full=step % 2 == 1
        )
        with torch.no_grad():
            x = self.base.embed(batch.ids, batch.image_places, batch.blocks, batch.positions)
        return look(self.base, batch.ids, batch.documents, masks, x)

    def chain_loss(
        self,
        t: Target,
        states: list[torch.Tensor],
        logits,
        learnt: torch.Tensor,
        first: int,
        columns: torch.Tensor | None,
    ) -> torch.Tensor:
        """Sum over depths; `first`: how far ahead of its row the token of depth 0 lies."""
        length = t.ids.shape[1]
        flat = learnt.reshape(-1)
        rows = flat.nonzero()[:, 0]
        rows = rows[torch.randint(len(rows), (ANCHORS,), device=rows.device)] - first
        rows = rows.clamp(min=0)
        total = torch.zeros((), device=self.device)
        for k, state in enumerate(states):
            ahead = rows + first + k
            valid = (ahead < flat.numel()) & (ahead // length == rows // length)
            ahead = ahead.clamp(max=flat.numel() - 1)
            valid &= flat[ahead] & (t.documents.reshape(-1)[ahead] == t.documents.reshape(-1)[rows])
            target = t.logits(ahead - 1)
            if columns is not None:
                target = target[:, columns]
            weight = valid.float() * 0.85**k
            total = total + self.imitation(
                logits(state.reshape(-1, state.shape[-1])[rows]), target, weight
            ) / weight.sum().clamp(min=1)
        return total

    def dspark_loss(self, t: Target, learnt: torch.Tensor) -> torch.Tensor:
        rows, length = t.ids.shape
        chance = learnt.float()
        chance[:, -BLOCK - 1 :] = 0
        anchors = torch.multinomial(chance, BLOCK_ANCHORS) - 1
        anchors = anchors.clamp(min=1)
        state = self.dspark.states(t, anchors, dense=not self.fast)
        base = torch.arange(rows, device=self.device)[:, None, None] * length
        ahead = base + anchors[:, :, None] + 1 + torch.arange(BLOCK, device=self.device)
        previous = t.ids.reshape(-1)[ahead - 1]
        same = t.documents.reshape(-1)[ahead] == t.documents.gather(1, anchors)[:, :, None]
        # A block counts up to the first token that Pebble does not write.
        valid = (learnt.reshape(-1)[ahead] & same).cumprod(-1)
        weight = (valid * torch.exp(-torch.arange(BLOCK, device=self.device) / 4.0)).reshape(-1).float()
        state, previous, ahead = state.reshape(-1, state.shape[-1]), previous.reshape(-1), ahead.reshape(-1)
        logits, target = self.dspark.logits(t, state, previous), t.logits(ahead - 1)
        loss = self.imitation(logits, target, weight)
        with torch.no_grad():
            accepted = 1 - 0.5 * (torch.softmax(logits, -1) - torch.softmax(target, -1)).abs().sum(-1)
        confidence = torch.nn.functional.binary_cross_entropy_with_logits(
            self.dspark.confidence(state, previous), accepted, reduction="none"
        )
        return (loss + (confidence * weight).sum()) / weight.sum().clamp(min=1)

    def step(self, batch: Batch, learnt: torch.Tensor, number: int, factor: float) -> dict[str, torch.Tensor]:
        with torch.autocast(self.device.type, torch.bfloat16):
            t = self.target(batch, number)
            dense = not self.fast
            losses = {"mtp": self.chain_loss(t, self.mtp.states(t, dense=dense), self.mtp.logits, learnt, 1, None)}
            losses["mtp"].backward()
            losses["eagle3"] = self.chain_loss(
                t, self.eagle.states(t, dense=dense), self.eagle.logits, learnt, 2, self.eagle.kept
            )
            losses["eagle3"].backward()
            losses["dspark"] = self.dspark_loss(t, learnt)
            losses["dspark"].backward()
        for optimizer in self.optimizers.values():
            optimizer.step(factor)
        return losses


def main() -> None:
    p = argparse.ArgumentParser()
    p.add_argument("--model", type=Path, required=True)
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--seconds", type=float, default=250)
    p.add_argument("--steps", type=int, default=0)
    p.add_argument("--length", type=int, default=4096)
    p.add_argument("--rows-a-part", type=int, default=8)
    p.add_argument("--parts", type=int, default=2)
    p.add_argument("--workers", type=int, default=12)
    p.add_argument("--seed", type=int, default=11)
    a = p.parse_args()
    feed = Feed(a.model / "tokenizer.json", a.workers, a.seed, a.rows_a_part, a.length)
    try:
        drafters = Drafters(a, feed)
        step, first, recent, log = 0, None, [], []
        while True:
            parts = [feed.next() for _ in range(a.parts)]
            batch = make_batch(parts, drafters.painter, drafters.device)
            learnt = torch.cat([torch.from_numpy(p.weights) for p in parts]).to(drafters.device) > 0
            if first is None and step == 3:
                first = time.monotonic()
            share = 0.0 if first is None else (time.monotonic() - first) / a.seconds
            if share >= 1 or (a.steps and step >= a.steps):
                break
            losses = drafters.step(batch, learnt, step, min(1.0, share / 0.02 + 0.05, (1 - share) / 0.5))
            step += 1
            recent.append(torch.stack([losses[k].detach() for k in ("mtp", "eagle3", "dspark")]))
            if step % 50 == 0 or a.steps:
                mean = torch.stack(recent).mean(0).tolist()
                recent = []
                log.append([step, *mean])
                print(
                    f"step {step} {time.monotonic() - (first or time.monotonic()):.0f} s  mtp {mean[0]:.3f}  eagle3 {mean[1]:.3f}  dspark {mean[2]:.3f}",
                    flush=True,
                )
    finally:
        feed.close()
    drafters.mtp.save(a.out / "mtp")
    drafters.eagle.save(a.out / "eagle3")
    drafters.dspark.save(a.out / "dspark", json.loads((a.model / "config.json").read_text("utf-8"))["text_config"])
    torch.save(
        {
            name: {k: t.detach().cpu() for k, t in part.state_dict().items()}
            | ({"kept": part.kept.cpu()} if name == "eagle3" else {})
            for name, part in (("mtp", drafters.mtp), ("eagle3", drafters.eagle), ("dspark", drafters.dspark))
        },
        a.out / "drafters.pt",
    )
    for name, part in (("mtp", drafters.mtp), ("eagle3", drafters.eagle), ("dspark", drafters.dspark)):
        print(f"{name}: {m.parameters_count(part):,} parameters", flush=True)


if __name__ == "__main__":
    main()
