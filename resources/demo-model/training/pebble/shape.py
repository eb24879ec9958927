"""Pebble's architecture as a transformers config: every id and size in one place."""

from __future__ import annotations

from transformers import Gemma4UnifiedConfig, Gemma4UnifiedTextConfig, Gemma4UnifiedVisionConfig

from . import vocabulary as v

CONTEXT = 4096
WINDOW = 256
SOFT_TOKENS = 70


def text_config(small: bool = False) -> Gemma4UnifiedTextConfig:
    layers = 4 if small else 10
    period = 2 if small else 5
    return Gemma4UnifiedTextConfig(
        vocab_size=v.SIZE,
        hidden_size=64 if small else 384,
        intermediate_size=96 if small else 768,
        num_hidden_layers=layers,
        num_attention_heads=4 if small else 8,
        num_key_value_heads=2,
        num_global_key_value_heads=1,
        head_dim=16 if small else 64,
        global_head_dim=32 if small else 128,
        attention_k_eq_v=True,
        sliding_window=WINDOW,
        max_position_embeddings=CONTEXT,
        layer_types=["full_attention" if (i + 1) % period == 0 else "sliding_attention" for i in range(layers)],
        final_logit_softcapping=30.0,
        use_bidirectional_attention="vision",
        tie_word_embeddings=True,
        hidden_activation="gelu_pytorch_tanh",
        rms_norm_eps=1e-6,
        attention_bias=False,
        pad_token_id=v.PAD,
        eos_token_id=v.EOS,
        bos_token_id=v.BOS,
    )


def model_config(small: bool = False) -> Gemma4UnifiedConfig:
    text = text_config(small)
    vision = Gemma4UnifiedVisionConfig(
        patch_size=16,
        pooling_kernel_size=3,
        mm_embed_dim=text.hidden_size,
        mm_posemb_size=1120,
        output_proj_dims=text.hidden_size,
        rms_norm_eps=1e-6,
    )
    return Gemma4UnifiedConfig(
        text_config=text,
        vision_config=vision,
        audio_config=None,
        boi_token_id=v.IMAGE_OPEN,
        eoi_token_id=v.IMAGE_CLOSE,
        image_token_id=v.IMAGE,
        video_token_id=v.VIDEO,
        boa_token_id=v.AUDIO_OPEN,
        eoa_token_index=v.AUDIO_CLOSE,
        audio_token_id=v.AUDIO,
        tie_word_embeddings=True,
        eos_token_id=[v.EOS, v.TURN_CLOSE],
        vision_soft_tokens_per_image=SOFT_TOKENS,
        dtype="bfloat16",
    )
