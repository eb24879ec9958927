"""Makes the stored references: python tests/reference/make.py [VARIANT...]

One folder a variant under tests/reference/cases (README.md says what is in it)."""

import argparse
import io
import json
import random
import shutil
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import PreTrainedModel

import pictures
import quantised
import reference
from original import respell
from variants import VARIANTS, Sizes, Variant
from weights import calibrate_clips, fill

CASES = Path(__file__).parent / "cases"


def make(variant: Variant, folder: Path, seed: int, size: Sizes) -> None:
    """Makes one variant's checkpoint and everything expected of it in `folder`, which is replaced."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    save_checkpoint(variant, folder / "checkpoint", seed, size)
    model = reference.load(variant, folder / "checkpoint")
    chance = random.Random(seed)
    prompts = []
    for prompt in variant.prompts(size):
        expected = reference.expect(model, prompt, folder, chance)
        save_file({"input_ids": expected.input_ids}, folder / f"{prompt.name}.tokens.safetensors")
        results = {"logits": expected.logits, "greedy": expected.greedy}
        if expected.image_features is not None:
            results["image_features"] = expected.image_features
        save_file(results, folder / f"{prompt.name}.expected.safetensors")
        prompts.append({"name": prompt.name, "images": expected.images, "budgets": expected.budgets})
    (folder / "case.json").write_text(json.dumps({"seed": seed, "prompts": prompts}, indent=2) + "\n")
    if variant.original:
        respell(folder / "checkpoint", folder / "checkpoint_original")
    for path in folder.rglob("*.safetensors"):
        path.chmod(0o644)


def save_checkpoint(variant: Variant, folder: Path, seed: int, size: Sizes) -> None:
    model = variant.model(variant.config(size)).eval()
    fill(model, seed)
    set_clips(model, seed)
    model.to(getattr(torch, variant.dtype)).save_pretrained(folder)
    if variant.quantised:
        quantised.SAVERS[variant.quantised](variant.model, folder)


def set_clips(model: PreTrainedModel, seed: int) -> None:
    """Of a tower with clipped linears, by a picture of that seed."""
    if not getattr(getattr(model.config, "vision_config", None), "use_clipped_linears", False):
        return
    sample = io.BytesIO()
    pictures.draw(150, 90, random.Random(seed)).save(sample, "png")
    processed = pictures.process(model, sample, 70)
    calibrate_clips(model, lambda: pictures.features(model, processed))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("variants", nargs="*", metavar="VARIANT", help="all of them if none is named")
    names = parser.parse_args().variants
    torch.set_num_threads(1)  # the models are smaller than the cost of sharing them out
    for number, variant in enumerate(VARIANTS):
        if not names or variant.name in names:
            make(variant, CASES / variant.name, 1000 + number, Sizes())
            print(f"made {variant.name}", flush=True)


if __name__ == "__main__":
    main()
