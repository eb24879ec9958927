#include "chat/label_reader.h"

#include <utility>

namespace lapidary::engine {

namespace {

/// Whether `text` begins with the label; `length` is then that of the label and its newline.
LabelReader::Found readLabel(std::string_view text, std::string_view word, std::size_t& length) {
    using enum LabelReader::Found;
    constexpr std::size_t kMaxBlanks = 8;
    if (text.size() <= word.size() && word.starts_with(text))
        return Maybe;
    if (!text.starts_with(word))
        return No;
    const std::size_t newline = text.find_first_not_of(" \t\r", word.size());
    if (newline == std::string_view::npos)
        return text.size() <= word.size() + kMaxBlanks ? Maybe : No;
    length = newline + 1;
    return text[newline] == '\n' ? Yes : No;
}

} // namespace

void LabelReader::add(std::string_view text, TokenId id) {
    held_.text += text;
    if (id != kNoToken)
        held_.ids.push_back(id);
}

LabelReader::Found LabelReader::find(std::string_view word) {
    std::size_t length = 0;
    const Found found = readLabel(held_.text, word, length);
    if (found == Found::Yes) {
        held_.text.erase(0, length);
        // The token that ended the label counts only for what it brought after it.
        std::vector<TokenId>& ids = held_.ids;
        ids.erase(ids.begin(), ids.end() - (held_.text.empty() || ids.empty() ? 0 : 1));
    }
    return found;
}

LabelReader::Held LabelReader::take() {
    return std::exchange(held_, {});
}

} // namespace lapidary::engine
