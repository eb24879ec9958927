"""One training step's rows on the device: ids, masks' inputs, drawn pictures, targets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from pictures.draw import Painter

from .pack import Rows


@dataclass
class Batch:
    """ids, documents, runs [rows, length]; targets: flat places whose next token is learnt, and those tokens."""

    ids: torch.Tensor
    documents: torch.Tensor
    runs: torch.Tensor
    places: torch.Tensor
    tokens: torch.Tensor
    image_places: torch.Tensor
    blocks: torch.Tensor
    positions: torch.Tensor


def make_batch(parts: list[Rows], painter: Painter, device: torch.device) -> Batch:
    to = lambda a: torch.from_numpy(np.ascontiguousarray(a)).to(device, non_blocking=True)
    ids = np.concatenate([p.ids for p in parts]).astype(np.int64)
    weights = np.concatenate([p.weights for p in parts])
    length = ids.shape[1]
    starts, counts, offset = [], [], 0
    for p in parts:
        starts.append(p.starts + offset)
        counts.append((p.scenes[:, 0] * p.scenes[:, 1]).astype(np.int64))
        offset += p.ids.size
    start, count = np.concatenate(starts), np.concatenate(counts)
    image_places = (
        np.repeat(start - np.concatenate([[0], np.cumsum(count)[:-1]]), count) + np.arange(count.sum())
        if len(count)
        else np.zeros(0, np.int64)
    )
    learnt = np.flatnonzero(weights.reshape(-1))
    blocks, positions = (
        painter.blocks(to(np.concatenate([p.scenes for p in parts])))
        if len(count)
        else (torch.zeros(0, 6912, device=device), torch.zeros(0, 2, dtype=torch.long, device=device))
    )
    assert learnt.min() > 0 and (learnt % length > 0).all()
    return Batch(
        to(ids),
        to(np.concatenate([p.documents for p in parts]).astype(np.int32)),
        to(np.concatenate([p.runs for p in parts]).astype(np.int32)),
        to(learnt - 1),
        to(ids.reshape(-1)[learnt]),
        to(image_places),
        blocks,
        positions,
    )
