"""Makes Pebble's tokenizer from the lessons: SentencePiece learns the pieces, and both file forms are written.

    python make_tokenizer.py FOLDER

`tokenizer.json` has the form of Gemma's own (spaces become U+2581, no pre-tokenisation, byte fallback);
`tokenizer.model` holds the same pieces with the rank of their merge as score (gemma4.md 6.1 and 6.4).
"""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from random import Random

import sentencepiece
from sentencepiece import sentencepiece_model_pb2 as proto

from lessons import compose
from pebble import vocabulary as v

CHATS = 30_000


def corpus(seed: int = 20) -> list[str]:
    """The lines of many chats; the vocabulary never joins over a line break, so lines are enough."""
    r = Random(seed)
    lines: list[str] = []
    for _ in range(CHATS):
        chat = compose.chat(r)
        for text in [chat.system] + [t for turn in chat.turns for t in (turn.user, turn.thought, turn.answer)]:
            lines += [line for line in text.split("\n") if line.strip()]
    return lines


def learn_pieces(lines: list[str], wanted: int) -> list[str]:
    """The learned pieces in the order of their merges, single characters included at the end."""
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines),
        model_writer=out,
        model_type="bpe",
        vocab_size=wanted + 256 + 3,
        character_coverage=1.0,
        byte_fallback=True,
        split_digits=True,
        allow_whitespace_only_pieces=False,
        remove_extra_whitespaces=False,
        normalization_rule_name="identity",
        add_dummy_prefix=False,
        max_sentence_length=20_000,
        num_threads=2,
        minloglevel=1,
        hard_vocab_limit=True,
        max_sentencepiece_length=16,
    )
    model = proto.ModelProto.FromString(out.getvalue())
    return [p.piece for p in model.pieces if p.type == proto.ModelProto.SentencePiece.NORMAL]


def merges_of(pieces: dict[int, str], learned: list[str]) -> list[tuple[str, str]]:
    """Every split of every piece into two pieces, grouped by piece, in the order in which the pieces rank."""
    ids = {piece: i for i, piece in pieces.items()}
    runs = ["\n" * n for n in range(2, 32)] + ["▁" * n for n in range(2, 32)]
    merges = []
    for piece in runs + [p for p in learned if len(p) > 1]:
        for cut in range(1, len(piece)):
            left, right = piece[:cut], piece[cut:]
            if left in ids and right in ids:
                merges.append((left, right))
    return merges


def write_json(folder: Path, pieces: dict[int, str], merges: list[tuple[str, str]]) -> None:
    special = [
        {
            "id": i,
            "content": text,
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
            "special": True,
        }
        for i, text in sorted(v.SPECIALS.items())
    ]
    data = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": special,
        "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        "pre_tokenizer": {
            "type": "Split",
            "pattern": {"String": " "},
            "behavior": "MergedWithPrevious",
            "invert": False,
        },
        "post_processor": None,
        "decoder": {
            "type": "Sequence",
            "decoders": [
                {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
                {"type": "ByteFallback"},
                {"type": "Fuse"},
            ],
        },
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": "<unk>",
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": True,
            "byte_fallback": True,
            "ignore_merges": False,
            "vocab": {pieces[i]: i for i in range(v.SIZE)},
            "merges": [list(m) for m in merges],
        },
    }
    (folder / "tokenizer.json").write_text(json.dumps(data, ensure_ascii=False, indent=1), "utf-8")


def write_model(folder: Path, pieces: dict[int, str], merges: list[tuple[str, str]]) -> None:
    rank = {}
    for place, (left, right) in enumerate(merges):
        rank.setdefault(left + right, place)
    model = proto.ModelProto()
    spec = model.trainer_spec
    spec.model_type, spec.vocab_size, spec.byte_fallback = proto.TrainerSpec.BPE, v.SIZE, True
    spec.pad_id, spec.eos_id, spec.bos_id, spec.unk_id = v.PAD, v.EOS, v.BOS, v.UNK
    spec.pad_piece, spec.eos_piece, spec.bos_piece, spec.unk_piece = "<pad>", "<eos>", "<bos>", "<unk>"
    for norm in (model.normalizer_spec, model.denormalizer_spec):
        norm.name, norm.add_dummy_prefix, norm.remove_extra_whitespaces, norm.escape_whitespaces = (
            "identity",
            False,
            False,
            True,
        )
    kinds = proto.ModelProto.SentencePiece
    for i in range(v.SIZE):
        piece = model.pieces.add()
        piece.piece, piece.score, piece.type = pieces[i], 0.0, kinds.NORMAL
        if i == v.UNK:
            piece.type = kinds.UNKNOWN
        elif i in v.SPECIALS:
            piece.type = kinds.CONTROL
        elif v.BYTES <= i < v.BYTES + 256:
            piece.type = kinds.BYTE
        else:
            piece.score = -float(rank.get(pieces[i], len(merges) + 1))
    (folder / "tokenizer.model").write_bytes(model.SerializeToString())


def main(folder: Path) -> None:
    pieces = v.fixed_pieces()
    room = v.SIZE - v.FIRST_PIECE - 7
    learned = [
        p
        for p in learn_pieces(corpus(), room + 40)
        if p not in pieces.values() and not (set(p) <= {"▁"} and len(p) > 1)
    ]
    # The characters come last in SentencePiece's list and must all be kept; merges are cut to what fits.
    characters = [p for p in learned if len(p) == 1]
    joined = [p for p in learned if len(p) > 1][: room - len(characters)]
    print(f"{len(characters)} characters, {len(joined)} joined pieces, room {room}")
    for place, piece in enumerate(joined + characters):
        pieces[v.FIRST_PIECE + place] = piece
    for place in range(v.FIRST_PIECE + len(joined) + len(characters), v.SIZE - 7):
        pieces[place] = f"<unused{place}>"
    merges = merges_of(pieces, joined)
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder, pieces, merges)
    write_model(folder, pieces, merges)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
