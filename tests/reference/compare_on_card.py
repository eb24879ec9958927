"""Compares lapidary-cli on a graphics card with transformers there, in bf16 and in FP8.

python tests/reference/compare_on_card.py --cli lapidary-cli                    tiny models of every shape
python tests/reference/compare_on_card.py --cli lapidary-cli --full 12b 26b     the released shapes, whole
python tests/reference/compare_on_card.py --cli lapidary-cli --device cpu       a trial without a card

Every line is a distance from transformers in float32 over the same weights; that of transformers in bf16 is what
bf16 costs, and ours may be as far. No network is needed. A whole model is drawn on the card and written to --folder,
2 bytes a weight. Exit status 1 when a comparison failed or ours is farther than bf16 explains."""

import argparse
import gc
import json
import random
import shlex
import shutil
import signal
import sys
import tempfile
import time
import traceback
from dataclasses import asdict
from pathlib import Path

import torch
from transformers import PreTrainedModel
from transformers.utils import logging

import released
from distance import HEADING, Distance, line
from miniatures import MINIATURES, miniature
from ours import evaluate
from outcome import Outcome, Question, ask, flips, run
from variants import Prompt
from widened import widened

GREEDY_TOKENS = 24
TINY_PROMPTS = [
    Prompt("text", (150,)),
    Prompt("image", (60, 30), ((411, 300, 70),)),
    Prompt("two_images", (5, 7, 40), ((60, 25, 70), (900, 417, 140))),
]
# Past the windows of 512 and 1024, the image across the end of the larger.
FULL_PROMPTS = [Prompt("text", (1200,)), Prompt("image", (930, 100), ((640, 480, 280),))]
# Ours may round in other places than theirs, so its distance need not be the same: chance alone makes it up to half
# as large again. Means of the divergence are ruled by single tokens.
FARTHEST_ERROR = 1.5
FARTHEST_KL = 2.5
DISK_LEFT = 2e9


class OutOfTime(Exception):
    pass


def references(model: PreTrainedModel, question: Question, device: str) -> tuple[Outcome, dict[str, Distance], str]:
    """The float32 outcome, the distances of transformers' own bf16, and what became of the routing."""
    with widened(model):
        exact = run(model, question, GREEDY_TOKENS)
    rounded = run(model, question, GREEDY_TOKENS)
    distances = {"transformers bf16": Distance.between(rounded.logits, rounded.greedy, exact, device)}
    routing = ""
    if exact.experts:
        given = run(model, question, GREEDY_TOKENS, exact.experts)
        distances["… experts of f32"] = Distance.between(given.logits, given.greedy, exact, device)
        changed = flips(rounded.experts, exact.experts)
        routing = (
            f"bf16 changes {changed.mean():.2%} of the experts that float32 chooses, at least one of"
            f" {(changed > 0).any(0).double().mean():.1%} of the tokens"
        )
    return exact, distances, routing


def results_of_ours(
    cli: list[str], device: str, checkpoint: Path, question: Question, exact: Outcome, tiny: bool, limit: float
) -> dict[str, Distance | str]:
    """Distances, or the sentence of what failed."""
    results: dict[str, Distance | str] = {}

    def compute(options: tuple[str, ...]) -> Outcome:
        found = evaluate(
            cli, checkpoint, question.tokens, question.images, GREEDY_TOKENS, options, limit - time.monotonic()
        )
        return Outcome(found["logits"], found["greedy"].flatten().long(), torch.empty(0))

    def compare(label: str, options: tuple[str, ...]) -> Outcome | None:
        try:
            ours = compute(options)
            results[label] = Distance.between(ours.logits, ours.greedy, exact, "cpu" if tiny else device)
            return ours
        except RuntimeError as error:
            results[label] = str(error)
            return None

    compare("lapidary", ("--device", device))
    fp8 = compare("lapidary fp8", ("--device", device, "--weights", "fp8"))
    if tiny and fp8 is not None and device != "cpu":
        processor = compare("… on the processor", ("--device", "cpu", "--weights", "fp8"))
        if processor is not None:
            same = Outcome(processor.logits, fp8.greedy, torch.empty(0))  # continuations are not compared
            results["… card to processor"] = Distance.between(fp8.logits, fp8.greedy, same)
    return results


