"""Trains Pebble from nothing in a fixed time.

    python train.py --tokenizer FOLDER --out FOLDER --seconds 460

Fresh lessons come from worker processes, packed into rows of the full context. The schedule follows the clock: a short
warm-up, a long plateau, a decay to zero at the end, so the run always ends in time. `--small` is a trial on a CPU.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import torch
import torch.nn.functional as F

from pebble import model as m
from pebble.batch import Batch, make_batch
from pebble.load import load_pebble
from pebble.optimizer import Optimizer
from pebble.pack import Feed
from pebble.shape import model_config
from pictures.draw import Painter

CHUNK = 16_384  # rows of the head at a time: 0.5 GB of fp32 logits


def head_loss(y: torch.Tensor, weight: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    z = F.linear(y, weight.type_as(y)).float()
    z = 30 * torch.tanh(z / 30)
    return F.cross_entropy(z, tokens, ignore_index=-1, reduction="sum")


def padded(x: torch.Tensor, size: int, value: int) -> torch.Tensor:
    return F.pad(x, (0, size - len(x)), value=value)


class Trainer:
    def __init__(self, arguments: argparse.Namespace) -> None:
        self.a = arguments
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.fast = self.device.type == "cuda"
        torch.manual_seed(arguments.seed)
        torch.set_float32_matmul_precision("high")
        self.config = model_config(arguments.small)
        self.model = (load_pebble(arguments.resume) if arguments.resume else m.Pebble(self.config)).to(self.device)
        self.head_loss = head_loss
        if self.fast:
            torch._dynamo.config.cache_size_limit = 32
            self.model.run_layer = torch.compile(self.model.run_layer, dynamic=False)
            self.head_loss = torch.compile(head_loss, dynamic=False)
        self.painter = Painter(self.device)
        self.optimizer = Optimizer(self.model, arguments.muon_rate, arguments.adam_rate)

    def loss(self, batch: Batch, step: int) -> torch.Tensor:
        """Mean loss over the learnt tokens."""
        masks = (m.block_masks if self.fast else m.dense_masks)(
            batch.documents, batch.runs, self.config.text_config.sliding_window, runs_in_full=step % 2 == 1
        )
        with torch.autocast(self.device.type, torch.bfloat16):
            x = self.model.embed(batch.ids, batch.image_places, batch.blocks, batch.positions)
            x, _ = self.model.body(x, masks)
            y = self.model.final(x.reshape(-1, x.shape[-1])[batch.places])
            total = torch.zeros((), device=self.device)
            for start in range(0, len(y), CHUNK):
                part, tokens = y[start : start + CHUNK], batch.tokens[start : start + CHUNK]
                if self.fast and len(part) < CHUNK:
                    part, tokens = F.pad(part, (0, 0, 0, CHUNK - len(part))), padded(tokens, CHUNK, -1)
                total = total + self.head_loss(part, self.model.language_model.embed_tokens.weight, tokens)
        return total / len(batch.tokens)

    def factor(self, share: float) -> float:
        """The schedule over the share of time gone."""
        return min(1.0, share / 0.01 + 0.02, max(0.0, (1 - share) / 0.45))

    def run(self, tokenizer: Path) -> None:
        a = self.a
        feed = Feed(tokenizer, a.workers, a.seed, a.rows_a_part, a.length)
        log, step, tokens, recent = [], 0, 0, []
        first = None
        try:
            while True:
                batch = make_batch([feed.next() for _ in range(a.parts)], self.painter, self.device)
                if first is None and step == 3:
                    first = time.monotonic()  # compilation does not count
                share = 0.0 if first is None else (time.monotonic() - first) / a.seconds
                if share >= 1 or (a.steps and step >= a.steps):
                    break
                loss = self.loss(batch, step)
                loss.backward()
                self.optimizer.step(self.factor(share))
                step += 1
                tokens += batch.ids.numel()
                recent.append(loss.detach())
                if step % a.log_every == 0:
                    mean = torch.stack(recent).mean().item()
                    recent = []
                    elapsed = time.monotonic() - (first or time.monotonic())
                    entry = {
                        "step": step,
                        "seconds": round(elapsed, 1),
                        "loss": round(mean, 4),
                        "tokens": tokens,
                        "fresh": feed.fresh,
                        "again": feed.again,
                    }
                    log.append(entry)
                    print(json.dumps(entry), flush=True)
        finally:
            feed.close()
        a.out.mkdir(parents=True, exist_ok=True)
        (a.out / "train_log.json").write_text(json.dumps(log))
        torch.save({k: t.detach().cpu() for k, t in self.model.state_dict().items()}, a.out / "pebble.pt")
        print(f"{m.parameters_count(self.model):,} parameters, {step} steps, {tokens / 1e6:.0f} M tokens", flush=True)


def main() -> None:
    p = argparse.ArgumentParser()
    p.add_argument("--tokenizer", type=Path, required=True)
    p.add_argument("--out", type=Path, required=True)
    p.add_argument("--seconds", type=float, default=460)
    p.add_argument("--steps", type=int, default=0)
    p.add_argument("--length", type=int, default=4096)
    p.add_argument("--rows-a-part", type=int, default=8)
    p.add_argument("--parts", type=int, default=4)
    p.add_argument("--workers", type=int, default=13)
    p.add_argument("--seed", type=int, default=7)
    p.add_argument("--muon-rate", type=float, default=0.02)
    p.add_argument("--adam-rate", type=float, default=3e-3)
    p.add_argument("--log-every", type=int, default=50)
    p.add_argument("--resume", type=Path, help="a saved folder to go on from")
    p.add_argument("--small", action="store_true")
    a = p.parse_args()
    Trainer(a).run(a.tokenizer / "tokenizer.json")


if __name__ == "__main__":
    main()
