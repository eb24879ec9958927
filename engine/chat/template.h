#pragma once

#include "request.h"
#include "tokenizer/special_tokens.h"

#include <kernels/error.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace lapidary::engine {

/// A prompt is a list of pieces. Text is what people and programs wrote, to be encoded as it is;
/// two text pieces never stand side by side.
struct ControlPiece {
    TokenId id = kNoToken;
    bool operator==(const ControlPiece&) const = default;
};
struct TextPiece {
    std::string text;
    bool operator==(const TextPiece&) const = default;
};
/// Tokens that were generated earlier, put back as they are.
struct TokensPiece {
    std::vector<TokenId> ids;
    bool operator==(const TokensPiece&) const = default;
};
using PromptPiece = std::variant<ControlPiece, TextPiece, TokensPiece, ImagePart>;

/// In which state the reply begins, for the StreamReader.
enum class StreamStart : std::uint8_t {
    Answer,        ///< a fresh reply, which may open with a thought
    Thought,       ///< the prompt ended in an open, empty thought
    InsideAnswer,  ///< the prompt ended in the middle of an answer
    InsideThought, ///< the prompt ended in the middle of a thought
};

struct Prompt {
    std::vector<PromptPiece> pieces;
    std::size_t systemPieces = 0; ///< of these, at the front: <bos>, system turn, tools
    StreamStart start = StreamStart::Answer;
};

/// What the session itself generated for one message of the request. Where it is known the prompt
/// takes these tokens instead of encoding the text anew, so that the cache still fits.
struct WrittenReply {
    /// All generated tokens but the stop token. Used while the thought stays in the prompt: after
    /// the last user message. Empty: not known.
    std::vector<TokenId> reply = {};
    StreamStart start = StreamStart::Answer; ///< where `reply` began
    /// Where `reply` ended: Thought or InsideThought if it was cut off in a thought.
    StreamStart end = StreamStart::InsideAnswer;
    /// The tokens of the answer alone. Used once the thought is gone. Empty: not known.
    std::vector<TokenId> answer = {};
};

/// What differs inside the family (gemma4.md 7.1).
struct TemplateRules {
    /// 12B, 26B-A4B and 31B: with thinking off the model is given an empty thought. E2B and E4B
    /// (those with per-layer embeddings) are not.
    bool emptyThoughtChannel = true;
};

/// Lays a conversation out as Gemma 4 was trained to read it (gemma4.md 7.2 to 7.5), with the
/// defects of the published template mended as 7.5 says.
///   written  [messages] or empty; see WrittenReply.
///   Corrupt (arguments, a schema or the order of messages make no sense; names which),
///   Unsupported (the vocabulary lacks the tokens for tools or images).
[[nodiscard]] Expected<Prompt> renderPrompt(const Request& request, const TemplateRules& rules,
                                            const SpecialTokens& special,
                                            std::span<const WrittenReply> written = {});

/// A sentence for the log when the `chat_template.jinja` of a checkpoint is not the one whose rules
/// renderPrompt follows, or "". Told by the marks of that edition, not by running it.
[[nodiscard]] std::string templateNotice(std::string_view chatTemplate);

} // namespace lapidary::engine
