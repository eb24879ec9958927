"""What transformers computes for a prompt: float32 arithmetic over the stored weights, eager attention."""

import random
from dataclasses import dataclass, field
from pathlib import Path

import torch
from transformers import PreTrainedModel
from transformers.modeling_outputs import BaseModelOutputWithPooling
from transformers.models.gemma4.modeling_gemma4 import Gemma4TextRouter

import pictures
from quantised import load_quantised
from variants import Prompt, Variant

GREEDY_TOKENS = 24
FEWEST_DIFFERENT = 4  # random models like to repeat themselves
MOST_DRAWS = 200  # most fail within a few tokens
# Closer calls than these could fall differently in another order of float32 additions, which would say nothing
# about either engine. Such prompts are drawn again.
SMALLEST_LEAD = 2e-3
SMALLEST_ROUTER_GAP = 2e-6
# Where inputs are quantised, the last bit of a float32 now and then moves a number to the next code.
QUANTISED_LEAD = 0.2


@dataclass
class Expected:
    input_ids: torch.Tensor  # [1, n] int32
    logits: torch.Tensor  # [n, vocabulary] float32, after the soft cap
    greedy: torch.Tensor  # [GREEDY_TOKENS] int32
    image_features: torch.Tensor | None = None  # [soft tokens of all images, hidden] float32
    images: list[str] = field(default_factory=list)  # file names, in the order of the prompt
    budgets: list[int] = field(default_factory=list)


class Unsuitable(Exception):
    """The prompt's outcome hangs on rounding, or is too dull to test anything."""


def load(variant: Variant, folder: Path) -> PreTrainedModel:
    """The model as it is on disk, widened to float32 afterwards: the embedding factors keep the rounding that
    they have in the checkpoint's own dtype. Loading in float32 at once would not round them."""
    if variant.quantised:
        model = load_quantised(variant.model, folder)
        model.smallest_lead = QUANTISED_LEAD
        return model
    model = variant.model.from_pretrained(
        folder, dtype=getattr(torch, variant.dtype), attn_implementation="eager", experts_implementation="eager"
    )
    model = model.float().eval()
    for name, buffer in model.named_buffers():
        if name.endswith("embed_scale"):
            assert buffer == buffer.to(getattr(torch, variant.dtype)).float(), name
    return model


def expect(model: PreTrainedModel, prompt: Prompt, folder: Path, chance: random.Random) -> Expected:
    """Draws the prompt's ids until its outcome is suitable, and computes everything about it."""
    images = [folder / f"{prompt.name}_{i}.png" for i in range(len(prompt.images))]
    for path, (width, height, _) in zip(images, prompt.images):
        pictures.draw(width, height, chance).save(path, optimize=True)
    processed = [pictures.process(model, path, budget) for path, (_, _, budget) in zip(images, prompt.images)]
    vars(model.model).pop("get_image_features", None)  # of the prompt before
    features = [pictures.features(model, one) for one in processed]
    if features:
        embed_once(model, features)
    for _ in range(MOST_DRAWS):
        ids = draw_ids(model, prompt, [len(one) for one in features], chance)
        try:
            return Expected(
                input_ids=ids.to(torch.int32),
                logits=forward(model, ids, processed),
                greedy=greedy(model, ids, processed),
                image_features=torch.cat(features) if features else None,
                images=[path.name for path in images],
                budgets=[budget for _, _, budget in prompt.images],
            )
        except Unsuitable:
            continue
    raise RuntimeError(f"no suitable ids for {prompt} in {MOST_DRAWS} draws")


def embed_once(model: PreTrainedModel, features: list[torch.Tensor]) -> None:
    """The pictures of one prompt go through dozens of whole forwards; their features stay what they are."""
    model.model.get_image_features = lambda *_, **__: BaseModelOutputWithPooling(pooler_output=features)


def draw_ids(model: PreTrainedModel, prompt: Prompt, soft_tokens: list[int], chance: random.Random) -> torch.Tensor:
    """Text, and begin, placeholders and end for each image."""
    config = model.config
    vocabulary = config.get_text_config().vocab_size
    ids = [config.get_text_config().bos_token_id]
    for part, length in enumerate(prompt.text):
        ids += [chance.randrange(8, vocabulary - 16) for _ in range(length)]
        if part < len(soft_tokens):
            ids += [config.boi_token_id, *[config.image_token_id] * soft_tokens[part], config.eoi_token_id]
    return torch.tensor([ids])


