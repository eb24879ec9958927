#!/usr/bin/env python3
"""Makes the small vocabularies and the expected ids that tests/engine/tokenizer compares with.

    python3 make.py            needs: sentencepiece, tokenizers, protobuf

Both vocabularies are trained here by SentencePiece with Gemma's settings and turned into a
tokenizer.json the way Hugging Face does it: every split of every piece into two pieces is a merge,
ordered by the score of the piece. The ids of tokenizer.json come from the tokenizers library, those
of tokenizer.model from SentencePiece's own binding.

    plain   merges as ["a", "b"]; 24 special tokens; runs of spaces and newlines are learned
    runs    merges as "a b"; no <|video|>; runs of spaces and newlines are user-defined pieces in
            the .model and ordinary merges in the .json, as in Gemma; quote, call, response and
            channel tokens are added but not special; <p> and </p> are added and ordinary

samples.json holds the fragments of which tests and this script make the same random samples (see
`samples`), and examples with all their ids. hashes.txt has a line a sample: FNV-1a of the ids by
tokenizer.json of `plain` and `runs`, then by tokenizer.model of `plain` and `runs`.
"""

import io
import json
import random
from pathlib import Path

import sentencepiece
from sentencepiece import sentencepiece_model_pb2 as model_pb2
from tokenizers import Tokenizer

HERE = Path(__file__).parent
SAMPLES = 3000
SPECIALS = """<pad> <eos> <bos> <unk> <mask> <|tool> <tool|> <|tool_call> <tool_call|>
<|tool_response> <tool_response|> <|"|> <|think|> <|channel> <channel|> <|turn> <turn|>
<|image> <|audio> <|image|> <|audio|> <image|> <audio|> <|video|>""".split()
NOT_SPECIAL_IN_RUNS = ["<|channel>", "<channel|>", "<|tool_call>", "<tool_call|>",
                       "<|tool_response>", "<tool_response|>", '<|"|>']

SENTENCES = """The quick brown fox jumps over the lazy dog.
Every question has an answer, and every answer asks the next question.
She sells sea shells on the sea shore; the shells she sells are surely seashells.
Café naïve façade über Straße żółw język élève à la plage.
Größe, Maß und Übermut: das Wetter wird heute schöner als gestern.
El niño comió piñata mañana por la mañana, ¿verdad?
Быстрая коричневая лиса перепрыгивает через ленивую собаку.
Η γρήγορη καφέ αλεπού πηδά πάνω από το σκυλί.
人工知能は未来を変える。猫が好きです。東京は大きい。
한국어 테스트입니다. 오늘은 날씨가 좋습니다.
我喜欢吃苹果和香蕉，你呢？今天天气很好。
مرحبا بالعالم، كيف حالك اليوم؟
नमस्ते दुनिया, आप कैसे हैं?
func main() { fmt.Println("hello") }
int main(void) { return x != 42 && y <= 7 || z >= 100; }
for (int i = 0; i < 10; ++i) { sum += values[i]; }
def fibonacci(n):\n    if n < 2:\n        return n\n    return fibonacci(n - 1) + fibonacci(n - 2)\n
<table>\n<tr><td>1</td><td>2</td></tr>\n</table>\n
# Title\n\n- first point\n- second point\n\n1. one\n2. two\n\n\n```cpp\nauto x = 3.14159;\n```
a  b   c    d     e      f\n\n\n\n\t\tindented\ttabs\t\n
x = 1234567890 + 0.5e-3; // 2024-12-31T23:59:59Z
Hello 😀🔥 world 🌍✨ test 🤖 👍🏽 ok""".split("\n")

