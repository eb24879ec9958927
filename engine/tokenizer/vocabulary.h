#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lapidary::engine {

/// What a token is; the values are those of sentencepiece's ModelProto.
enum class PieceKind : std::uint8_t {
    Normal = 1,
    Unknown = 2,
    Control = 3,     ///< never the result of encoding a text
    UserDefined = 4, ///< taken whole wherever its text occurs, before any merge
    Unused = 5,
    Byte = 6,
    Unreachable = 7, ///< a text that no merge makes; on the wire a Control
};

/// U+2581, which stands for a space inside pieces.
inline constexpr std::string_view kSpaceMark = "\xE2\x96\x81";

struct VocabularyPiece {
    std::string text; ///< with kSpaceMark for spaces; "<0x0A>" for a byte
    float score = 0;  ///< the pair with the highest score merges first
    PieceKind kind = PieceKind::Normal;
};

/// The tokens of a BPE tokenizer of Gemma's kind, by id, whichever file they came from.
struct Vocabulary {
    std::vector<VocabularyPiece> pieces;
    std::string notice; ///< for the log: what is unusual; or ""
};

/// The released vocabularies have 262144 tokens; the bound keeps a hostile file from allocating.
inline constexpr std::size_t kMaxVocabulary = std::size_t{1} << 21U;

/// The longest piece of the released vocabularies has less than 100 bytes.
inline constexpr std::size_t kMaxPieceBytes = 1024;

} // namespace lapidary::engine