def suspicious(ours: Distance | str, theirs: Distance) -> bool:
    if isinstance(ours, str):
        return True
    return ours.error_median > FARTHEST_ERROR * theirs.error_median or ours.kl_mean > FARTHEST_KL * theirs.kl_mean


def compare_model(arguments: argparse.Namespace, name: str, folder: Path, limit: float) -> list[dict]:
    tiny = name not in (arguments.full or [])
    device = arguments.device
    shape = miniature(name) if tiny else released.config(name, released.PATTERNS[name][: arguments.layers])
    model = released.make(shape, device, arguments.seed)
    size = sum(parameter.numel() for parameter in model.parameters())
    print(f"{name}{' in miniature' if tiny else ''}: {size / 1e6:.0f} M weights", flush=True)
    if 2 * size + DISK_LEFT > shutil.disk_usage(folder).free:
        raise RuntimeError(f"{2 * size / 1e9:.0f} GB do not fit into {folder}; --layers makes the model smaller")
    checkpoint = folder / "checkpoint"
    model.save_pretrained(checkpoint, max_shard_size="4GB")
    chance = random.Random(arguments.seed)
    asked = []
    for prompt in TINY_PROMPTS if tiny else FULL_PROMPTS:
        question = ask(model, prompt, folder, chance)
        asked.append((question, *references(model, question, device)))
        print(f"  transformers has {prompt.name}, {limit - time.monotonic():.0f} s are left", flush=True)
    del model
    gc.collect()
    if device != "cpu":
        torch.cuda.empty_cache()

    records = []
    for question, exact, distances, routing in asked:
        theirs = distances["transformers bf16"]
        distances |= results_of_ours(shlex.split(arguments.cli), device, checkpoint, question, exact, tiny, limit)
        good = not suspicious(distances["lapidary"], theirs)
        print(f"  {question.name}: {question.ids.shape[1]} positions, {question.soft_tokens} of images")
        print(f"    {'':19} {HEADING}")
        for label, distance in distances.items():
            mark = "  <--" if label == "lapidary" and not good else ""
            text = f"failed: {distance}" if isinstance(distance, str) else line(distance)
            print(f"    {label:19} {text}{mark}")
        if routing:
            print(f"    {routing}")
        sys.stdout.flush()
        record = {"model": name, "tiny": tiny, "prompt": question.name, "positions": question.ids.shape[1]}
        record |= {"routing": routing, "good": good}
        record |= {"distances": {k: v if isinstance(v, str) else asdict(v) for k, v in distances.items()}}
        records.append(record)
    return records


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cli", required=True, help="the command that runs lapidary-cli")
    parser.add_argument("--device", default="cuda:0", help="of both sides")
    parser.add_argument("--tiny", nargs="+", metavar="MODEL", choices=MINIATURES, help="those in miniature alone")
    parser.add_argument("--full", nargs="+", metavar="MODEL", choices=released.TEXT, help="those whole")
    parser.add_argument("--layers", type=int, help="the first so many of a whole 12b, 26b or 31b")
    parser.add_argument("--folder", type=Path, help="takes one checkpoint at a time; a temporary one without")
    parser.add_argument("--json", type=Path, help="takes all figures")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=540, help="seconds for everything")
    arguments = parser.parse_args()
    logging.disable_progress_bar()
    if arguments.device == "cpu":
        torch.set_num_threads(1)  # as in make.py
    limit = time.monotonic() + arguments.limit

    def out_of_time(*_: object) -> None:
        raise OutOfTime(f"{arguments.limit:.0f} s are over")

    signal.signal(signal.SIGALRM, out_of_time)
    signal.setitimer(signal.ITIMER_REAL, arguments.limit)
    names = arguments.full or arguments.tiny or MINIATURES
    records: list[dict] = []
    failed = False
    for name in names:
        folder = Path(tempfile.mkdtemp(prefix="compare_", dir=arguments.folder))
        try:
            records += compare_model(arguments, name, folder, limit)
        except OutOfTime as error:
            print(f"{name}: {error}", flush=True)
            failed = True
            break
        except Exception as error:  # one model's failure must not cost the others' figures
            traceback.print_exc()
            records.append({"model": name, "good": False, "failed": str(error)})
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            if arguments.json:
                arguments.json.write_text(json.dumps(records, indent=2) + "\n")
    good = sum(record["good"] for record in records)
    print(f"{good} of {len(records)} prompts are as near as bf16 allows")
    return 0 if good == len(records) and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
