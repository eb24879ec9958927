#pragma once

#include "tokenizer/special_tokens.h"

#include <kernels/error.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lapidary::engine {

struct Vocabulary;

/// Text to token ids and back, for one checkpoint. Immutable after it is loaded; safe to use from
/// several threads at once.
class Tokenizer {
public:
    /// Reads `tokenizer.json`, or `tokenizer.model` where there is no such file.
    ///   vocabularySize  rows of the embedding. Up to 255 of them may have no token (padding).
    ///   NotFound (neither file), Corrupt (not what it says, or another size), Unsupported (another
    ///   kind of tokenizer), Denied.
    [[nodiscard]] static Expected<std::shared_ptr<const Tokenizer>>
    load(const std::filesystem::path& folder, int vocabularySize);

    /// From the bytes of a tokenizer.json, or of a tokenizer.model. Errors as for `load`.
    [[nodiscard]] static Expected<std::shared_ptr<const Tokenizer>>
    fromJson(std::string_view bytes);
    [[nodiscard]] static Expected<std::shared_ptr<const Tokenizer>>
    fromSentencePiece(std::string_view bytes);

    Tokenizer(const Tokenizer&) = delete;
    Tokenizer& operator=(const Tokenizer&) = delete;
    ~Tokenizer();

    /// The ids of a text. Nothing is put before or after, and no text becomes a control token,
    /// whatever it spells: control tokens are spliced by their ids. Bytes that are no UTF-8 are
    /// read as U+FFFD, one for each maximal part (as browsers do). Time is linear in the text.
    ///   Encode the whole text between two control tokens at once: merges may cross any other cut.
    ///   gemma4.md 6.1.
    [[nodiscard]] std::vector<TokenId> encode(std::string_view text) const;

    /// Number of tokens; ids are 0…size()-1.
    [[nodiscard]] int size() const;

    [[nodiscard]] const SpecialTokens& special() const { return special_; }

    /// What a token writes: UTF-8 text, one raw byte of a byte token, or the name of a control
    /// token. Empty for ids that name no token. Use a Detokenizer to join them.
    [[nodiscard]] std::string_view bytes(TokenId id) const;

    /// True for tokens that are not text: the special ones and all that the file marks as such.
    [[nodiscard]] bool isControl(TokenId id) const;

    /// A sentence for the log about what is unusual in the file, or "".
    [[nodiscard]] const std::string& notice() const { return notice_; }

private:
    struct Encoder;
    Tokenizer();
    [[nodiscard]] static Expected<std::shared_ptr<const Tokenizer>> make(Vocabulary vocabulary);

    SpecialTokens special_;
    std::string notice_;
    std::string texts_;                 // what all tokens write, one after the other
    std::vector<std::uint32_t> begins_; // [size + 1] into texts_
    std::vector<bool> control_;         // [size]
    std::unique_ptr<Encoder> encoder_;
};

} // namespace lapidary::engine
