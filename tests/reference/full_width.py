"""Compares at the true widths of 12B and 26B-A4B: stacks of a few layers, drawn at random in bf16, on the processor.

python tests/reference/full_width.py --cli build/release/bin/lapidary-cli [--models 12b] [--folder /tmp]

Three things compute each prompt: transformers in float32 over the bf16 weights, lapidary-cli eval, which computes
the same, and transformers in bf16, whose distance from its own float32 is what bf16 costs. It takes 8 GiB of memory
and disk. Exit status 1 when ours exceeds the tolerance or continues differently."""

import argparse
import random
import shlex
import sys
import tempfile
import time
from pathlib import Path

from transformers import PreTrainedModel
from transformers.utils import logging

import released
from compare import TOLERANCE
from distance import HEADING, Distance, line
from ours import evaluate
from outcome import Question, ask, flips, run
from variants import Prompt
from widened import widened

# The window of both is 1024. The released patterns are five sliding layers and a full one; six layers of 26B would
# not fit into the memory named above.
STACKS = {"12b": {"pattern": "sssssf"}, "26b": {"pattern": "sssf", "tower_layers": 4}}
VOCABULARY = 8192
PROMPTS = [Prompt("text", (1300,)), Prompt("image", (930, 150), ((640, 480, 280),))]
GREEDY_TOKENS = 8


def compare(cli: list[str], model: PreTrainedModel, checkpoint: Path, question: Question) -> bool:
    def show(label: str, distance: Distance) -> Distance:
        print(f"  {label:18} {line(distance)}", flush=True)
        return distance

    print(f"  {question.name}: {question.ids.shape[1]} positions, {question.soft_tokens} of images", flush=True)
    times = [time.monotonic()]
    with widened(model):
        exact = run(model, question, GREEDY_TOKENS)
    times.append(time.monotonic())
    rounded = run(model, question, GREEDY_TOKENS)
    times.append(time.monotonic())
    ours = evaluate(cli, checkpoint, question.tokens, question.images, GREEDY_TOKENS, ("--device", "cpu"))
    times.append(time.monotonic())

    print(f"  {'':18} {HEADING}")
    good = show("ours, f32", Distance.between(ours["logits"], ours["greedy"], exact))
    show("theirs, bf16", Distance.between(rounded.logits, rounded.greedy, exact))
    if exact.experts:
        given = run(model, question, GREEDY_TOKENS, exact.experts)
        show("… given experts", Distance.between(given.logits, given.greedy, exact))
        print(f"  bf16 changes {flips(rounded.experts, exact.experts).mean():.2%} of the experts")
    seconds = [f"{after - before:.0f} s" for before, after in zip(times, times[1:])]
    print(f"  float32 took {seconds[0]}, bf16 {seconds[1]}, ours {seconds[2]}", flush=True)
    return good.error_max < TOLERANCE and good.greedy == GREEDY_TOKENS


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cli", required=True, help="the command that runs lapidary-cli")
    parser.add_argument("--models", nargs="+", choices=STACKS, default=list(STACKS))
    parser.add_argument("--folder", type=Path, help="where one checkpoint at a time lies meanwhile")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    logging.disable_progress_bar()
    results = []
    for name in arguments.models:
        config = released.config(name, vocabulary=VOCABULARY, **STACKS[name])
        print(f"{name}: {len(STACKS[name]['pattern'])} layers, {STACKS[name]['pattern']}", flush=True)
        model = released.make(config, "cpu", arguments.seed)
        with tempfile.TemporaryDirectory(prefix="full_width_", dir=arguments.folder) as path:
            folder = Path(path)
            model.save_pretrained(folder / "checkpoint")
            chance = random.Random(arguments.seed)
            for prompt in PROMPTS:
                question = ask(model, prompt, folder, chance)
                results.append(compare(shlex.split(arguments.cli), model, folder / "checkpoint", question))
        del model
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
