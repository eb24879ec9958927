#include "tokenizer/tokenizer.h"

#include "tokenizer/cut_points.h"
#include "tokenizer/sentencepiece_model.h"
#include "tokenizer/text_index.h"
#include "tokenizer/tokenizer_json.h"
#include "tokenizer/utf8.h"

#include <kernels/assert.h>

#include <sentencepiece_processor.h>

#include <array>
#include <cmath>
#include <exception>
#include <format>
#include <fstream>

namespace lapidary::engine {

namespace {

// Large enough that the overhead of a call is lost in it, small enough for the nearest cache.
constexpr std::size_t kPartBytes = 2048;

// The released tokenizer.json has 32 MB.
constexpr std::uintmax_t kMaxFileBytes = std::uintmax_t{256} << 20U;

constexpr std::array kRequired{Special::Bos, Special::Eos, Special::Unknown, Special::TurnBegin,
                               Special::TurnEnd};

Expected<std::string> readFile(const std::filesystem::path& path) {
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(path, error);
    std::ifstream file(path, std::ios::binary);
    if (error || !file)
        return fail(ErrorKind::Denied,
                    std::format("The file {} cannot be read. Check who may read the folder.",
                                path.string()),
                    error.message());
    if (size > kMaxFileBytes)
        return fail(ErrorKind::Corrupt,
                    std::format("The file {} is far too large for a tokenizer. Download the "
                                "model's folder again.",
                                path.string()));
    std::string bytes(size, '\0');
    file.read(bytes.data(), static_cast<std::streamsize>(size));
    if (std::cmp_not_equal(file.gcount(), size))
        return fail(ErrorKind::Corrupt,
                    std::format("The file {} cannot be read to its end. Download it again.",
                                path.string()));
    return bytes;
}

std::unexpected<Error> unusable(std::string detail) {
    return fail(ErrorKind::Corrupt,
                "The tokenizer's vocabulary is not usable. Download the model's folder again.",
                std::move(detail));
}

/// The value of "<0x0A>", or -1.
int byteValue(std::string_view name) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    if (name.size() != 6 || !name.starts_with("<0x") || !name.ends_with('>'))
        return -1;
    const std::size_t high = kDigits.find(name[3]);
    const std::size_t low = kDigits.find(name[4]);
    return high < 16 && low < 16 ? static_cast<int>(high * 16 + low) : -1;
}

/// What libsentencepiece insists on, and what keeps text from becoming a control token.
Expected<void> checkPieces(const Vocabulary& vocabulary) {
    int unknown = 0;
    bool space = false;
    std::array<int, 256> bytes{};
    for (const VocabularyPiece& piece : vocabulary.pieces) {
        if (piece.text.empty() || piece.text.size() > kMaxPieceBytes || !isUtf8(piece.text)
            || !std::isfinite(piece.score))
            return unusable("a piece is empty, too long, no UTF-8 or has no score");
        // The library looks single characters up among the control pieces too.
        if (piece.kind == PieceKind::Control && utf8Step(piece.text).length == piece.text.size())
            return unusable(std::format("control piece '{}' is one character", piece.text));
        if (piece.kind == PieceKind::Unknown)
            ++unknown;
        if ((piece.kind == PieceKind::Normal || piece.kind == PieceKind::UserDefined)
            && piece.text == kSpaceMark)
            space = true;
        if (piece.kind == PieceKind::Byte) {
            const int value = byteValue(piece.text);
            if (value < 0)
                return unusable(std::format("byte piece '{}'", piece.text));
            ++bytes[static_cast<std::size_t>(value)];
        }
    }
    const TextIndex index(vocabulary);
    if (index.duplicate() >= 0)
        return unusable(std::format("piece {} twice", index.duplicate()));
    if (unknown != 1)
        return unusable(std::format("{} unknown pieces", unknown));
    // Spaces would be written as the bytes of their mark, and come back as marks.
    if (!space)
        return unusable("no piece for the space");
    for (const int count : bytes) {
        if (count != 1)
            return unusable("not one piece for every byte");
    }
    return {};
}

std::string writtenText(const VocabularyPiece& piece) {
    if (piece.kind == PieceKind::Byte)
        return {static_cast<char>(byteValue(piece.text))};
    if (piece.kind == PieceKind::Control || piece.kind == PieceKind::Unknown)
        return piece.text.starts_with("<no token ") ? std::string() : piece.text;
    std::string text = piece.text;
    for (std::size_t at = text.find(kSpaceMark); at != std::string::npos;
         at = text.find(kSpaceMark, at + 1))
        text.replace(at, kSpaceMark.size(), 1, ' ');
    return text;
}

} // namespace

struct Tokenizer::Encoder {
    explicit Encoder(const Vocabulary& vocabulary) : cuts(vocabulary) {}

    sentencepiece::SentencePieceProcessor processor;
    CutPoints cuts;
};

Tokenizer::Tokenizer() = default;
Tokenizer::~Tokenizer() = default;

