#include "tokenizer/sentencepiece_model.h"

#include "tokenizer/protobuf_wire.h"

#include <format>

namespace lapidary::engine {

namespace {

// Field numbers of sentencepiece_model.proto.
namespace model {
constexpr std::uint32_t kPieces = 1, kTrainer = 2, kNormalizer = 3, kDenormalizer = 5;
}
namespace piece {
constexpr std::uint32_t kText = 1, kScore = 2, kKind = 3;
}
namespace trainer {
constexpr std::uint32_t kModelType = 3, kVocabularySize = 4, kWhitespaceAsSuffix = 24,
                        kByteFallback = 35, kUnknownId = 40, kBosId = 41, kEosId = 42, kPadId = 43,
                        kUnknownPiece = 45, kBosPiece = 46, kEosPiece = 47, kPadPiece = 48;
constexpr std::uint64_t kBpe = 2;
} // namespace trainer
namespace normalizer {
constexpr std::uint32_t kName = 1, kCharacterMap = 2, kDummyPrefix = 3, kRemoveExtraSpaces = 4,
                        kEscapeSpaces = 5;
}

Error corrupt() {
    return {.kind = ErrorKind::Corrupt,
            .sentence = "The file tokenizer.model is damaged or is no SentencePiece model. "
                        "Download the model's folder again."};
}

struct TrainerFields {
    std::uint64_t modelType = 1; // unigram, the default of the format
    std::uint64_t byteFallback = 0;
    std::uint64_t whitespaceAsSuffix = 0;
};

struct NormalizerFields {
    std::string_view characterMap;
    std::uint64_t dummyPrefix = 1;
    std::uint64_t removeExtraSpaces = 1;
    std::uint64_t escapeSpaces = 1;
};

VocabularyPiece readPiece(WireReader reader, bool& failed) {
    VocabularyPiece result;
    while (reader.next()) {
        if (reader.field() == piece::kText) {
            result.text = reader.text();
        } else if (reader.field() == piece::kScore) {
            result.score = reader.real();
        } else if (reader.field() == piece::kKind) {
            const std::uint64_t kind = reader.number();
            const bool known = kind >= 1 && kind <= 6;
            failed = failed || !known;
            result.kind = known ? static_cast<PieceKind>(kind) : PieceKind::Unused;
        }
    }
    failed = failed || reader.failed();
    return result;
}

TrainerFields readTrainer(WireReader reader, bool& failed) {
    TrainerFields fields;
    while (reader.next()) {
        if (reader.field() == trainer::kModelType)
            fields.modelType = reader.number();
        else if (reader.field() == trainer::kByteFallback)
            fields.byteFallback = reader.number();
        else if (reader.field() == trainer::kWhitespaceAsSuffix)
            fields.whitespaceAsSuffix = reader.number();
    }
    failed = failed || reader.failed();
    return fields;
}

NormalizerFields readNormalizer(WireReader reader, bool& failed) {
    NormalizerFields fields;
    while (reader.next()) {
        if (reader.field() == normalizer::kCharacterMap)
            fields.characterMap = reader.text();
        else if (reader.field() == normalizer::kDummyPrefix)
            fields.dummyPrefix = reader.number();
        else if (reader.field() == normalizer::kRemoveExtraSpaces)
            fields.removeExtraSpaces = reader.number();
        else if (reader.field() == normalizer::kEscapeSpaces)
            fields.escapeSpaces = reader.number();
    }
    failed = failed || reader.failed();
    return fields;
}

} // namespace

Expected<Vocabulary> readSentencePieceModel(std::string_view bytes) {
    Vocabulary vocabulary;
    TrainerFields trained;
    NormalizerFields normalized;
    bool failed = false;
    WireReader reader(bytes);
    while (reader.next() && !failed) {
        if (reader.field() == model::kPieces) {
            if (vocabulary.pieces.size() == kMaxVocabulary)
                return std::unexpected(corrupt());
            vocabulary.pieces.push_back(readPiece(WireReader(reader.text()), failed));
        } else if (reader.field() == model::kTrainer) {
            trained = readTrainer(WireReader(reader.text()), failed);
        } else if (reader.field() == model::kNormalizer) {
            normalized = readNormalizer(WireReader(reader.text()), failed);
        }
    }
    if (failed || reader.failed() || vocabulary.pieces.empty())
        return std::unexpected(corrupt());
    if (trained.modelType != trainer::kBpe || trained.byteFallback == 0
        || trained.whitespaceAsSuffix != 0 || !normalized.characterMap.empty()
        || normalized.dummyPrefix != 0 || normalized.removeExtraSpaces != 0
        || normalized.escapeSpaces == 0)
        return fail(ErrorKind::Unsupported,
                    "The file tokenizer.model belongs to another family of models than Gemma 4. "
                    "Choose a folder with a Gemma 4 model.");
    return vocabulary;
}

std::string writeSentencePieceModel(const Vocabulary& vocabulary) {
    WireWriter out;
    out.reserve(vocabulary.pieces.size() * 28);
    for (const VocabularyPiece& entry : vocabulary.pieces) {
        const PieceKind kind =
            entry.kind == PieceKind::Unreachable ? PieceKind::Control : entry.kind;
        WireWriter one;
        one.text(piece::kText, entry.text);
        one.real(piece::kScore, entry.score);
        one.number(piece::kKind, static_cast<std::uint64_t>(kind));
        out.text(model::kPieces, one.bytes());
    }

    WireWriter trained;
    trained.number(trainer::kModelType, trainer::kBpe);
    trained.number(trainer::kVocabularySize, vocabulary.pieces.size());
    trained.number(trainer::kByteFallback, 1);
    const auto reserve = [&](std::string_view name, std::uint32_t idField,
                             std::uint32_t pieceField) {
        for (std::size_t id = 0; id < vocabulary.pieces.size(); ++id) {
            if (vocabulary.pieces[id].text != name)
                continue;
            trained.number(idField, id);
            trained.text(pieceField, name);
            return;
        }
    };
    reserve("<unk>", trainer::kUnknownId, trainer::kUnknownPiece);
    reserve("<bos>", trainer::kBosId, trainer::kBosPiece);
    reserve("<eos>", trainer::kEosId, trainer::kEosPiece);
    reserve("<pad>", trainer::kPadId, trainer::kPadPiece);
    out.text(model::kTrainer, trained.bytes());

    WireWriter identity;
    identity.text(normalizer::kName, "identity");
    identity.number(normalizer::kDummyPrefix, 0);
    identity.number(normalizer::kRemoveExtraSpaces, 0);
    identity.number(normalizer::kEscapeSpaces, 1);
    out.text(model::kNormalizer, identity.bytes());
    out.text(model::kDenormalizer, identity.bytes());
    return out.bytes();
}

} // namespace lapidary::engine
