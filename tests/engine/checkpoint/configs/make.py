"""Writes the configurations of the five released sizes (gemma4.md 1.1 to 1.3) beside this file:
NAME.json as the models' makers spell it, NAME.saved.json as transformers 5.17 saves the same."""

import json
import pathlib
import tempfile

import transformers

FOLDER = pathlib.Path(__file__).parent

SIZES = {
    "e2b": dict(hidden=1536, layers=35, period=5, heads=8, kv=1, full_kv=None, mlp=6144, wide=True, sharing=20,
                same=False, window=512, per_layer=256, context=131072, bidirectional=None, vision="small"),
    "e4b": dict(hidden=2560, layers=42, period=6, heads=8, kv=2, full_kv=None, mlp=10240, wide=False, sharing=18,
                same=False, window=512, per_layer=256, context=131072, bidirectional=None, vision="small"),
    "12b": dict(hidden=3840, layers=48, period=6, heads=16, kv=8, full_kv=1, mlp=15360, wide=False, sharing=0,
                same=True, window=1024, per_layer=0, context=262144, bidirectional="vision", vision="unified"),
    "26b-a4b": dict(hidden=2816, layers=30, period=6, heads=16, kv=8, full_kv=2, mlp=2112, wide=False, sharing=0,
                    same=True, window=1024, per_layer=0, context=262144, bidirectional="vision", vision="large",
                    experts=(128, 8, 704)),
    "31b": dict(hidden=5376, layers=60, period=6, heads=32, kv=16, full_kv=4, mlp=21504, wide=False, sharing=0,
                same=True, window=1024, per_layer=0, context=262144, bidirectional="vision", vision="large"),
}


def tower(hidden, mlp, layers, heads, head, clipped, standardize):
    return {
        "model_type": "gemma4_vision", "hidden_size": hidden, "intermediate_size": mlp, "num_hidden_layers": layers,
        "num_attention_heads": heads, "num_key_value_heads": heads, "head_dim": head, "patch_size": 16,
        "pooling_kernel_size": 3, "position_embedding_size": 10240, "rms_norm_eps": 1e-6,
        "hidden_activation": "gelu_pytorch_tanh", "use_clipped_linears": clipped, "standardize": standardize,
        "rope_parameters": {"rope_type": "axial", "rope_theta": 100.0},
    }


VISION = {
    "small": tower(768, 3072, 16, 12, 64, True, False),
    "large": tower(1152, 4304, 27, 16, 72, False, True),
    "unified": {"model_type": "gemma4_unified_vision", "patch_size": 16, "pooling_kernel_size": 3,
                "mm_embed_dim": 3840, "mm_posemb_size": 1120, "rms_norm_eps": 1e-6, "output_proj_dims": 3840},
}


def config(size):
    unified = size["vision"] == "unified"
    family = "gemma4_unified" if unified else "gemma4"
    count, chosen, width = size.get("experts", (None, None, None))
    text = {
        "model_type": family + "_text", "vocab_size": 262144, "hidden_size": size["hidden"],
        "intermediate_size": size["mlp"], "num_hidden_layers": size["layers"], "num_attention_heads": size["heads"],
        "num_key_value_heads": size["kv"], "num_global_key_value_heads": size["full_kv"], "head_dim": 256,
        "global_head_dim": 512, "hidden_activation": "gelu_pytorch_tanh",
        "max_position_embeddings": size["context"], "rms_norm_eps": 1e-6, "tie_word_embeddings": True,
        "attention_bias": False, "sliding_window": size["window"], "final_logit_softcapping": 30.0,
        "use_bidirectional_attention": size["bidirectional"], "attention_k_eq_v": size["same"],
        "num_kv_shared_layers": size["sharing"], "use_double_wide_mlp": size["wide"],
        "hidden_size_per_layer_input": size["per_layer"], "vocab_size_per_layer_input": 262144,
        "enable_moe_block": count is not None, "num_experts": count, "top_k_experts": chosen,
        "moe_intermediate_size": width, "pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 1,
        "layer_types": ["sliding_attention" if (i + 1) % size["period"] else "full_attention"
                        for i in range(size["layers"])],
        "rope_parameters": {
            "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0},
            "full_attention": {"rope_type": "proportional", "rope_theta": 1000000.0, "partial_rotary_factor": 0.25},
        },
    }
    result = {
        "architectures": [("Gemma4Unified" if unified else "Gemma4") + "ForConditionalGeneration"],
        "model_type": family, "boi_token_id": 255999, "image_token_id": 258880, "eoi_token_id": 258882,
        "boa_token_id": 256000, "audio_token_id": 258881, "eoa_token_index": 258883, "video_token_id": 258884,
        "eos_token_id": [1, 106], "dtype": "bfloat16", "vision_soft_tokens_per_image": 280, "text_config": text,
        "vision_config": VISION[size["vision"]],
    }
    if size["vision"] == "small":
        result["audio_config"] = {"model_type": "gemma4_audio", "hidden_size": 1024, "num_hidden_layers": 12}
    if unified:
        result["audio_config"] = {"model_type": "gemma4_unified_audio", "audio_embed_dim": 640}
    return result


def write(path, value):
    path.write_text(json.dumps(value, indent=1) + "\n")


for name, size in SIZES.items():
    original = config(size)
    write(FOLDER / f"{name}.json", original)
    kind = transformers.Gemma4UnifiedConfig if name == "12b" else transformers.Gemma4Config
    with tempfile.TemporaryDirectory() as folder:
        kind(**{key: value for key, value in original.items() if key != "model_type"}).save_pretrained(folder)
        write(FOLDER / f"{name}.saved.json", json.loads((pathlib.Path(folder) / "config.json").read_text()))
