#include "tokenizer/cut_points.h"

#include "tokenizer/utf8.h"

#include <algorithm>

namespace lapidary::engine {

namespace {

constexpr char32_t kSpaceMarkPoint = 0x2581;

/// The character at `at` as it stands in pieces, and where the next one begins.
char32_t pieceCharacter(std::string_view text, std::size_t& at) {
    const std::string_view rest = text.substr(at);
    const char32_t point = firstCodePoint(rest);
    at += utf8Step(rest).length;
    return point == U' ' ? kSpaceMarkPoint : point;
}

} // namespace

CutPoints::CutPoints(const Vocabulary& vocabulary) : together_(std::size_t{1} << kBits) {
    for (const VocabularyPiece& piece : vocabulary.pieces) {
        const bool reachable = piece.kind == PieceKind::Normal
                               || piece.kind == PieceKind::UserDefined
                               || piece.kind == PieceKind::Unused;
        if (!reachable)
            continue;
        std::size_t at = 0;
        char32_t left = pieceCharacter(piece.text, at);
        while (at < piece.text.size()) {
            const char32_t right = pieceCharacter(piece.text, at);
            together_[bitOf(left, right)] = true;
            left = right;
        }
    }
}

std::size_t CutPoints::firstPart(std::string_view text, std::size_t wantedBytes) const {
    if (text.size() <= wantedBytes)
        return text.size();
    // Back to the beginning of the character that the wanted size falls into.
    std::size_t at = std::max<std::size_t>(wantedBytes, 1) - 1;
    while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U)
        --at;
    char32_t left = pieceCharacter(text, at);
    while (at < text.size()) {
        const std::size_t cut = at;
        const char32_t right = pieceCharacter(text, at);
        if (!together_[bitOf(left, right)])
            return cut;
        left = right;
    }
    return text.size();
}

std::size_t CutPoints::bitOf(char32_t left, char32_t right) {
    const std::uint64_t pair = std::uint64_t{left} << 32U | right;
    return (pair * 0x9E3779B97F4A7C15U) >> (64U - kBits);
}

} // namespace lapidary::engine
