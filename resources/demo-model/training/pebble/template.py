"""Writes the files around the weights: template, tokenizer and processor settings, generation defaults."""

from __future__ import annotations

import json
from pathlib import Path

from . import vocabulary as v
from .shape import SOFT_TOKENS

_SETTINGS = {
    "tokenizer_class": "PreTrainedTokenizerFast",
    "backend": "tokenizers",
    "clean_up_tokenization_spaces": False,
    "model_max_length": 4096,
    "padding_side": "left",
    "processor_class": "Gemma4UnifiedProcessor",
    "bos_token": "<bos>",
    "eos_token": "<eos>",
    "pad_token": "<pad>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
    "image_token": "<|image|>",
    "boi_token": "<|image>",
    "eoi_token": "<image|>",
    "audio_token": "<|audio|>",
    "boa_token": "<|audio>",
    "eoa_token": "<audio|>",
    "sot_token": "<|turn>",
    "eot_token": "<turn|>",
    "soc_token": "<|channel>",
    "eoc_token": "<channel|>",
    "think_token": "<|think|>",
    "std_token": "<|tool>",
    "etd_token": "<tool|>",
    "stc_token": "<|tool_call>",
    "etc_token": "<tool_call|>",
    "str_token": "<|tool_response>",
    "etr_token": "<tool_response|>",
    "escape_token": '<|"|>',
}
_MODEL_SPECIFIC = [
    key for key in _SETTINGS if key.endswith("_token") and key.split("_")[0] not in ("bos", "eos", "pad", "unk", "mask")
]


def write_settings(folder: Path) -> None:
    settings = dict(_SETTINGS)
    settings["extra_special_tokens"] = {key: _SETTINGS[key] for key in _MODEL_SPECIFIC}
    settings["extra_special_tokens"]["video_token"] = "<|video|>"
    for key in _MODEL_SPECIFIC:
        del settings[key]
    settings["added_tokens_decoder"] = {
        str(i): {
            "content": t,
            "lstrip": False,
            "rstrip": False,
            "single_word": False,
            "normalized": False,
            "special": True,
        }
        for i, t in sorted(v.SPECIALS.items())
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n", "utf-8")
    processor = {
        "processor_class": "Gemma4UnifiedProcessor",
        "image_seq_length": SOFT_TOKENS,
        "audio_seq_length": 750,
        "audio_ms_per_token": 40,
        "image_processor": {
            "image_processor_type": "Gemma4UnifiedImageProcessor",
            "patch_size": 16,
            "pooling_kernel_size": 3,
            "max_soft_tokens": SOFT_TOKENS,
            "do_resize": True,
            "resample": 3,
            "do_rescale": True,
            "rescale_factor": 1 / 255,
            "do_normalize": False,
            "image_mean": [0.0, 0.0, 0.0],
            "image_std": [1.0, 1.0, 1.0],
            "do_convert_rgb": True,
        },
        "feature_extractor": {
            "feature_extractor_type": "Gemma4UnifiedAudioFeatureExtractor",
            "audio_samples_per_token": 640,
            "sampling_rate": 16000,
            "feature_size": 640,
            "padding_value": 0.0,
        },
        "video_processor": {
            "video_processor_type": "Gemma4UnifiedVideoProcessor",
            "patch_size": 16,
            "pooling_kernel_size": 3,
            "max_soft_tokens": 70,
            "num_frames": 32,
        },
    }
    (folder / "processor_config.json").write_text(json.dumps(processor, indent=2) + "\n", "utf-8")
    generation = {
        "bos_token_id": v.BOS,
        "pad_token_id": v.PAD,
        "eos_token_id": v.STOP_IDS,
        "do_sample": True,
        "temperature": 0.6,
        "top_k": 64,
        "top_p": 0.95,
        "suppress_tokens": [v.IMAGE_OPEN, v.AUDIO_OPEN, v.IMAGE, v.AUDIO, v.IMAGE_CLOSE, v.AUDIO_CLOSE, v.VIDEO],
    }
    (folder / "generation_config.json").write_text(json.dumps(generation, indent=2) + "\n", "utf-8")
    (folder / "chat_template.jinja").write_text(
        (Path(__file__).parent / "chat_template.jinja").read_text("utf-8"), "utf-8"
    )
