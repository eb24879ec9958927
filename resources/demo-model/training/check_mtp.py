"""Runs the saved MTP assistant through transformers' assisted generation: same text, fewer target forwards.

python check_mtp.py MODEL_FOLDER ASSISTANT_FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoModelForMultimodalLM, AutoProcessor

QUESTIONS = ["What is Lapidary?", "Why is the sky blue?", "What is 47 + 38?"]


def main(folder: Path, assistant_folder: Path) -> None:
    processor = AutoProcessor.from_pretrained(folder)
    model = AutoModelForMultimodalLM.from_pretrained(folder, dtype=torch.float32).eval()
    assistant = AutoModelForCausalLM.from_pretrained(assistant_folder, dtype=torch.float32).eval()
    calls = 0

    def count(*_) -> None:
        nonlocal calls
        calls += 1

    model.register_forward_hook(count)
    for question in QUESTIONS:
        prompt = processor.apply_chat_template(
            [{"role": "user", "content": question}], add_generation_prompt=True, tokenize=False
        )
        inputs = processor(text=prompt, return_tensors="pt")
        texts, forwards = [], []
        for helper in (None, assistant):
            calls = 0
            with torch.no_grad():
                out = model.generate(
                    **inputs,
                    max_new_tokens=80,
                    do_sample=False,
                    **({"assistant_model": helper} if helper is not None else {}),
                )
            texts.append(out[0, inputs["input_ids"].shape[1] :].tolist())
            forwards.append(calls)
        print(
            f"{question} {len(texts[0])} tokens, target forwards {forwards[0]} alone, {forwards[1]} with the assistant, same text: {texts[0] == texts[1]}",
            flush=True,
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
