#include "tokenizer/tokenizer_json.h"

#include <nlohmann/json.hpp>

#include <format>
#include <utility>

namespace lapidary::engine {

namespace {

constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxSettings = 10'000;
constexpr std::size_t kMaxMerges = std::size_t{1} << 23U; // ranks stay exact in a float

/// Listens to the JSON parser and keeps a stack of where it is.
class Listener final : public nlohmann::json_sax<nlohmann::json> {
public:
    explicit Listener(TokenizerJson& out) : out_(out) {}

    [[nodiscard]] const std::string& problem() const { return problem_; }

    bool null() override { return scalar(Scalar::Other, {}, 0); }
    bool boolean(bool value) override {
        return scalar(value ? Scalar::True : Scalar::Other, value ? "true" : "false", 0);
    }
    bool number_integer(number_integer_t value) override {
        return scalar(Scalar::Number, {}, value);
    }
    bool number_unsigned(number_unsigned_t value) override {
        return std::in_range<std::int64_t>(value)
                   ? scalar(Scalar::Number, {}, static_cast<std::int64_t>(value))
                   : scalar(Scalar::Other, {}, 0);
    }
    bool number_float(number_float_t, const string_t& text) override {
        return scalar(Scalar::Other, text, 0);
    }
    bool string(string_t& value) override { return scalar(Scalar::String, value, 0); }
    bool binary(binary_t&) override { return stop("binary data"); }

    bool key(string_t& name) override {
        key_ = name;
        return true;
    }
    bool start_object(std::size_t) override { return open(true); }
    bool end_object() override { return close(); }
    bool start_array(std::size_t) override { return open(false); }
    bool end_array() override { return close(); }

    bool parse_error(std::size_t, const std::string&,
                     const nlohmann::json::exception& error) override {
        return stop(error.what());
    }

private:
    enum class Place : std::uint8_t {
        File,
        Root,
        Model,
        Vocabulary,
        Merges,
        MergePair,
        AddedTokens,
        AddedToken,
        Setting,
    };
    enum class Scalar : std::uint8_t { String, Number, True, Other };
    struct Level {
        Place place;
        std::size_t pathLength; // of the path to what contains it
        std::size_t children;
    };

    bool stop(std::string problem) {
        problem_ = std::move(problem);
        return false;
    }

    [[nodiscard]] Place here() const {
        return levels_.empty() ? Place::File : levels_.back().place;
    }

    bool open(bool object) {
        if (levels_.size() == kMaxDepth)
            return stop("nested too deeply");
        const Place place = inner(object);
        if (place == Place::File)
            return stop(std::format("unexpected {} in {}", object ? "{" : "[", path_));
        const std::size_t pathLength = path_.size();
        appendKey();
        if (!levels_.empty())
            ++levels_.back().children;
        levels_.push_back({.place = place, .pathLength = pathLength, .children = 0});
        key_.clear();
        if (place == Place::AddedToken)
            out_.addedTokens.emplace_back();
        if (place == Place::MergePair)
            pair_ = {.begin = static_cast<std::uint32_t>(out_.mergeTexts.size())};
        return true;
    }

    /// What a container that begins here is; File if none may.
    [[nodiscard]] Place inner(bool object) const {
        switch (here()) {
        case Place::File:
            return object ? Place::Root : Place::File;
        case Place::Root:
            if (key_ == "model")
                return object ? Place::Model : Place::File;
            if (key_ == "added_tokens")
                return object ? Place::File : Place::AddedTokens;
            return Place::Setting;
        case Place::Model:
            if (key_ == "vocab")
                return object ? Place::Vocabulary : Place::File;
            if (key_ == "merges")
                return object ? Place::File : Place::Merges;
            return Place::Setting;
        case Place::Merges:
            return object ? Place::File : Place::MergePair;
        case Place::AddedTokens:
            return object ? Place::AddedToken : Place::File;
        case Place::Setting:
            return Place::Setting;
        default:
            return Place::File;
        }
    }

    void appendKey() {
        // The paths of list members are not needed in the three large lists.
        const Place place = here();
        if (place == Place::File || place == Place::Merges || place == Place::AddedTokens)
            return;
        if (!path_.empty())
            path_ += '.';
        path_ += key_.empty() ? std::to_string(levels_.back().children) : key_;
    }

