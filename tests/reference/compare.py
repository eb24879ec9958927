"""Runs lapidary-cli eval beside transformers and prints how far apart they are.

python tests/reference/compare.py --cli build/dev/bin/lapidary-cli                      the stored cases
python tests/reference/compare.py --cli ... --fresh FOLDER --seed 7 [--rounds 3]        new seeds, new sizes

Exit status 1 when a position exceeds the tolerance or a greedy continuation differs."""

import argparse
import json
import random
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import load_file

from distance import relative_error
from make import CASES, make
from ours import evaluate
from reference import GREEDY_TOKENS
from variants import VARIANTS, Sizes

TOLERANCE = 2e-4  # relative, at every position; 1e-4 for image features


def compare_case(cli: list[str], case: Path) -> Iterator[bool]:
    for checkpoint in sorted(case.glob("checkpoint*")):
        for prompt in json.loads((case / "case.json").read_text())["prompts"]:
            label = f"{case.name:24} {checkpoint.name:20} {prompt['name']:11}"
            theirs = load_file(case / f"{prompt['name']}.expected.safetensors")
            images = [case / image for image in prompt["images"]]
            try:
                ours = evaluate(cli, checkpoint, case / f"{prompt['name']}.tokens.safetensors", images, GREEDY_TOKENS)
            except RuntimeError as error:
                print(f"{label} failed: {error}")
                yield False
                continue
            errors = relative_error(ours["logits"].reshape(theirs["logits"].shape), theirs["logits"])
            same = torch.equal(ours["greedy"].flatten(), theirs["greedy"])
            good = bool(errors.max() < TOLERANCE) and same
            print(
                f"{label} {len(errors):4} positions, largest error {errors.max():.1e} at {int(errors.argmax())},"
                f" median {errors.median():.1e}, greedy {'equal' if same else 'DIFFERS'}{'' if good else '  <--'}"
            )
            yield good


def cases(arguments: argparse.Namespace) -> Iterator[Path]:
    chosen = [variant for variant in VARIANTS if not arguments.variants or variant.name in arguments.variants]
    if not arguments.fresh:
        yield from (CASES / variant.name for variant in chosen)
        return
    for round_number in range(arguments.rounds):
        for variant in chosen:
            seed = arguments.seed + round_number
            folder = arguments.fresh / f"{variant.name}_{seed}"
            make(variant, folder, seed, Sizes(random.Random(f"{variant.name} {seed}")))
            yield folder


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("variants", nargs="*", metavar="VARIANT", help="all of them if none is named")
    parser.add_argument("--cli", required=True, help="the command that runs lapidary-cli")
    parser.add_argument("--fresh", type=Path, metavar="FOLDER", help="make new cases there and compare those")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=1)
    arguments = parser.parse_args()
    cli = shlex.split(arguments.cli)
    torch.set_num_threads(1)  # as in make.py
    results = [good for case in cases(arguments) for good in compare_case(cli, case)]
    print(f"{sum(results)} of {len(results)} prompts agree")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