Expected<std::shared_ptr<const Tokenizer>> Tokenizer::load(const std::filesystem::path& folder,
                                                           int vocabularySize) {
    std::error_code ignored;
    const bool json = std::filesystem::exists(folder / "tokenizer.json", ignored);
    if (!json && !std::filesystem::exists(folder / "tokenizer.model", ignored))
        return fail(ErrorKind::NotFound,
                    std::format("The folder {} has no tokenizer.json and no tokenizer.model. "
                                "Download the model's folder again.",
                                folder.string()));
    const Expected<std::string> bytes =
        readFile(folder / (json ? "tokenizer.json" : "tokenizer.model"));
    if (!bytes)
        return std::unexpected(bytes.error());
    Expected<std::shared_ptr<const Tokenizer>> tokenizer =
        json ? fromJson(*bytes) : fromSentencePiece(*bytes);
    if (!tokenizer)
        return tokenizer;

    constexpr int kMaxPadding = 255; // some tools round the embedding up to whole blocks
    const int padding = vocabularySize - (*tokenizer)->size();
    if (padding < 0 || padding > kMaxPadding)
        return fail(ErrorKind::Corrupt,
                    std::format("The tokenizer has {} tokens, but the model's config.json says {}. "
                                "They belong to different models: download the folder again.",
                                (*tokenizer)->size(), vocabularySize));
    return tokenizer;
    // The analyzer loses track of a shared_ptr inside std::expected.
} // NOLINT(clang-analyzer-cplusplus.NewDeleteLeaks)

Expected<std::shared_ptr<const Tokenizer>> Tokenizer::fromJson(std::string_view bytes) {
    const Expected<TokenizerJson> json = parseTokenizerJson(bytes);
    if (!json)
        return std::unexpected(json.error());
    Expected<Vocabulary> vocabulary = vocabularyOf(*json);
    if (!vocabulary)
        return std::unexpected(std::move(vocabulary.error()));
    return make(std::move(*vocabulary));
}

Expected<std::shared_ptr<const Tokenizer>> Tokenizer::fromSentencePiece(std::string_view bytes) {
    Expected<Vocabulary> vocabulary = readSentencePieceModel(bytes);
    if (!vocabulary)
        return std::unexpected(std::move(vocabulary.error()));
    return make(std::move(*vocabulary));
}

Expected<std::shared_ptr<const Tokenizer>> Tokenizer::make(Vocabulary vocabulary) {
    std::shared_ptr<Tokenizer> tokenizer(new Tokenizer);
    for (std::size_t id = 0; id < vocabulary.pieces.size(); ++id) {
        VocabularyPiece& piece = vocabulary.pieces[id];
        const std::optional<Special> special = specialNamed(piece.text);
        if (!special)
            continue;
        // Google's own file lets some of them be matched in text; no text of a user may do that.
        if (piece.kind != PieceKind::Unknown)
            piece.kind = PieceKind::Control;
        tokenizer->special_.set(*special, static_cast<TokenId>(id));
    }
    for (const Special special : kRequired) {
        if (!tokenizer->special_.has(special))
            return fail(ErrorKind::Unsupported,
                        std::format("The tokenizer has no token {}, so this is no Gemma 4 model. "
                                    "Choose a folder with one.",
                                    specialName(special)));
    }
    if (const Expected<void> checked = checkPieces(vocabulary); !checked)
        return std::unexpected(checked.error());

    for (const VocabularyPiece& piece : vocabulary.pieces) {
        tokenizer->begins_.push_back(static_cast<std::uint32_t>(tokenizer->texts_.size()));
        tokenizer->texts_ += writtenText(piece);
        tokenizer->control_.push_back(piece.kind == PieceKind::Control
                                      || piece.kind == PieceKind::Unknown);
    }
    tokenizer->begins_.push_back(static_cast<std::uint32_t>(tokenizer->texts_.size()));
    tokenizer->notice_ = std::move(vocabulary.notice);
    tokenizer->encoder_ = std::make_unique<Encoder>(vocabulary);

    const std::string model = writeSentencePieceModel(vocabulary);
    vocabulary.pieces = {};
    try { // its double array throws on keys it cannot hold
        const auto status = tokenizer->encoder_->processor.LoadFromSerializedProto(model);
        if (!status.ok())
            return unusable(status.ToString());
    } catch (const std::exception& error) {
        return unusable(error.what());
    }
    return tokenizer;
}

std::vector<TokenId> Tokenizer::encode(std::string_view text) const {
    if (!isUtf8(text))
        return encode(withoutInvalidUtf8(text));
    std::vector<TokenId> ids;
    std::vector<int> part;
    while (!text.empty()) {
        const std::size_t length = encoder_->cuts.firstPart(text, kPartBytes);
        const auto status = encoder_->processor.Encode(text.substr(0, length), &part);
        LAPIDARY_ASSERT(status.ok());
        ids.insert(ids.end(), part.begin(), part.end());
        text.remove_prefix(length);
    }
    return ids;
}

int Tokenizer::size() const {
    return static_cast<int>(control_.size());
}

std::string_view Tokenizer::bytes(TokenId id) const {
    if (id < 0 || id >= size())
        return {};
    const auto index = static_cast<std::size_t>(id);
    return std::string_view(texts_).substr(begins_[index], begins_[index + 1] - begins_[index]);
}

bool Tokenizer::isControl(TokenId id) const {
    return id < 0 || id >= size() || control_[static_cast<std::size_t>(id)];
}

} // namespace lapidary::engine
