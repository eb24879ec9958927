#include "tokenizer/utf8.h"

namespace lapidary::engine {

namespace {

std::uint8_t byteAt(std::string_view text, std::size_t i) {
    return static_cast<std::uint8_t>(text[i]);
}

} // namespace

Utf8Step utf8Step(std::string_view text) {
    using Kind = Utf8Step::Kind;
    const std::uint8_t lead = byteAt(text, 0);
    if (lead < 0x80)
        return {.kind = Kind::Character, .length = 1};

    // The second byte's range is what excludes overlong forms, surrogates and too large values.
    std::size_t length = 0;
    std::uint8_t low = 0x80;
    std::uint8_t high = 0xBF;
    if (lead >= 0xC2 && lead <= 0xDF) {
        length = 2;
    } else if (lead >= 0xE0 && lead <= 0xEF) {
        length = 3;
        if (lead == 0xE0)
            low = 0xA0;
        if (lead == 0xED)
            high = 0x9F;
    } else if (lead >= 0xF0 && lead <= 0xF4) {
        length = 4;
        if (lead == 0xF0)
            low = 0x90;
        if (lead == 0xF4)
            high = 0x8F;
    } else {
        return {.kind = Kind::Invalid, .length = 1};
    }
    for (std::size_t i = 1; i < length; ++i) {
        if (i == text.size())
            return {.kind = Kind::Unfinished, .length = i};
        if (byteAt(text, i) < low || byteAt(text, i) > high)
            return {.kind = Kind::Invalid, .length = i};
        low = 0x80;
        high = 0xBF;
    }
    return {.kind = Kind::Character, .length = length};
}

bool isUtf8(std::string_view text) {
    while (!text.empty()) {
        const Utf8Step step = utf8Step(text);
        if (step.kind != Utf8Step::Kind::Character)
            return false;
        text.remove_prefix(step.length);
    }
    return true;
}

std::string withoutInvalidUtf8(std::string_view text) {
    std::string valid;
    valid.reserve(text.size());
    while (!text.empty()) {
        const Utf8Step step = utf8Step(text);
        valid += step.kind == Utf8Step::Kind::Character ? text.substr(0, step.length)
                                                        : kReplacementCharacter;
        text.remove_prefix(step.length);
    }
    return valid;
}

char32_t firstCodePoint(std::string_view text) {
    const std::uint8_t lead = byteAt(text, 0);
    const std::size_t length = utf8Step(text).length;
    if (length == 1)
        return lead;
    char32_t point = lead & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i)
        point = point << 6U | (byteAt(text, i) & 0x3FU);
    return point;
}

} // namespace lapidary::engine
