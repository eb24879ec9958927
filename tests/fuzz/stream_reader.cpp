#include "chat/stream_reader.h"
#include "chat/template.h"
#include "tokenizer/tokenizer.h"
#include "tokenizer/utf8.h"

#include <kernels/assert.h>

#include <cstddef>
#include <cstdint>
#include <format>
#include <memory>
#include <string>
#include <vector>

using namespace lapidary::engine;

namespace {

constexpr TokenId kFirstByte = kSpecialCount;

/// The special tokens at 0…23, the bytes behind them, and a few pieces.
std::shared_ptr<const Tokenizer> smallTokenizer() {
    std::string vocabulary;
    TokenId id = 0;
    const auto add = [&](std::string_view text) {
        std::string escaped;
        for (const char c : text)
            escaped += c == '"' ? std::string("\\\"") : std::string(1, c);
        vocabulary += std::format("{}\"{}\":{}", id == 0 ? "" : ",", escaped, id);
        ++id;
    };
    for (std::size_t i = 0; i < kSpecialCount; ++i)
        add(specialName(static_cast<Special>(i)));
    for (int byte = 0; byte < 256; ++byte)
        add(std::format("<0x{:02X}>", byte));
    for (const char* piece : {"a", "c", "l", ":", "{", "}", "ca", "ll", "call", "call:", "é", "▁"})
        add(piece);
    const auto tokenizer = Tokenizer::fromJson(
        R"({"normalizer":{"type":"Replace","pattern":{"String":" "},"content":"▁"},"model":{
        "type":"BPE","unk_token":"<unk>","byte_fallback":true,"merges":["c a","l l","ca ll",
        "call :"],"vocab":{)"
        + vocabulary + "}}}");
    LAPIDARY_ASSERT(tokenizer.has_value());
    return *tokenizer;
}

struct Result {
    std::string told;
    StreamState state = StreamState::Going;
    Message message;
};

Result read(const Tokenizer& tokenizer, const StreamOptions& options,
            const std::vector<TokenId>& ids) {
    StreamReader reader(tokenizer, options);
    Result result;
    result.message.role = Role::Assistant;
    char kind = ' ';
    int tokens = 0;
    const auto text = [&](char newKind, const std::string& more, int count) {
        LAPIDARY_ASSERT(isUtf8(more) && !more.empty() && count >= 0);
        if (kind != newKind)
            result.told += newKind;
        kind = newKind;
        result.told += more;
        tokens += count;
    };
    const auto take = [&] {
        for (const StreamEvent& event : reader.events()) {
            if (const auto* const thought = std::get_if<ThoughtText>(&event)) {
                text('T', thought->text, thought->tokens);
            } else if (const auto* const answer = std::get_if<AnswerText>(&event)) {
                text('A', answer->text, answer->tokens);
            } else if (const auto* const called = std::get_if<ToolCalled>(&event)) {
                kind = ' ';
                LAPIDARY_ASSERT(isUtf8(called->call.name) && isUtf8(called->call.arguments));
                result.told += "C" + called->call.name + called->call.arguments;
                result.message.calls.push_back(called->call);
            } else if (const auto* const malformed = std::get_if<MalformedCall>(&event)) {
                kind = ' ';
                LAPIDARY_ASSERT(isUtf8(malformed->text));
                result.told += "M" + malformed->text;
            } else {
                LAPIDARY_ASSERT(kind == 'T' || options.start == StreamStart::InsideThought);
                kind = 'E';
                result.told += 'E';
            }
        }
    };
    for (const TokenId id : ids) {
        result.state = reader.add(id);
        take();
        if (result.state != StreamState::Going)
            break;
    }
    reader.finish();
    take();
    LAPIDARY_ASSERT(tokens <= reader.thoughtTokens() + reader.answerTokens());
    LAPIDARY_ASSERT(reader.callCount() == static_cast<int>(result.message.calls.size()));
    LAPIDARY_ASSERT(reader.written().reply.size() <= ids.size());
    return result;
}

} // namespace

/// The first byte chooses the options; then a byte below 0x80 is its byte token, 0x80…0x97 a
/// special token, and after 0x98 any byte is a byte token. However the bytes are joined to tokens,
/// the reply must read alike, and its calls must fit into the next prompt.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::shared_ptr<const Tokenizer> tokenizer = smallTokenizer();
    if (size == 0)
        return 0;
    StreamOptions options;
    options.start = static_cast<StreamStart>(data[0] & 3U);
    options.showThoughts = (data[0] & 4U) == 0;
    if ((data[0] & 8U) != 0)
        options.stopStrings = {"ab", "\n\n", "aab}", "é"};
    if ((data[0] & 16U) != 0)
        options.tools = {{.name = "ca",
                          .description = {},
                          .parameters = R"({"properties":{"a":{"type":"string"},"c":{"type":
            "integer"},"l":{"type":"object","properties":{"a":{"type":"boolean"}}}}})"}};

    std::vector<TokenId> single;
    std::vector<TokenId> joined;
    std::string run;
    const auto endRun = [&] {
        const std::vector<TokenId> ids = tokenizer->encode(run);
        joined.insert(joined.end(), ids.begin(), ids.end());
        run.clear();
    };
    bool comparable = true;
    for (std::size_t i = 1; i < size; ++i) {
        std::uint8_t byte = data[i];
        if (byte >= 0x80 && byte < 0x80 + kSpecialCount) {
            endRun();
            single.push_back(byte - 0x80);
            joined.push_back(byte - 0x80);
            continue;
        }
        if (byte == 0x80 + kSpecialCount && i + 1 < size)
            byte = data[++i];
        // A typed U+2581 is encoded as a space.
        comparable = comparable && byte != 0x96;
        single.push_back(kFirstByte + byte);
        run += static_cast<char>(byte);
    }
    endRun();

    const Result bySingle = read(*tokenizer, options, single);
    const Result byJoined = read(*tokenizer, options, joined);
    LAPIDARY_ASSERT(!comparable || bySingle.told == byJoined.told);
    LAPIDARY_ASSERT(!comparable || bySingle.state == byJoined.state);

    Request request;
    request.messages = {bySingle.message};
    LAPIDARY_ASSERT(renderPrompt(request, {}, tokenizer->special()).has_value());
    return 0;
}
