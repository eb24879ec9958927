"""How far a result is from the float32 one."""

from dataclasses import dataclass

import torch

from outcome import Outcome

ROWS = 128  # at a time: a row in float64 takes 2 MB at the released vocabulary


def relative_error(ours: torch.Tensor, theirs: torch.Tensor) -> torch.Tensor:
    """[rows]: the length of the difference over the length of the reference, row by row."""
    return (ours.double() - theirs.double()).norm(dim=-1) / theirs.double().norm(dim=-1)


def divergence(ours: torch.Tensor, theirs: torch.Tensor) -> torch.Tensor:
    """[rows]: the Kullback-Leibler divergence of our distribution from theirs, in nats."""
    ours, theirs = ours.double().log_softmax(-1), theirs.double().log_softmax(-1)
    return (theirs.exp() * (theirs - ours)).sum(-1)


def margins(ours: torch.Tensor, theirs: torch.Tensor) -> torch.Tensor:
    """[rows]: by how much their logits prefer their likeliest token to ours; 0 where it is the same."""
    best = theirs.max(-1).values
    return best - theirs.gather(-1, ours.argmax(-1, keepdim=True)).squeeze(-1)


@dataclass(frozen=True)
class Distance:
    error_median: float  # relative, of the positions of the prompt
    error_max: float
    worst_position: int
    kl_mean: float  # nats a token
    kl_max: float
    same_likeliest: float  # the share of positions at which the likeliest token is the same
    margin_max: float  # logits: the largest lead that float32 gave a token which is not the likeliest here
    greedy: int  # tokens until the continuations part
    greedy_margin: float  # and float32's margin there; 0 where they do not part

    @classmethod
    def between(cls, logits: torch.Tensor, greedy: torch.Tensor, exact: Outcome, device: str = "cpu") -> "Distance":
        columns: list[list[torch.Tensor]] = [[], [], []]
        for ours, theirs in zip(logits.split(ROWS), exact.logits.split(ROWS), strict=True):
            ours, theirs = ours.to(device), theirs.to(device)
            for column, measure in zip(columns, (relative_error, divergence, margins)):
                column.append(measure(ours, theirs).cpu())
        errors, nats, apart = (torch.cat(column) for column in columns)
        parts = (greedy.flatten() != exact.greedy).nonzero().flatten()
        at = int(parts[0]) if len(parts) else len(exact.greedy)
        lead = exact.greedy_logits[at].max() - exact.greedy_logits[at][greedy.flatten()[at]] if len(parts) else 0.0
        return cls(
            error_median=errors.median().item(),
            error_max=errors.max().item(),
            worst_position=int(errors.argmax()),
            kl_mean=nats.mean().item(),
            kl_max=nats.max().item(),
            same_likeliest=(apart == 0).double().mean().item(),
            margin_max=apart.max().item(),
            greedy=at,
            greedy_margin=float(lead),
        )


HEADING = (
    f"{'error median':>12} {'max':>8} {'KL mean':>8} {'max':>8}"
    f" {'likeliest':>9} {'margin':>7} {'greedy':>6} {'margin':>7}"
)


def line(distance: Distance) -> str:
    """The columns of HEADING."""
    return (
        f"{distance.error_median:12.1e} {distance.error_max:8.1e} {distance.kl_mean:8.1e} {distance.kl_max:8.1e}"
        f" {distance.same_likeliest:9.2%} {distance.margin_max:7.3f} {distance.greedy:6} {distance.greedy_margin:7.3f}"
    )
