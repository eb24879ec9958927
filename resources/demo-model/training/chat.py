"""Talks with a saved Pebble through transformers: one line, one answer.

python chat.py FOLDER [--think] "question" ["next question" ...]      (IMAGE:path as a question attaches it to the next)
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from PIL import Image
from transformers import AutoModelForMultimodalLM, AutoProcessor


class Talk:
    """One model, many chats. `ask` answers greedily unless `sample`, and keeps the history without thoughts."""

    def __init__(self, folder: Path) -> None:
        self.processor = AutoProcessor.from_pretrained(folder)
        self.model = AutoModelForMultimodalLM.from_pretrained(folder, dtype=torch.bfloat16).eval()

    def answer(
        self, messages: list[dict], images: list[Image.Image], thinking: bool, sample: bool = False, limit: int = 400
    ) -> tuple[str, str]:
        """The thought and the answer to the last message."""
        prompt = self.processor.apply_chat_template(
            messages, add_generation_prompt=True, enable_thinking=thinking, tokenize=False
        )
        inputs = self.processor(text=prompt, images=images or None, return_tensors="pt").to(self.model.device)
        with torch.no_grad():
            out = self.model.generate(**inputs, max_new_tokens=limit, do_sample=sample)
        text = self.processor.tokenizer.decode(out[0, inputs["input_ids"].shape[1] :], skip_special_tokens=False)
        text = text.removesuffix("<turn|>").removesuffix("<eos>")
        thought = ""
        if text.startswith("<|channel>"):
            thought, _, text = text.partition("<channel|>")
            thought = thought.removeprefix("<|channel>thought\n").strip()
        return thought, text.strip()


def main() -> None:
    folder, rest = Path(sys.argv[1]), sys.argv[2:]
    thinking = "--think" in rest
    talk, messages, images, waiting = Talk(folder), [], [], None
    for line in [a for a in rest if a != "--think"]:
        if line.startswith("IMAGE:"):
            images.append(Image.open(line[6:]).convert("RGB"))
            waiting = {"type": "image"}
            continue
        messages.append({"role": "user", "content": [waiting, {"type": "text", "text": line}] if waiting else line})
        waiting = None
        thought, answer = talk.answer(messages, images, thinking)
        print(f"> {line}" + (f"\n  ({thought})" if thought else "") + f"\n{answer}\n")
        messages.append({"role": "assistant", "content": answer})


if __name__ == "__main__":
    main()
