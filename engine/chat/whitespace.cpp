#include "chat/whitespace.h"

#include "tokenizer/utf8.h"

#include <algorithm>

namespace lapidary::engine {

namespace {

/// Python's str.isspace: bidirectional type WS, B or S, or category Zs.
bool isSpace(char32_t point) {
    return (point >= 0x09 && point <= 0x0D) || (point >= 0x1C && point <= 0x20) || point == 0x85
           || point == 0xA0 || point == 0x1680 || (point >= 0x2000 && point <= 0x200A)
           || point == 0x2028 || point == 0x2029 || point == 0x202F || point == 0x205F
           || point == 0x3000;
}

} // namespace

std::string_view trimLeft(std::string_view text) {
    while (!text.empty()) {
        const Utf8Step step = utf8Step(text);
        if (step.kind != Utf8Step::Kind::Character || !isSpace(firstCodePoint(text)))
            break;
        text.remove_prefix(step.length);
    }
    return text;
}

std::string_view trimRight(std::string_view text) {
    while (!text.empty()) {
        // White space has at most three bytes.
        std::size_t begin = text.size() - 1;
        while (begin > 0 && text.size() - begin < 3
               && (static_cast<unsigned char>(text[begin]) & 0xC0U) == 0x80U)
            --begin;
        const std::string_view last = text.substr(begin);
        const Utf8Step step = utf8Step(last);
        if (step.kind != Utf8Step::Kind::Character || step.length != last.size()
            || !isSpace(firstCodePoint(last)))
            break;
        text.remove_suffix(last.size());
    }
    return text;
}

std::string_view trim(std::string_view text) {
    return trimRight(trimLeft(text));
}

} // namespace lapidary::engine
