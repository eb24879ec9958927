"""What a lesson produces: turns between a user and Pebble, joined to a chat."""

from __future__ import annotations

from dataclasses import dataclass, field

from pictures.scene import Scene


@dataclass
class Turn:
    """One question with its answer. `brief` is the answer in a word or a number, where there is one."""

    user: str
    answer: str
    thought: str
    brief: str = ""
    scene: Scene | None = None
    plain: bool = True  # may be reworded: typos, politeness, "answer with one word"


@dataclass
class Chat:
    turns: list[Turn]
    system: str = ""
    thinking: bool = False
    lesson: str = ""
    supervise_all: bool = field(default=True)

    def messages(self) -> list[dict]:
        """The chat up to the last question, in the message form of the chat template."""
        out: list[dict] = []
        if self.system:
            out.append({"role": "system", "content": self.system})
        for position, turn in enumerate(self.turns):
            if turn.scene is None:
                out.append({"role": "user", "content": turn.user})
            else:
                parts: list[dict] = [{"type": "image"}]
                if turn.user:
                    parts.append({"type": "text", "text": turn.user})
                out.append({"role": "user", "content": parts})
            if position + 1 < len(self.turns):
                out.append({"role": "assistant", "content": turn.answer})
        return out
