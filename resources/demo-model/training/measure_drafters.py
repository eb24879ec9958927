"""Measures the drafters on held-out prompts: acceptance by position and tokens a round, greedy.

    python measure_drafters.py MODEL_FOLDER drafters.pt

Greedy speculation writes exactly what the target writes alone, so the target's own greedy text is taken first; then every
round of draft and verify is replayed over it. A round proposes n tokens and emits the accepted ones and one of the
target's own: tokens a round = accepted + 1, cut at the end of the text.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch

from drafting.dspark import BLOCK, DSpark
from drafting.eagle3 import Eagle3
from drafting.mtp import Mtp
from drafting.target import Target, look
from evaluate import HELDOUT, Scorer
from pebble import model as m
from pebble import vocabulary as v
from pebble.load import load_pebble

SETS = {"lapidary": 60, "facts": 40, "sums": 30, "unknown": 30, "memory": 20}


def greedy_texts(folder: Path) -> list[tuple[list[int], int]]:
    """(ids of prompt and answer with its stop token, length of the prompt) for held-out prompts."""
    scorer, out = Scorer(folder), []
    for name, count in SETS.items():
        items = json.loads((HELDOUT / f"{name}.json").read_text("utf-8"))["items"][:count]
        for thinking in (False, True):
            group = [it for it in items if it["thinking"] == thinking]
            prompts = [
                scorer.processor.apply_chat_template(
                    it["messages"], add_generation_prompt=True, enable_thinking=thinking, tokenize=False
                )
                for it in group
            ]
            inputs = scorer.processor(text=prompts, return_tensors="pt", padding=True).to(scorer.device)
            width = inputs["input_ids"].shape[1]
            with torch.no_grad():
                rows = scorer.model.generate(**inputs, max_new_tokens=200, do_sample=False).tolist()
            for row, mask in zip(rows, inputs["attention_mask"].tolist()):
                prompt, answer = row[width - sum(mask) : width], row[width:]
                stop = next((i for i, token in enumerate(answer) if token in v.STOP_IDS), len(answer) - 1)
                out.append((prompt + answer[: stop + 1], len(prompt)))
    return out


def target_of(base: m.Pebble, texts: list[tuple[list[int], int]], device: torch.device) -> Target:
    length = max(len(ids) for ids, _ in texts)
    ids, documents = torch.zeros(len(texts), length, dtype=torch.long), torch.full((len(texts), length), -1)
    for i, (row, _) in enumerate(texts):
        ids[i, : len(row)], documents[i, : len(row)] = torch.tensor(row), 0
    ids, documents = ids.to(device), documents.to(device)
    masks = m.dense_masks(documents, torch.full_like(ids, -1), base.text.sliding_window)
    with torch.no_grad():
        return look(base, ids, documents, masks, base.embed(ids))


def replay(proposals: list[list[int]], ids: list[int], prompt: int) -> list[tuple[int, int]]:
    """(accepted, countable proposals) of every round; proposals[p] are those for anchor p."""
    rounds, p, last = [], prompt, len(ids) - 1
    while p < last:
        drafted = proposals[p][: last - p]
        accepted = next((k for k, d in enumerate(drafted) if d != ids[p + 1 + k]), len(drafted))
        rounds.append((accepted, len(drafted)))
        p += accepted + 1
    return rounds


def measure(name: str, drafter, depth: int, base: m.Pebble, texts: list, device: torch.device) -> dict:
    rounds, emitted = [], 0
    for start in range(0, len(texts), 30):
        part = texts[start : start + 30]
        proposals = drafter.propose(target_of(base, part, device), depth).tolist()
        for (ids, prompt), rows in zip(part, proposals):
            rounds += replay(rows, ids, prompt)
            emitted += len(ids) - 1 - prompt
    by_position = []
    for k in range(depth):
        reached = [(a, n) for a, n in rounds if n > k]
        by_position.append(round(sum(a > k for a, _ in reached) / max(1, len(reached)), 4))
    result = {
        "drafter": name,
        "depth": depth,
        "rounds": len(rounds),
        "tokens a round": round(emitted / len(rounds), 3),
        "accepted by position": by_position,
    }
    print(json.dumps(result), flush=True)
    return result


def main(folder: Path, weights: Path) -> None:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    texts = greedy_texts(folder)
    base = load_pebble(folder).to(device).requires_grad_(False).eval()
    saved = torch.load(weights, map_location=device)
    mtp, eagle, dspark = (
        Mtp(base.text.hidden_size).to(device),
        Eagle3(saved["eagle3"].pop("kept")).to(device),
        DSpark().to(device),
    )
    for name, part in (("mtp", mtp), ("eagle3", eagle), ("dspark", dspark)):
        part.load_state_dict(saved[name])
        # As they ship: rounded to bf16.
        part.load_state_dict({k: t.bfloat16().float() for k, t in part.state_dict().items()})
    for depth in (1, 3, 4):
        measure("mtp", mtp, depth, base, texts, device)
    for depth in (3, 5):
        measure("eagle3", eagle, depth, base, texts, device)
    measure("dspark", dspark, BLOCK, base, texts, device)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
