"""Checkpoints of FP8 weights as two writers save them, and what such weights compute, in float32.

torchao: a model that transformers quantised with Float8DynamicActivationFloat8WeightConfig, per row, saved by
transformers. compressed-tensors: the names and configuration of its float-quantized format, per channel, weights
alone, written here."""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import PreTrainedModel, TorchAoConfig

LARGEST = 448.0


def rows(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The codes and the scale of each row of x, taken as bf16 (formats.md 4.4)."""
    x = x.to(torch.bfloat16)
    scale = (x.abs().amax(-1, keepdim=True) / LARGEST).float()
    scale = torch.where(scale == 0, torch.ones_like(scale), scale)
    return (x.float() / scale).clamp(-LARGEST, LARGEST).to(torch.float8_e4m3fn), scale


class Fp8Linear(nn.Module):
    """y = input scale · weight scale · Σ codes, or with the input as it is."""

    def __init__(self, codes: torch.Tensor, scale: torch.Tensor, quantised_input: bool) -> None:
        super().__init__()
        self.codes = codes.float()
        self.scale = scale.float()
        self.quantised_input = quantised_input

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if not self.quantised_input:
            return nn.functional.linear(x, self.codes) * self.scale.T
        codes, scale = rows(x)
        return nn.functional.linear(codes.float(), self.codes) * self.scale.T * scale


def save_torchao(model: type[PreTrainedModel], folder: Path) -> None:
    """Replaces the checkpoint in `folder`."""
    import torchao.quantization.quant_api as api
    from torchao.quantization import Float8DynamicActivationFloat8WeightConfig, PerRow
    from torchao.quantization.quantize_.common import KernelPreference

    api._check_hardware_support = lambda _: None  # it only saves: the processor can do that
    recipe = Float8DynamicActivationFloat8WeightConfig(
        granularity=PerRow(), kernel_preference=KernelPreference.TORCH
    )
    quantised = model.from_pretrained(folder, dtype=torch.bfloat16, quantization_config=TorchAoConfig(recipe))
    quantised.save_pretrained(folder)


def save_compressed_tensors(model: type[PreTrainedModel], folder: Path) -> None:
    """Replaces the checkpoint in `folder`."""
    tensors = load_file(folder / "model.safetensors")
    for name in [name for name in tensors if name.endswith("_proj.weight")]:
        codes, scale = rows(tensors[name])
        tensors[name] = codes
        tensors[f"{name}_scale"] = scale.to(torch.bfloat16)
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    config["quantization_config"] = {
        "quant_method": "compressed-tensors",
        "format": "float-quantized",
        "quantization_status": "compressed",
        "config_groups": {
            "group_0": {
                "targets": ["Linear"],
                "weights": {
                    "num_bits": 8,
                    "type": "float",
                    "strategy": "channel",
                    "symmetric": True,
                    "dynamic": False,
                },
                "input_activations": None,
                "output_activations": None,
            }
        },
        "ignore": ["lm_head"],
        "kv_cache_scheme": None,
    }
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")


SAVERS = {"torchao": save_torchao, "compressed-tensors": save_compressed_tensors}


def load_quantised(model: type[PreTrainedModel], folder: Path) -> PreTrainedModel:
    """The model of such a checkpoint in float32, its quantised linears computing with their codes."""
    tensors = load_file(folder / "model.safetensors")
    linears = {}
    for name in list(tensors):
        if name.endswith("._weight_qdata"):
            module = name.removesuffix("._weight_qdata")
            linears[module] = Fp8Linear(tensors.pop(name), tensors.pop(f"{module}._weight_scale"), True)
        elif name.endswith(".weight_scale"):
            module = name.removesuffix(".weight_scale")
            linears[module] = Fp8Linear(tensors.pop(f"{module}.weight"), tensors.pop(name), False)
    config = model.config_class.from_pretrained(folder)
    del config.quantization_config
    config._attn_implementation = "eager"
    result = model(config)
    frequencies = {name: buffer.clone() for name, buffer in result.named_buffers() if "inv_freq" in name}
    result = result.to(torch.bfloat16)
    for name, buffer in result.named_buffers():
        if name in frequencies:  # float32 whatever the model is in
            buffer.data = frequencies[name]
    missing, unexpected = result.load_state_dict(tensors, strict=False)
    result.tie_weights()
    assert not unexpected and {name.removesuffix(".weight") for name in missing} == {*linears, "lm_head"}, missing
    result = result.float().eval()
    for name, linear in linears.items():
        parent, _, leaf = name.rpartition(".")
        setattr(result.get_submodule(parent), leaf, linear)
    return result
