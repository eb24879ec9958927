#include "tokenizer/tokenizer_json.h"

#include "tokenizer/text_index.h"
#include "tokenizer/utf8.h"

#include <algorithm>
#include <format>

namespace lapidary::engine {

namespace {

std::unexpected<Error> contradiction(std::string detail) {
    return fail(ErrorKind::Corrupt,
                "The file tokenizer.json contradicts itself. Download the model's folder again.",
                std::move(detail));
}

std::string_view setting(const TokenizerJson& json, const std::string& path) {
    const auto found = json.settings.find(path);
    return found == json.settings.end() ? std::string_view() : found->second;
}

/// Gemma's kind: every space becomes kSpaceMark, nothing else is changed or cut, byte fallback.
bool isOfGemmasKind(const TokenizerJson& json) {
    const auto is = [&](const std::string& path, std::string_view value) {
        return setting(json, path) == value;
    };
    const bool noPreTokenizer = is("pre_tokenizer.type", "");
    // Cutting at spaces does nothing after they were replaced.
    const bool inertPreTokenizer =
        is("pre_tokenizer.type", "Split") && is("pre_tokenizer.pattern.String", " ");
    return is("model.type", "BPE") && is("model.byte_fallback", "true")
           && is("model.continuing_subword_prefix", "") && is("model.end_of_word_suffix", "")
           && !is("model.ignore_merges", "true") && is("normalizer.type", "Replace")
           && is("normalizer.pattern.String", " ") && is("normalizer.content", kSpaceMark)
           && (noPreTokenizer || inertPreTokenizer);
}

bool isByteName(std::string_view text) {
    const auto isHex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'); };
    return text.size() == 6 && text.starts_with("<0x") && text.ends_with('>') && isHex(text[3])
           && isHex(text[4]);
}

std::string withSpaceMarks(std::string_view text) {
    std::string marked;
    for (const char c : text) {
        if (c == ' ')
            marked += kSpaceMark;
        else
            marked += c;
    }
    return marked;
}

/// Puts every token at its id; ids without a token are left empty.
Expected<Vocabulary> placeTokens(const TokenizerJson& json) {
    Vocabulary vocabulary;
    std::vector<VocabularyPiece>& pieces = vocabulary.pieces;
    const auto place = [&](std::int64_t id, std::string_view text) -> VocabularyPiece* {
        if (id < 0 || std::cmp_greater_equal(id, kMaxVocabulary) || text.empty())
            return nullptr;
        const auto index = static_cast<std::size_t>(id);
        if (pieces.size() <= index)
            pieces.resize(index + 1);
        if (!pieces[index].text.empty() && pieces[index].text != text)
            return nullptr;
        pieces[index].text = text;
        return &pieces[index];
    };
    for (const TokenizerJson::Entry& entry : json.vocabulary) {
        VocabularyPiece* const piece = place(entry.id, entry.text);
        if (piece == nullptr)
            return contradiction(std::format("id {} of token '{}'", entry.id, entry.text));
        if (isByteName(entry.text))
            piece->kind = PieceKind::Byte;
    }
    for (const TokenizerJson::AddedToken& token : json.addedTokens) {
        VocabularyPiece* const piece = place(token.id, token.text);
        if (piece == nullptr)
            return contradiction(std::format("id {} of added token '{}'", token.id, token.text));
        piece->kind = token.special ? PieceKind::Control : PieceKind::UserDefined;
    }
    for (VocabularyPiece& piece : pieces) {
        if (piece.text == setting(json, "model.unk_token"))
            piece.kind = PieceKind::Unknown;
        if (piece.kind == PieceKind::UserDefined)
            piece.text = withSpaceMarks(piece.text);
    }
    return vocabulary;
}

/// Some copies of the file leave a hole where <|video|> is; every id must have a piece.
Expected<void> fillHoles(Vocabulary& vocabulary) {
    constexpr std::size_t kMaxHoles = 1024;
    std::vector<std::size_t> holes;
    bool hasVideo = false;
    for (std::size_t id = 0; id < vocabulary.pieces.size(); ++id) {
        hasVideo = hasVideo || vocabulary.pieces[id].text == "<|video|>";
        if (vocabulary.pieces[id].text.empty())
            holes.push_back(id);
    }
    if (holes.empty())
        return {};
    if (holes.size() > kMaxHoles)
        return contradiction(std::format("{} ids have no token", holes.size()));
    for (const std::size_t id : holes) {
        vocabulary.pieces[id].text = std::format("<no token {}>", id);
        vocabulary.pieces[id].kind = PieceKind::Control;
    }
    if (holes.size() == 1 && !hasVideo)
        vocabulary.pieces[holes.front()].text = "<|video|>";
    else
        vocabulary.notice = std::format("tokenizer.json: {} ids have no token", holes.size());
    return {};
}

bool isOneCharacter(std::string_view text) {
    return utf8Step(text).length == text.size();
}

/// What the merge list says about one piece.
struct Made {
    std::int32_t firstRank = -1;
    std::int32_t ways = 0; // merges that make it and whose parts can themselves come about
};

/// Pieces that the merge list makes in fewer ways than their text can be split. SentencePiece
/// merges any two neighbours that are a piece together, so for these it could do what the list does
/// not say.
int countIrregular(const Vocabulary& vocabulary, const TextIndex& ids,
                   const std::vector<Made>& made) {
    const auto comesAbout = [&](std::string_view part) {
        const std::int32_t id = ids.find(part);
        return id >= 0 && vocabulary.pieces[static_cast<std::size_t>(id)].kind == PieceKind::Normal;
    };
    int irregular = 0;
    for (std::size_t id = 0; id < made.size(); ++id) {
        const Made& one = made[id];
        if (one.ways == 0)
            continue;
        const std::string_view text = vocabulary.pieces[id].text;
        int splits = 0;
        for (std::size_t cut = utf8Step(text).length; cut < text.size();
             cut += utf8Step(text.substr(cut)).length) {
            if (comesAbout(text.substr(0, cut)) && comesAbout(text.substr(cut)))
                ++splits;
        }
        if (splits != one.ways)
            ++irregular;
    }
    return irregular;
}

} // namespace

Expected<Vocabulary> vocabularyOf(const TokenizerJson& json) {
    if (!isOfGemmasKind(json))
        return fail(ErrorKind::Unsupported,
                    "The file tokenizer.json belongs to another family of models than Gemma 4. "
                    "Choose a folder with a Gemma 4 model.");
    Expected<Vocabulary> placed = placeTokens(json);
    if (!placed)
        return placed;
    Vocabulary& vocabulary = *placed;
    std::vector<VocabularyPiece>& pieces = vocabulary.pieces;
    if (const Expected<void> filled = fillHoles(vocabulary); !filled)
        return std::unexpected(filled.error());
    const TextIndex ids(vocabulary);
    if (ids.duplicate() >= 0)
        return contradiction(
            std::format("two tokens '{}'", pieces[static_cast<std::size_t>(ids.duplicate())].text));

    std::vector<Made> made(pieces.size());
    std::vector<std::int32_t> results(json.merges.size());
    for (std::size_t rank = 0; rank < json.merges.size(); ++rank) {
        results[rank] = ids.find(json.joined(json.merges[rank]));
        if (results[rank] < 0)
            continue; // no reader of this file can apply it
        Made& one = made[static_cast<std::size_t>(results[rank])];
        if (one.firstRank < 0)
            one.firstRank = static_cast<std::int32_t>(rank);
    }
    for (std::size_t id = 0; id < pieces.size(); ++id) {
        VocabularyPiece& piece = pieces[id];
        if (piece.kind != PieceKind::Normal)
            continue;
        if (made[id].firstRank >= 0)
            piece.score = -static_cast<float>(made[id].firstRank);
        else if (isOneCharacter(piece.text))
            piece.score = -static_cast<float>(json.merges.size() + 1);
        else
            piece.kind = PieceKind::Unreachable;
    }

    const auto comesAbout = [&](std::string_view part) {
        const std::int32_t id = ids.find(part);
        return id >= 0 && pieces[static_cast<std::size_t>(id)].kind == PieceKind::Normal;
    };
    int madePieces = 0;
    for (std::size_t rank = 0; rank < json.merges.size(); ++rank) {
        const TokenizerJson::Merge& merge = json.merges[rank];
        if (results[rank] < 0 || !comesAbout(json.left(merge)) || !comesAbout(json.right(merge)))
            continue;
        const auto id = static_cast<std::size_t>(results[rank]);
        if (pieces[id].kind == PieceKind::Normal && made[id].ways++ == 0)
            ++madePieces;
    }
    const int irregular = countIrregular(vocabulary, ids, made);
    if (irregular > madePieces / 100)
        return fail(ErrorKind::Unsupported,
                    "The merges of tokenizer.json were not made by SentencePiece, as Gemma's are. "
                    "Choose a folder with a Gemma 4 model.",
                    std::format("{} of {} pieces", irregular, madePieces));
    if (irregular > 0)
        vocabulary.notice = std::format("tokenizer.json: {} of {} pieces have merges that are not "
                                        "listed; rare words may be cut differently",
                                        irregular, madePieces);
    return placed;
}

} // namespace lapidary::engine
