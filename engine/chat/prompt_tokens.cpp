#include "chat/prompt_tokens.h"

#include "image.h"

namespace lapidary::engine {

namespace {

class Encoder {
public:
    Encoder(PromptTokens& out, const Tokenizer& tokenizer, int imageBudget)
        : out_(out), tokenizer_(tokenizer), imageBudget_(imageBudget) {}

    void operator()(const ControlPiece& piece) { out_.ids.push_back(piece.id); }
    void operator()(const TextPiece& piece) { append(tokenizer_.encode(piece.text)); }
    void operator()(const TokensPiece& piece) { append(piece.ids); }
    void operator()(const ImagePart& part) {
        const SpecialTokens& special = tokenizer_.special();
        const int budget = part.budget > 0 ? part.budget : imageBudget_;
        const int count = imageTokens(part.image->width, part.image->height, budget);
        out_.ids.push_back(special[Special::ImageBegin]);
        out_.images.push_back({.part = part,
                               .firstSoftToken = static_cast<int>(out_.ids.size()),
                               .softTokens = count});
        out_.ids.insert(out_.ids.end(), static_cast<std::size_t>(count),
                        special[Special::ImageSoft]);
        out_.ids.push_back(special[Special::ImageEnd]);
    }

private:
    void append(const std::vector<TokenId>& ids) {
        out_.ids.insert(out_.ids.end(), ids.begin(), ids.end());
    }

    PromptTokens& out_;
    const Tokenizer& tokenizer_;
    int imageBudget_;
};

} // namespace

PromptTokens encodePrompt(const Prompt& prompt, const Tokenizer& tokenizer, int imageBudget) {
    PromptTokens tokens;
    Encoder encoder(tokens, tokenizer, imageBudget);
    for (std::size_t i = 0; i < prompt.pieces.size(); ++i) {
        if (i == prompt.systemPieces)
            tokens.systemTokens = static_cast<int>(tokens.ids.size());
        std::visit(encoder, prompt.pieces[i]);
    }
    if (prompt.systemPieces >= prompt.pieces.size())
        tokens.systemTokens = static_cast<int>(tokens.ids.size());
    return tokens;
}

} // namespace lapidary::engine