    bool close() {
        const Level level = levels_.back();
        levels_.pop_back();
        path_.resize(level.pathLength);
        key_.clear();
        return level.place != Place::MergePair || endMerge(level.children);
    }

    bool endMerge(std::size_t parts) {
        if (parts != 2)
            return stop("a merge that has not two parts");
        return addMerge();
    }

    bool addMerge() {
        if (out_.merges.size() == kMaxMerges)
            return stop("too many merges");
        if (pair_.leftBytes == 0 || pair_.rightBytes == 0)
            return stop("an empty merge");
        out_.merges.push_back(pair_);
        return true;
    }

    bool scalar(Scalar kind, std::string_view text, std::int64_t number) {
        const Place place = here();
        if (place != Place::File)
            ++levels_.back().children;
        switch (place) {
        case Place::File:
            return stop("no object");
        case Place::Vocabulary:
            return vocabularyEntry(kind, number);
        case Place::Merges:
            return mergeLine(kind, text);
        case Place::MergePair:
            return mergePart(kind, text);
        case Place::AddedTokens:
            return stop("an added token that is no object");
        case Place::AddedToken:
            return addedTokenField(kind, text, number);
        default:
            return setting(kind, text, number);
        }
    }

    bool vocabularyEntry(Scalar kind, std::int64_t number) {
        if (kind != Scalar::Number)
            return stop("a token whose id is no number");
        if (out_.vocabulary.size() == kMaxVocabulary)
            return stop("too many tokens");
        out_.vocabulary.push_back({.text = key_, .id = number});
        return true;
    }

    /// The older spelling: "left right".
    bool mergeLine(Scalar kind, std::string_view text) {
        const std::size_t space = text.find(' ');
        if (kind != Scalar::String || space == std::string_view::npos
            || text.find(' ', space + 1) != std::string_view::npos)
            return stop("a merge that is not two parts with a space between");
        pair_ = {.begin = static_cast<std::uint32_t>(out_.mergeTexts.size())};
        return appendPart(text.substr(0, space), pair_.leftBytes)
               && appendPart(text.substr(space + 1), pair_.rightBytes) && addMerge();
    }

    bool mergePart(Scalar kind, std::string_view text) {
        const std::size_t part = levels_.back().children;
        if (kind != Scalar::String || part > 2)
            return stop("a merge that is not two strings");
        return appendPart(text, part == 1 ? pair_.leftBytes : pair_.rightBytes);
    }

    bool appendPart(std::string_view text, std::uint16_t& bytes) {
        if (text.size() > kMaxPieceBytes)
            return stop("a merge of a very long token");
        bytes = static_cast<std::uint16_t>(text.size());
        out_.mergeTexts += text;
        return true;
    }

    bool addedTokenField(Scalar kind, std::string_view text, std::int64_t number) {
        TokenizerJson::AddedToken& token = out_.addedTokens.back();
        if (out_.addedTokens.size() > kMaxVocabulary)
            return stop("too many added tokens");
        if (key_ == "id" && kind == Scalar::Number)
            token.id = number;
        else if (key_ == "content" && kind == Scalar::String)
            token.text = text;
        else if (key_ == "special")
            token.special = kind == Scalar::True;
        return true;
    }

    bool setting(Scalar kind, std::string_view text, std::int64_t number) {
        if (kind == Scalar::Other && text.empty())
            return true; // null says the same as nothing
        if (out_.settings.size() == kMaxSettings)
            return stop("too many settings");
        const std::size_t length = path_.size();
        if (!path_.empty())
            path_ += '.';
        path_ += key_.empty() ? std::to_string(levels_.back().children - 1) : key_;
        out_.settings[path_] = kind == Scalar::Number ? std::to_string(number) : std::string(text);
        path_.resize(length);
        return true;
    }

    TokenizerJson& out_;
    std::vector<Level> levels_;
    std::string path_;
    std::string key_; // of the value that comes next; empty inside a list
    TokenizerJson::Merge pair_;
    std::string problem_;
};

} // namespace

Expected<TokenizerJson> parseTokenizerJson(std::string_view bytes) {
    TokenizerJson json;
    Listener listener(json);
    if (!nlohmann::json::sax_parse(bytes.begin(), bytes.end(), &listener))
        return fail(ErrorKind::Corrupt,
                    "The file tokenizer.json is damaged. Download the model's folder again.",
                    listener.problem());
    return json;
}

} // namespace lapidary::engine
