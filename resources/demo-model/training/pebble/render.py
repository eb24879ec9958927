"""From a chat to token ids, by the rules of the chat template (gemma4.md 7), piece by piece.

Control ids are spliced in; text between them is encoded on its own, so no text can become a control token.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from random import Random

from tokenizers import Tokenizer
from tokenizers.models import BPE

from lessons.chat import Chat
from pictures.scene import Scene

from . import vocabulary as v


class Renderer:
    """`encode` gives ids, loss weights and the places of images. One instance a process."""

    def __init__(self, tokenizer_file: Path, dropout: float = 0.08, dropped_share: float = 0.15) -> None:
        self._exact = Tokenizer.from_file(str(tokenizer_file))
        # The same vocabulary with some merges left out, so that unknown spellings are not foreign.
        self._loose = Tokenizer.from_file(str(tokenizer_file))
        model = self._loose.model
        assert isinstance(model, BPE)
        model.dropout = dropout
        self._dropped_share = dropped_share
        self.text = lru_cache(maxsize=50_000)(self._encode_exact)

    def _encode_exact(self, text: str) -> tuple[int, ...]:
        return tuple(self._exact.encode(text, add_special_tokens=False).ids)

    def _user_text(self, text: str, r: Random | None) -> tuple[int, ...]:
        if r is not None and r.random() < self._dropped_share:
            return tuple(self._loose.encode(text, add_special_tokens=False).ids)
        return self.text(text)

    def encode(self, chat: Chat, r: Random | None = None) -> tuple[list[int], list[int], list[tuple[int, Scene]]]:
        """ids, weights (1 where the model writes) and (place of the first soft token, scene) of a chat with its answers."""
        ids: list[int] = [v.BOS]
        images: list[tuple[int, Scene]] = []
        spans: list[tuple[int, int]] = []
        newline = v.NEWLINE
        system, user, model = self.text("system"), self.text("user"), self.text("model")
        if chat.thinking or chat.system:
            ids += [v.TURN_OPEN, *system, newline]
            if chat.thinking:
                ids += [v.THINK, newline]
            ids += [*self._user_text(chat.system.strip(), r), v.TURN_CLOSE, newline]
        last = len(chat.turns) - 1
        for place, turn in enumerate(chat.turns):
            ids += [v.TURN_OPEN, *user, newline]
            if turn.scene is not None:
                ids.append(v.IMAGE_OPEN)
                images.append((len(ids), turn.scene))
                ids += [v.IMAGE] * turn.scene.blocks
                ids.append(v.IMAGE_CLOSE)
            ids += [*self._user_text(turn.user.strip(), r), v.TURN_CLOSE, newline, v.TURN_OPEN, *model, newline]
            channel = [v.CHANNEL_OPEN, *self.text("thought"), newline]
            start = len(ids)
            if place == last and chat.thinking:
                ids += [*channel, *self.text(turn.thought), newline, v.CHANNEL_CLOSE]
            elif place == last:
                ids += [*channel, v.CHANNEL_CLOSE]
                start = len(ids)
            ids += self.text(turn.answer.strip())
            ids.append(v.TURN_CLOSE)
            if place == last or not chat.thinking:
                spans.append((start, len(ids)))
            ids.append(newline)
        weights = [0] * len(ids)
        for a, b in spans:
            weights[a:b] = [1] * (b - a)
        return ids, weights, images
