#pragma once

#include "chat/template.h"

#include "tokenizer/tokenizer.h"

#include <vector>

namespace lapidary::engine {

/// Where an image stands in the tokens of a prompt.
struct PlacedImage {
    ImagePart part;
    int firstSoftToken = 0; ///< position of the first soft token, the one after ImageBegin
    int softTokens = 0;
};

/// A prompt as the model reads it: each image is ImageBegin, its soft tokens, ImageEnd.
struct PromptTokens {
    std::vector<TokenId> ids;
    std::vector<PlacedImage> images;
    int systemTokens = 0; ///< of <bos>, system turn and tools
};

/// Encodes a prompt.
///   imageBudget  soft tokens for images that name no budget of their own.
///   gemma4.md 5.5.
[[nodiscard]] PromptTokens encodePrompt(const Prompt& prompt, const Tokenizer& tokenizer,
                                        int imageBudget);

} // namespace lapidary::engine
