"""Token ids: where Gemma has them, as far as a vocabulary of 8,192 allows."""

SIZE = 8192

PAD, EOS, BOS, UNK, MASK = 0, 1, 2, 3, 4
TOOL_RESPONSE = 50
THINK = 98
CHANNEL_OPEN, CHANNEL_CLOSE = 100, 101
TURN_OPEN, TURN_CLOSE = 105, 106
NEWLINE = 107  # a run of n newlines is 106 + n, n <= 31
SPACES = 138  # a run of n >= 2 spaces is 136 + n, n <= 31
TAB = 168
BYTES = 238
FIRST_PIECE = 494
IMAGE_OPEN, AUDIO_OPEN, IMAGE, AUDIO, IMAGE_CLOSE, AUDIO_CLOSE, VIDEO = range(SIZE - 7, SIZE)

SPECIALS: dict[int, str] = {
    PAD: "<pad>",
    EOS: "<eos>",
    BOS: "<bos>",
    UNK: "<unk>",
    MASK: "<mask>",
    46: "<|tool>",
    47: "<tool|>",
    48: "<|tool_call>",
    49: "<tool_call|>",
    50: "<|tool_response>",
    51: "<tool_response|>",
    52: '<|"|>',
    THINK: "<|think|>",
    CHANNEL_OPEN: "<|channel>",
    CHANNEL_CLOSE: "<channel|>",
    TURN_OPEN: "<|turn>",
    TURN_CLOSE: "<turn|>",
    IMAGE_OPEN: "<|image>",
    AUDIO_OPEN: "<|audio>",
    IMAGE: "<|image|>",
    AUDIO: "<|audio|>",
    IMAGE_CLOSE: "<image|>",
    AUDIO_CLOSE: "<audio|>",
    VIDEO: "<|video|>",
}
STOP_IDS = [EOS, TURN_CLOSE, TOOL_RESPONSE]


def fixed_pieces() -> dict[int, str]:
    """Every id that does not come out of the training of the vocabulary."""
    out = dict(SPECIALS)
    for n in range(1, 32):
        out[NEWLINE - 1 + n] = "\n" * n
    for n in range(2, 32):
        out[SPACES - 2 + n] = "▁" * n
    out[TAB] = "\t"
    for value in range(256):
        out[BYTES + value] = f"<0x{value:02X}>"
    unused = 0
    for place in range(FIRST_PIECE):
        if place not in out:
            out[place] = f"<unused{unused}>"
            unused += 1
    return out
