#pragma once

#include <chat/stream_reader.h>
#include <chat/template.h>
#include <tokenizer/tokenizer.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Special tokens with the ids of the released vocabulary (gemma4.md 6.2).
lapidary::engine::SpecialTokens releasedSpecialTokens();

/// A prompt as text: control tokens by name, an image as "<|image|>", tokens as "[1 2 3]".
std::string shown(const lapidary::engine::Prompt& prompt,
                  const lapidary::engine::SpecialTokens& special);

enum class Cut { Tokens, Bytes };

/// The ids of a text in which the names of special tokens stand for them. Cut::Bytes writes all
/// else in byte tokens, one byte each.
std::vector<lapidary::engine::TokenId> idsOf(const lapidary::engine::Tokenizer& tokenizer,
                                             std::string_view text, Cut cut = Cut::Tokens);

/// What a reader told, neighbouring texts joined: "thought(…) end answer(…) call(name {…})
/// malformed(…)".
std::string told(std::span<const lapidary::engine::StreamEvent> events);
