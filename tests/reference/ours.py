"""Runs lapidary-cli eval."""

import subprocess
from pathlib import Path

import torch
from safetensors.torch import load_file


def evaluate(
    cli: list[str],
    checkpoint: Path,
    tokens: Path,
    images: list[Path],
    greedy: int,
    options: tuple[str, ...] = (),
    limit: float | None = None,
) -> dict[str, torch.Tensor]:
    """`logits` [n, vocabulary] and `greedy` [N]. RuntimeError with the program's sentence, or when it has taken
    `limit` seconds."""
    out = tokens.with_suffix(".ours")
    command = [*cli, "eval", "--model", str(checkpoint), "--tokens", str(tokens), "--out", str(out)]
    command += ["--greedy", str(greedy), *options]
    for image in images:
        command += ["--image", str(image)]
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=limit)
        if result.returncode != 0:
            raise RuntimeError(result.stderr.strip() or f"exit status {result.returncode}")
        return load_file(out)
    except subprocess.TimeoutExpired as expired:
        raise RuntimeError(f"no result in {limit:.0f} s") from expired
    finally:
        out.unlink(missing_ok=True)
