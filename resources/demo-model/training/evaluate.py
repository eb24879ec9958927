"""Scores a saved Pebble on the held-out sets, greedily, with transformers.

python evaluate.py FOLDER [set ...]
"""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

import torch
from PIL import Image
from transformers import AutoModelForMultimodalLM, AutoProcessor

HELDOUT = Path(__file__).parent / "heldout"


def right(answer: str, expect: list[list[str]]) -> bool:
    text = answer.replace("**", "")
    found = lambda a: re.search(
        r"(?<!\w)" + re.escape(a) + r"(?!\w)" if a[-1:].isalnum() and len(a) < 20 else re.escape(a), text, re.IGNORECASE
    )
    return all(any(found(alternative) for alternative in group) for group in expect)


class Scorer:
    def __init__(self, folder: Path) -> None:
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.processor = AutoProcessor.from_pretrained(folder)
        dtype = torch.bfloat16 if self.device == "cuda" else torch.float32
        self.model = AutoModelForMultimodalLM.from_pretrained(folder, dtype=dtype).to(self.device).eval()

    def answers(self, items: list[dict], limit: int = 220, **sampling) -> list[tuple[str, str]]:
        """(thought, answer) of every item, generated in batches of one kind."""
        out: dict[int, tuple[str, str]] = {}
        for thinking in (False, True):
            for with_image in (False, True):
                group = [
                    i for i, it in enumerate(items) if it["thinking"] == thinking and ("image" in it) == with_image
                ]
                for start in range(0, len(group), 50):
                    part = group[start : start + 50]
                    for i, text in zip(
                        part, self._generate([items[i] for i in part], thinking, with_image, limit, sampling)
                    ):
                        out[i] = text
        return [out[i] for i in range(len(items))]

    def _generate(
        self, items: list[dict], thinking: bool, with_image: bool, limit: int, sampling: dict
    ) -> list[tuple[str, str]]:
        prompts = [
            self.processor.apply_chat_template(
                it["messages"], add_generation_prompt=True, enable_thinking=thinking, tokenize=False
            )
            for it in items
        ]
        images = [[Image.open(HELDOUT / it["image"]).convert("RGB")] for it in items] if with_image else None
        inputs = self.processor(text=prompts, images=images, return_tensors="pt", padding=True).to(self.device)
        with torch.no_grad():
            ids = self.model.generate(**inputs, max_new_tokens=limit, **({"do_sample": False} | sampling))
        return [
            split(self.processor.tokenizer.decode(row[inputs["input_ids"].shape[1] :], skip_special_tokens=False))
            for row in ids
        ]


def split(text: str) -> tuple[str, str]:
    text = text.replace("<pad>", "").split("<turn|>")[0]
    thought = ""
    if text.startswith("<|channel>"):
        thought, _, text = text.partition("<channel|>")
    return thought.removeprefix("<|channel>thought\n").strip(), text.strip()


def score(folder: Path, names: list[str]) -> dict[str, float]:
    scorer, scores = Scorer(folder), {}
    for file in sorted(HELDOUT.glob("*.json")):
        if names and file.stem not in names:
            continue
        start = time.monotonic()
        data = json.loads(file.read_text("utf-8"))
        answers = scorer.answers(data["items"])
        wrong = [(it, a) for it, a in zip(data["items"], answers) if not right(a[1], it["expect"])]
        scores[file.stem] = 1 - len(wrong) / len(answers)
        print(
            f"{file.stem:9} {scores[file.stem]:6.1%} of {len(answers)} (needed {data['needed']:.0%}), {time.monotonic() - start:.0f} s",
            flush=True,
        )
        for it, (thought, answer) in wrong[:30]:
            print(
                f"    {it['messages'][-1]['content']!r} {it.get('image', '')} wanted {it['expect']} got {answer[:110]!r}"
                + (f" after {thought[-120:]!r}" if thought else ""),
                flush=True,
            )
    return scores


if __name__ == "__main__":
    score(Path(sys.argv[1]), sys.argv[2:])
