"""Worker processes that write lessons, encode them and pack them into rows."""

from __future__ import annotations

import multiprocessing as mp
import queue
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

from lessons import compose
from pictures.draw import pack_scene

from .render import Renderer


@dataclass
class Rows:
    """Packed rows. ids, weights, documents, runs [rows, length]; scenes [images, 80]; starts: flat place of each image's first soft token."""

    ids: np.ndarray
    weights: np.ndarray
    documents: np.ndarray
    runs: np.ndarray
    scenes: np.ndarray
    starts: np.ndarray


def pack_rows(renderer: Renderer, r: Random, rows: int, length: int) -> Rows:
    out = Rows(
        np.zeros((rows, length), np.int16),
        np.zeros((rows, length), np.uint8),
        np.full((rows, length), -1, np.int16),
        np.full((rows, length), -1, np.int16),
        np.zeros((0, 80), np.float32),
        np.zeros(0, np.int64),
    )
    scenes, starts = [], []
    waiting: list = []
    for row in range(rows):
        place = document = run = 0
        misses = 0
        while misses < 6 and place < length - 24:
            item = waiting.pop() if waiting and misses == 0 else renderer.encode(compose.chat(r), r)
            ids, weights, images = item
            if len(ids) > length:
                continue
            if place + len(ids) > length:
                misses += 1
                if len(waiting) < 8:
                    waiting.append(item)
                continue
            span = slice(place, place + len(ids))
            out.ids[row, span], out.weights[row, span], out.documents[row, span] = ids, weights, document
            for start, scene in images:
                out.runs[row, place + start : place + start + scene.blocks] = run
                scenes.append(pack_scene(scene))
                starts.append(row * length + place + start)
                run += 1
            place += len(ids)
            document += 1
    if scenes:
        out.scenes, out.starts = np.stack(scenes), np.array(starts, np.int64)
    return out


def _work(tokenizer: Path, seed: int, rows: int, length: int, out: mp.Queue) -> None:
    renderer, r = Renderer(tokenizer), Random(seed)
    while True:
        out.put(pack_rows(renderer, r, rows, length))


class Feed:
    """Fresh rows from many processes; when they cannot keep up, rows seen before are given again."""

    def __init__(self, tokenizer: Path, workers: int, seed: int, rows: int, length: int, keep: int = 600) -> None:
        self._out: mp.Queue = mp.get_context("fork").Queue(maxsize=64)
        self._processes = [
            mp.get_context("fork").Process(
                target=_work, args=(tokenizer, seed * 1000 + i, rows, length, self._out), daemon=True
            )
            for i in range(workers)
        ]
        for process in self._processes:
            process.start()
        self._kept: list[Rows] = []
        self._keep, self._r = keep, Random(seed)
        self.fresh = self.again = 0

    def next(self) -> Rows:
        try:
            rows = self._out.get(timeout=60 if len(self._kept) < 16 else 0.0005)
            self.fresh += 1
            if len(self._kept) < self._keep:
                self._kept.append(rows)
            else:
                self._kept[self._r.randrange(self._keep)] = rows
            return rows
        except queue.Empty:
            self.again += 1
            return self._r.choice(self._kept)

    def close(self) -> None:
        for process in self._processes:
            process.terminate()
