"""A prompt, and what a model in memory makes of it."""

import random
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import DynamicCache, PreTrainedModel
from transformers.models.gemma4.modeling_gemma4 import Gemma4TextRouter

import pictures
from reference import batch, draw_ids, masks
from variants import Prompt


@dataclass
class Question:
    name: str
    ids: torch.Tensor  # [1, n]
    tokens: Path  # the file of them
    images: list[Path]
    processed: list[dict[str, torch.Tensor]]  # the images as the model takes them
    soft_tokens: int  # of them


def ask(model: PreTrainedModel, prompt: Prompt, folder: Path, chance: random.Random) -> Question:
    """Draws the prompt's ids and pictures and leaves both in `folder`."""
    images = [folder / f"{prompt.name}_{i}.png" for i in range(len(prompt.images))]
    for path, (width, height, _) in zip(images, prompt.images):
        pictures.draw(width, height, chance).save(path)
    processed = [pictures.process(model, path, budget) for path, (_, _, budget) in zip(images, prompt.images)]
    soft = [len(pictures.features(model, one)) for one in processed]
    ids = draw_ids(model, prompt, soft, chance)
    tokens = folder / f"{prompt.name}.tokens.safetensors"
    save_file({"input_ids": ids.to(torch.int32)}, tokens)
    return Question(prompt.name, ids, tokens, images, processed, sum(soft))


@dataclass
class Outcome:
    logits: torch.Tensor  # [n, vocabulary] of the prompt's positions, float32 on the processor
    greedy: torch.Tensor  # [N] the likeliest tokens after it
    greedy_logits: torch.Tensor  # [N, vocabulary] that each was chosen by
    experts: list[torch.Tensor] = field(default_factory=list)  # each router's choices [n, chosen], in layer order


def run(
    model: PreTrainedModel, question: Question, greedy: int, experts: list[torch.Tensor] | None = None
) -> Outcome:
    """The prompt at once and then `greedy` tokens with a cache. `experts`: choices to be taken in place of the
    routers' own in the prompt."""
    inputs = {"input_ids": question.ids.to(model.device), **batch(question.processed)}
    inputs["attention_mask"] = masks(model, inputs["input_ids"]) if question.processed else None
    cache = DynamicCache(config=model.config.get_text_config())
    with torch.no_grad():
        with Routing(model, experts) as chosen:
            logits = model(**inputs, past_key_values=cache, use_cache=True).logits[0].float().cpu()
        rows = [logits[-1]]
        while len(rows) < greedy:
            token = rows[-1].argmax().reshape(1, 1).to(model.device)
            rows.append(model(input_ids=token, past_key_values=cache, use_cache=True).logits[0, -1].float().cpu())
    return Outcome(logits, torch.stack(rows).argmax(-1), torch.stack(rows), chosen)


class Routing:
    """Notes the experts that each router chooses, or replaces them by given ones with the weights they get here."""

    def __init__(self, model: PreTrainedModel, given: list[torch.Tensor] | None) -> None:
        self.routers = [module for module in model.modules() if isinstance(module, Gemma4TextRouter)]
        self.given = given
        self.chosen: list[torch.Tensor] = []

    def __enter__(self) -> list[torch.Tensor]:
        self.hooks = [router.register_forward_hook(self.note) for router in self.routers]
        return self.chosen

    def __exit__(self, *_: object) -> None:
        for hook in self.hooks:
            hook.remove()

    def note(self, router: Gemma4TextRouter, _: object, output: tuple[torch.Tensor, ...]) -> tuple | None:
        probabilities, _, chosen = output
        if self.given is None:
            self.chosen.append(chosen.cpu())
            return None
        chosen = self.given[len(self.chosen)].to(probabilities.device)
        self.chosen.append(chosen.cpu())
        weights = probabilities.gather(-1, chosen)
        weights = weights / weights.sum(-1, keepdim=True) * router.per_expert_scale[chosen]
        return probabilities, weights, chosen


def flips(experts: list[torch.Tensor], theirs: list[torch.Tensor]) -> torch.Tensor:
    """[layers, n]: the share of a token's experts that are not among theirs."""
    return torch.stack(
        [(a[:, :, None] != b[:, None, :]).all(-1).double().mean(-1) for a, b in zip(experts, theirs, strict=True)]
    )
