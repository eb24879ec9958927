#include "engine/generation/tiny_model.h"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <format>
#include <map>
#include <vector>

namespace lapidary::engine::test {

namespace {

using namespace Qt::StringLiterals;

constexpr int kVocabulary = 347;

/// The special tokens below the bytes; the media tokens stand where config.json has them.
constexpr const char* kFirst[] = {
    "<pad>",
    "<eos>",
    "<bos>",
    "<unk>",
    "<mask>",
    "<|tool>",
    "<tool|>",
    "<|tool_call>",
    "<tool_call|>",
    "<|tool_response>",
    "<tool_response|>",
    "<|\"|>",
    "<|think|>",
    "<|channel>",
    "<channel|>",
    "<|turn>",
    "<turn|>",
};
const std::map<int, const char*> kMedia = {
    {333, "<|image>"}, {335, "<|audio>"}, {337, "<|image|>"}, {339, "<|audio|>"},
    {341, "<image|>"}, {343, "<audio|>"}, {345, "<|video|>"},
};
// Pairs of letters that occur in what the tests ask, so that text has more than one reading.
constexpr const char* kWords[] = {"he", "ll", "th", "in", "er", "an", "re", "on", "st", "ou"};

QByteArray tokenizerJson() {
    QJsonObject vocabulary;
    QJsonArray added;
    QJsonArray merges;
    int next = 0;
    const auto addSpecial = [&](int id, const char* text) {
        added.append(QJsonObject{{"id", id},
                                 {"content", text},
                                 {"single_word", false},
                                 {"lstrip", false},
                                 {"rstrip", false},
                                 {"normalized", false},
                                 {"special", true}});
        vocabulary[QString::fromUtf8(text)] = id;
    };
    for (const char* text : kFirst)
        addSpecial(next++, text);
    for (int byte = 0; byte < 256; ++byte)
        vocabulary[QString::fromStdString(std::format("<0x{:02X}>", byte))] = next++;

    std::vector<QString> pieces = {u"▁"_s, u"\n"_s};
    for (char letter = 'a'; letter <= 'z'; ++letter)
        pieces.emplace_back(QChar::fromLatin1(letter));
    for (const char* word : kWords) {
        pieces.emplace_back(QString::fromLatin1(word));
        merges.append(
            QJsonArray{QString(QChar::fromLatin1(word[0])), QString(QChar::fromLatin1(word[1]))});
    }
    for (int i = 0; next < kVocabulary; ++next) {
        if (kMedia.contains(next))
            addSpecial(next, kMedia.at(next));
        else if (std::size_t(i) < pieces.size())
            vocabulary[pieces[std::size_t(i++)]] = next;
        else
            vocabulary[u"é%1"_s.arg(i++)] = next;
    }
    const QJsonObject json{
        {"version", "1.0"},
        {"added_tokens", added},
        {"normalizer", QJsonObject{{"type", "Replace"},
                                   {"pattern", QJsonObject{{"String", " "}}},
                                   {"content", u"▁"_s}}},
        {"model", QJsonObject{{"type", "BPE"},
                              {"dropout", QJsonValue::Null},
                              {"unk_token", "<unk>"},
                              {"continuing_subword_prefix", QJsonValue::Null},
                              {"end_of_word_suffix", QJsonValue::Null},
                              {"fuse_unk", true},
                              {"byte_fallback", true},
                              {"ignore_merges", false},
                              {"vocab", vocabulary},
                              {"merges", merges}}},
    };
    return QJsonDocument(json).toJson();
}

} // namespace

TinyFolder::TinyFolder(const std::string& checkpoint) {
    const std::filesystem::path source =
        std::filesystem::path(LAPIDARY_TESTS "/reference/cases") / checkpoint;
    for (const char* name : {"config.json", "generation_config.json", "model.safetensors"})
        std::filesystem::copy(source / name, path() / name);
    QFile file(folder_.filePath("tokenizer.json"));
    if (!file.open(QIODevice::WriteOnly) || file.write(tokenizerJson()) < 0)
        qFatal("no tokenizer.json in %s", qPrintable(folder_.path()));
}

std::filesystem::path TinyFolder::path() const {
    return folder_.path().toStdString();
}

std::shared_ptr<Model> TinyFolder::load(const Recipe& recipe) const {
    auto model =
        loadModel({.folder = path(), .recipe = recipe, .threads = 1, .progress = {}, .stop = {}});
    if (!model)
        qFatal("%s", model.error().sentence.c_str());
    return *model;
}

Recipe tinyRecipe(int contextTokens) {
    return {.id = "tiny",
            .title = {},
            .summary = {},
            .drafter = {},
            .cache = CacheFormat::F32,
            .contextTokens = contextTokens,
            .imageBudget = 70};
}

} // namespace lapidary::engine::test