def forward(model: PreTrainedModel, ids: torch.Tensor, processed: list[dict[str, torch.Tensor]]) -> torch.Tensor:
    """[n, vocabulary]."""
    inputs: dict[str, object] = {"input_ids": ids, **batch(processed)}
    if processed:
        inputs["attention_mask"] = masks(model, ids)
    with torch.no_grad(), SmallestRouterGap(model) as gaps:
        logits = model(**inputs, use_cache=False).logits[0]
    if gaps and min(gaps) < SMALLEST_ROUTER_GAP:
        raise Unsuitable
    return logits


def masks(model: PreTrainedModel, ids: torch.Tensor) -> dict[str, torch.Tensor]:
    """Those of a whole prompt, by kind of layer. Images attend to themselves in the sliding layers alone, which the
    unified class leaves to the masks it makes in advance; its bare forward opens the full layers too (see
    README.md)."""
    dtype = model.get_input_embeddings().weight.dtype
    return model.create_masks_for_generate(
        config=model.config,
        inputs_embeds=torch.empty(*ids.shape, 0, dtype=dtype, device=ids.device),
        attention_mask=None,
        past_key_values=None,
        position_ids=torch.arange(ids.shape[1], device=ids.device)[None],
        mm_token_type_ids=token_types(model, ids),
    )


def batch(processed: list[dict[str, torch.Tensor]]) -> dict[str, torch.Tensor]:
    """The images of one prompt as one call takes them: every image padded to the longest."""
    if not processed:
        return {}
    longest = max(one["pixel_values"].shape[1] for one in processed)
    return {
        "pixel_values": torch.cat([pad(one["pixel_values"], longest, 0) for one in processed]),
        "image_position_ids": torch.cat([pad(one["image_position_ids"], longest, -1) for one in processed]),
    }


def token_types(model: PreTrainedModel, ids: torch.Tensor) -> torch.Tensor:
    return (ids == model.config.image_token_id).long()


def pad(values: torch.Tensor, length: int, value: float) -> torch.Tensor:
    return torch.nn.functional.pad(values, (0, 0, 0, length - values.shape[1]), value=value)


class SmallestRouterGap:
    """Notes how near each token's last chosen expert came to the first one not chosen."""

    def __init__(self, model: PreTrainedModel) -> None:
        self.gaps: list[float] = []
        self.routers = [module for module in model.modules() if isinstance(module, Gemma4TextRouter)]

    def __enter__(self) -> list[float]:
        self.hooks = [router.register_forward_hook(self.note) for router in self.routers]
        return self.gaps

    def __exit__(self, *_: object) -> None:
        for hook in self.hooks:
            hook.remove()

    def note(self, router: Gemma4TextRouter, _: object, output: tuple[torch.Tensor, ...]) -> None:
        chosen = router.config.top_k_experts
        best = output[0].topk(chosen + 1, dim=-1).values
        self.gaps.append((best[:, chosen - 1] - best[:, chosen]).min().item())


def greedy(model: PreTrainedModel, ids: torch.Tensor, processed: list[dict[str, torch.Tensor]]) -> torch.Tensor:
    """The tokens that follow, always the likeliest; computed without a cache, so nothing can hide in one."""
    start = ids.shape[1]
    reserved = {*special(model), *range(8)}
    for _ in range(GREEDY_TOKENS):
        last = forward(model, ids, processed)[-1]
        best = last.topk(2)
        if (best.values[0] - best.values[1]).item() < getattr(model, "smallest_lead", SMALLEST_LEAD) or best.indices[0].item() in reserved:
            raise Unsuitable
        ids = torch.cat([ids, best.indices[:1][None]], dim=1)
    tokens = ids[0, start:]
    if len(set(tokens.tolist())) < FEWEST_DIFFERENT:
        raise Unsuitable
    if not (processed and model.config.model_type == "gemma4_unified"):  # there `generate` opens the full layers
        assert tokens.tolist() == generate(model, ids[:, :start], processed)
    return tokens.to(torch.int32)


def generate(model: PreTrainedModel, ids: torch.Tensor, processed: list[dict[str, torch.Tensor]]) -> list[int]:
    """The same tokens by transformers' own loop, with its cache: a check of this file."""
    types = {"mm_token_type_ids": token_types(model, ids)} if processed else {}
    whole = model.generate(
        input_ids=ids,
        attention_mask=torch.ones_like(ids),
        do_sample=False,
        max_new_tokens=GREEDY_TOKENS,
        eos_token_id=None,
        **types,
        **batch(processed),
    )
    return whole[0, ids.shape[1] :].tolist()


def special(model: PreTrainedModel) -> list[int]:
    """The ids of images, sound and video: a text never continues with them here."""
    return [value for key, value in model.config.to_dict().items() if key.endswith(("token_id", "token_index"))]