FRAGMENTS = [
    " ", "  ", "   ", "       ", " " * 17, " " * 40, "\n", "\n\n", "\n\n\n", "\n" * 20, "\n" * 45,
    "\t", "\t\t", "\r\n", "\r", " \n ", "\n \n", "\u00a0", "\u3000", "\u2003", "\u200b", "\u200d",
    "\ufeff", "\u2028", "▁", "▁▁", "\u0000", "\u0001", "\u0007", "\u001b[31m", "\u007f", "\u0085",
    "\ufffd", "\uffff", "\U0010ffff", "\ue000", "\U000f0000", "e\u0301", "é", "n\u0303", "ﬁ", "Å",
    "½", "²", "Ⅷ", "①", "ﷺ", "😀", "🔥", "👍🏽", "👩‍👩‍👧‍👦", "🇩🇪", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "❤️", "✨", "🤖", "漢字", "猫", "東京",
    "한국어", "테스트", "ㅎㅏㄴ", "नमस्ते", "हैं", "مرحبا", "שלום", "ไทย", "Ελλάδα", "собака", "ъ", "ß", "ẞ",
    "ﬀ", "œ", "ǅ", "0", "1", "42", "007", "3.14159", "1234567890", "1e-5", "0x1F", "-1", "+", "=",
    "==", "!=", "<=", "<", ">", "</", ">▁</", "<td>", "</td>", "<p>", "</p>", "<0x41>", "<0x0A>",
    "<unused0>", "<start_of_turn>", "<|", "|>", "<turn", "|", "||", "\\", "\\n", "\"", "'", "`",
    "```", "``", "#", "##", "*", "**", "_", "__", "-", "--", "—", "…", "...", ".", ",", ";", ":",
    "?", "!", "¿", "(", ")", "{", "}", "[", "]", "()", "{}", "@", "$", "€", "%", "^", "&", "~",
    "the", "The", "quick", "question", "answer", "shells", "shore", "fibonacci", "return", "int",
    "main", "hello", "Hello", "HELLO", "world", "für", "Straße", "schöner", "niño", "mañana",
    " the", " a", " question", " answer", " x", "  return", "a", "b", "z", "aa", "aaa", "aaaaaaaa",
    "ing", "tion", "est", "https://example.org/a?b=c&d=%20", "user", "model", "thought",
]


def training_text():
    rng = random.Random(4)
    syllables = "an be ca de el fi go hu in ja ko lu me no or pi qu re so ti un vo we xi ya zu".split()
    words = ["".join(rng.choices(syllables, k=rng.randint(1, 4))) for _ in range(300)]
    lines = []
    for _ in range(600):
        lines.append(rng.choice(SENTENCES).replace("\\n", "\n"))
        lines.append(" ".join(rng.choices(words, k=9)) + rng.choice([".", "?", "!", ",", "\n\n", "  "]))
    return lines


def train(user_defined, size):
    model = io.BytesIO()
    controls = [s for s in SPECIALS if s not in user_defined and s not in SPECIALS[:4]]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(training_text()), model_writer=model, model_type="bpe",
        vocab_size=size, byte_fallback=True, split_digits=True, character_coverage=0.995,
        allow_whitespace_only_pieces=True, add_dummy_prefix=False, remove_extra_whitespaces=False,
        normalization_rule_name="identity", pad_id=0, eos_id=1, bos_id=2, unk_id=3,
        pad_piece="<pad>", eos_piece="<eos>", bos_piece="<bos>", unk_piece="<unk>",
        control_symbols=controls, user_defined_symbols=user_defined, num_threads=1,
        minloglevel=2)
    proto = model_pb2.ModelProto()
    proto.ParseFromString(model.getvalue())
    return proto


def huggingface_merges(pieces, skip):
    vocabulary = {p.piece: i for i, p in enumerate(pieces)}
    merges = []
    for p in pieces:
        if p.piece in skip:
            continue
        for cut in range(1, len(p.piece)):
            left, right = p.piece[:cut], p.piece[cut:]
            if left in vocabulary and right in vocabulary and not {left, right} & skip:
                merges.append((p.score, left, right))
    merges.sort(key=lambda m: (m[0], len(m[1]), len(m[2])), reverse=True)
    return [(left, right) for _, left, right in merges]


