"""Holds our rendering and our training forward against transformers' own, on a saved folder.

python verify.py FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

import torch
from PIL import Image
from transformers import AutoModelForMultimodalLM, AutoProcessor

from lessons import compose
from pebble import model as m
from pebble import vocabulary as v
from pebble.render import Renderer
from pictures.draw import Painter, pack_scene


def compare(folder: Path, chats: int = 12) -> None:
    processor = AutoProcessor.from_pretrained(folder)
    reference = AutoModelForMultimodalLM.from_pretrained(folder, dtype=torch.float32).eval()
    ours = m.Pebble(reference.config)
    ours.load_state_dict(
        {k.removeprefix("model."): t for k, t in reference.state_dict().items() if k.startswith("model.")}
    )
    # The reference computes in fp32 here, so the factor is not rounded.
    ours.embed_scale = reference.config.text_config.hidden_size**0.5
    painter, renderer, r = Painter("cpu"), Renderer(folder / "tokenizer.json"), Random(4)
    worst, seen = 0.0, 0
    for _ in range(400):
        chat = compose.chat(r)
        if len(chat.turns) > 4 or (seen < chats // 2 and not any(t.scene for t in chat.turns)):
            continue
        scenes = [t.scene for t in chat.turns if t.scene]
        for s in scenes:
            s.noise, s.texture = 0.0, 0
        rows = [torch.tensor(pack_scene(s))[None] for s in scenes]
        images = [
            Image.fromarray((painter.pixels(row, s.grid)[0].numpy() * 255).round().astype("uint8"))
            for row, s in zip(rows, scenes)
        ]
        ids, weights, _ = renderer.encode(chat)
        prompt = processor.apply_chat_template(
            chat.messages(), add_generation_prompt=True, enable_thinking=chat.thinking, tokenize=False
        )
        inputs = processor(
            text=prompt,
            images=images or None,
            return_tensors="pt",
            max_soft_tokens=max([70] + [b for s in scenes for b in (70, 140, 280) if b // 1.35 < s.blocks <= b]),
        )
        length = inputs["input_ids"].shape[1]
        if inputs["input_ids"][0].tolist() != ids[:length]:
            print("RENDERING DIFFERS\n", prompt, "\n", renderer._exact.decode(ids, skip_special_tokens=False))
            raise SystemExit(1)
        with torch.no_grad():
            want = (
                reference.generate(
                    **inputs, max_new_tokens=1, do_sample=False, output_logits=True, return_dict_in_generate=True
                )
                .logits[0][0]
                .float()
            )
            tensor = torch.tensor([ids[:length]])
            runs, run = torch.full_like(tensor, -1), -1
            for i in range(1, length):
                if tensor[0, i] == v.IMAGE:
                    run += tensor[0, i - 1] != v.IMAGE
                    runs[0, i] = run
            blocks, positions = painter.blocks(torch.cat(rows)) if rows else (None, None)
            masks = m.dense_masks(
                torch.zeros_like(tensor), runs, reference.config.text_config.sliding_window, runs_in_full=True
            )
            # The painter hands out bf16 blocks; 8-bit pixel values need more.
            if rows:
                blocks = inputs["pixel_values"][(inputs["image_position_ids"] >= 0).all(-1)].float()
            x = ours.embed(tensor, (tensor.view(-1) == v.IMAGE).nonzero()[:, 0], blocks, positions)
            x, _ = ours.body(x, masks)
            got = ours.logits(ours.final(x))[0, -1]
        worst = max(worst, (got - want).abs().max().item())
        seen += 1
        if seen == chats:
            break
    print(f"{seen} chats rendered alike; logits differ by at most {worst:.2e}")
    if worst > 2e-2:
        raise SystemExit(1)


if __name__ == "__main__":
    compare(Path(sys.argv[1]))
