#include "token_text.h"

#include <algorithm>
#include <array>
#include <format>
#include <optional>

using namespace lapidary::engine;

SpecialTokens releasedSpecialTokens() {
    constexpr std::array<TokenId, kSpecialCount> kIds{
        0,  1,   2,   3,   4,   46,     47,     48,     49,     50,     51,     52,
        98, 100, 101, 105, 106, 255999, 258882, 256000, 258883, 258880, 258881, 258884};
    SpecialTokens special;
    for (std::size_t i = 0; i < kIds.size(); ++i)
        special.set(static_cast<Special>(i), kIds[i]);
    return special;
}

std::string shown(const Prompt& prompt, const SpecialTokens& special) {
    std::string text;
    for (const PromptPiece& piece : prompt.pieces) {
        if (const auto* const control = std::get_if<ControlPiece>(&piece)) {
            text += specialName(*special.kind(control->id));
        } else if (const auto* const plain = std::get_if<TextPiece>(&piece)) {
            text += plain->text;
        } else if (const auto* const tokens = std::get_if<TokensPiece>(&piece)) {
            text += '[';
            for (const TokenId id : tokens->ids)
                text += std::format("{}{}", text.back() == '[' ? "" : " ", id);
            text += ']';
        } else {
            text += specialName(Special::ImageSoft);
        }
    }
    return text;
}

std::vector<TokenId> idsOf(const Tokenizer& tokenizer, std::string_view text, Cut cut) {
    std::array<TokenId, 256> byteIds{};
    for (TokenId id = tokenizer.size() - 1; id >= 0; --id) {
        if (!tokenizer.isControl(id) && tokenizer.bytes(id).size() == 1)
            byteIds[static_cast<unsigned char>(tokenizer.bytes(id)[0])] = id;
    }
    std::vector<TokenId> ids;
    const auto flush = [&](std::string_view plain) {
        if (cut == Cut::Bytes) {
            for (const char c : plain)
                ids.push_back(byteIds[static_cast<unsigned char>(c)]);
            return;
        }
        const std::vector<TokenId> part = tokenizer.encode(plain);
        ids.insert(ids.end(), part.begin(), part.end());
    };
    std::size_t plainBegin = 0;
    for (std::size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<', at)) {
        std::optional<Special> special;
        for (std::size_t i = 0; i < kSpecialCount; ++i) {
            if (text.substr(at).starts_with(specialName(static_cast<Special>(i))))
                special = static_cast<Special>(i);
        }
        if (!special) {
            ++at;
            continue;
        }
        flush(text.substr(plainBegin, at - plainBegin));
        ids.push_back(tokenizer.special()[*special]);
        at += specialName(*special).size();
        plainBegin = at;
    }
    flush(text.substr(plainBegin));
    return ids;
}

std::string told(std::span<const StreamEvent> events) {
    std::string all;
    std::string open;
    const auto section = [&](std::string_view kind, std::string_view text) {
        if (open == kind && !all.empty()) {
            all.insert(all.size() - 1, text);
            return;
        }
        open = kind;
        all += std::format("{}{}({})", all.empty() ? "" : " ", kind, text);
    };
    for (const StreamEvent& event : events) {
        if (const auto* const thought = std::get_if<ThoughtText>(&event)) {
            section("thought", thought->text);
        } else if (const auto* const answer = std::get_if<AnswerText>(&event)) {
            section("answer", answer->text);
        } else {
            open.clear();
            if (!all.empty())
                all += ' ';
            if (const auto* const called = std::get_if<ToolCalled>(&event))
                all += std::format("call({} {})", called->call.name, called->call.arguments);
            else if (const auto* const malformed = std::get_if<MalformedCall>(&event))
                all += std::format("malformed({})", malformed->text);
            else
                all += "end";
        }
    }
    return all;
}