def tokenizer_json(proto, added, not_special, spelling):
    vocabulary = {p.piece: i for i, p in enumerate(proto.pieces)}
    merges = huggingface_merges(proto.pieces, set(added))
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [
            {"id": vocabulary[name], "content": name, "single_word": False, "lstrip": False,
             "rstrip": False, "normalized": False, "special": name not in not_special}
            for name in added],
        "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "▁"},
        "pre_tokenizer": {"type": "Split", "pattern": {"String": " "},
                          "behavior": "MergedWithPrevious", "invert": False},
        "post_processor": {"type": "TemplateProcessing",
                           "single": [{"Sequence": {"id": "A", "type_id": 0}}],
                           "pair": [{"Sequence": {"id": "A", "type_id": 0}},
                                    {"Sequence": {"id": "B", "type_id": 1}}],
                           "special_tokens": {}},
        "decoder": {"type": "Sequence", "decoders": [
            {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
            {"type": "ByteFallback"}, {"type": "Fuse"}]},
        "model": {"type": "BPE", "dropout": None, "unk_token": "<unk>",
                  "continuing_subword_prefix": None, "end_of_word_suffix": None,
                  "fuse_unk": True, "byte_fallback": True, "ignore_merges": False,
                  "vocab": vocabulary,
                  "merges": [list(m) if spelling == "pairs" else " ".join(m) for m in merges]},
    }


def make_plain():
    proto = train([], 1100)
    return proto, tokenizer_json(proto, SPECIALS, [], "pairs")


def make_runs():
    runs = ["▁" * n for n in range(2, 32)] + ["\n" * n for n in range(1, 32)] + ["\t"]
    marks = ["<p>", "</p>"]
    proto = train(runs + marks + NOT_SPECIAL_IN_RUNS, 1000)
    video = next(i for i, p in enumerate(proto.pieces) if p.piece == "<|video|>")
    added = [s for s in SPECIALS if s != "<|video|>"] + marks
    described = tokenizer_json(proto, added, NOT_SPECIAL_IN_RUNS + marks, "lines")
    del described["model"]["vocab"]["<|video|>"]
    # What the tokenizers library reads must know no hole either way; it does not mind them.
    assert video not in described["model"]["vocab"].values()
    return proto, described


class Random:
    """splitmix64, the same in the test."""

    def __init__(self, seed):
        self.state = seed

    def below(self, bound):
        mask = (1 << 64) - 1
        self.state = (self.state + 0x9E3779B97F4A7C15) & mask
        z = self.state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return (z ^ (z >> 31)) % bound


def samples():
    for number in range(SAMPLES):
        rng = Random(number)
        # Every hundredth is long, so that it is cut into several parts.
        count = 1200 if number % 100 == 99 else 1 + rng.below(12)
        yield "".join(FRAGMENTS[rng.below(len(FRAGMENTS))] for _ in range(count))


def fnv(ids):
    value = 0x811C9DC5
    for token in ids:
        for byte in token.to_bytes(4, "little"):
            value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return f"{value:08x}"


def main():
    encoders, examples = [], {}
    models = []
    for name, (proto, described) in {"plain": make_plain(), "runs": make_runs()}.items():
        text = json.dumps(described, ensure_ascii=False, separators=(",", ":"))
        (HERE / f"{name}.json").write_text(text)
        (HERE / f"{name}.model").write_bytes(proto.SerializeToString())
        tokenizer = Tokenizer.from_str(text)
        tokenizer.encode_special_tokens = True  # as text; ours never reads them from text
        processor = sentencepiece.SentencePieceProcessor(model_proto=proto.SerializeToString())
        encoders.append(lambda s, t=tokenizer: t.encode(s, add_special_tokens=False).ids)
        models.append(lambda s, p=processor: p.encode(s))
        examples[name] = encoders[-1]

    lines, differing = [], 0
    for sample in samples():
        ids = [encode(sample) for encode in encoders + models]
        differing += ids[0] != ids[2] or ids[1] != ids[3]
        lines.append(" ".join(fnv(one) for one in ids))
    (HERE / "hashes.txt").write_text("\n".join(lines) + "\n")
    print(f"{SAMPLES} samples; tokenizers and sentencepiece differ in {differing}")

    texts = [s.replace("\\n", "\n") for s in SENTENCES] + [" leading", "trailing   ", "\n" * 50, ""]
    (HERE / "samples.json").write_text(json.dumps({
        "fragments": FRAGMENTS,
        "examples": [{"text": t, "plain": examples["plain"](t), "runs": examples["runs"](t)}
                     for t in texts]}, separators=(",", ":")))


if __name__ == "__main__":
    main()
