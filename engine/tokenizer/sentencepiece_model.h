#pragma once

#include "tokenizer/vocabulary.h"

#include <kernels/error.h>

#include <string>
#include <string_view>

namespace lapidary::engine {

/// Reads a tokenizer.model: the fields of sentencepiece's ModelProto that matter to Gemma.
/// Corrupt (not such a file), Unsupported (not BPE, or text is normalised before it is encoded).
[[nodiscard]] Expected<Vocabulary> readSentencePieceModel(std::string_view bytes);

/// The ModelProto that makes libsentencepiece encode by this vocabulary (gemma4.md 6.4).
[[nodiscard]] std::string writeSentencePieceModel(const Vocabulary& vocabulary);

} // namespace lapidary::engine
