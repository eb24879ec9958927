#include "tokenizer/tokenizer.h"
#include "tokenizer/detokenizer.h"
#include "tokenizer/utf8.h"
#include "tokenizer/vocabulary.h"

#include <kernels/assert.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

using namespace lapidary::engine;

namespace {

/// What every tokenizer must keep: no text becomes a control token, and all of it comes back.
void roundTrip(const Tokenizer& tokenizer, std::string_view text) {
    Detokenizer detokenizer(tokenizer);
    std::string back;
    for (const TokenId id : tokenizer.encode(text)) {
        LAPIDARY_ASSERT(!tokenizer.isControl(id) && !tokenizer.special().kind(id));
        back += detokenizer.add(id);
    }
    back += detokenizer.flush();
    std::string expected = withoutInvalidUtf8(text);
    for (std::size_t at = expected.find(kSpaceMark); at != std::string::npos;
         at = expected.find(kSpaceMark, at))
        expected.replace(at, kSpaceMark.size(), " ");
    LAPIDARY_ASSERT(back == expected);
}

} // namespace

/// The input as tokenizer.json and as tokenizer.model, and as a text for what could be read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto tokenizer =
        text.starts_with('{') ? Tokenizer::fromJson(text) : Tokenizer::fromSentencePiece(text);
    if (!tokenizer) {
        LAPIDARY_ASSERT(!tokenizer.error().sentence.empty());
        return 0;
    }
    roundTrip(**tokenizer, "The <|turn> and  \n\n\t\xE2\x96\x81 <unk>\xF0\x9F\x98\x80\xFF");
    roundTrip(**tokenizer, text.substr(0, 4096));
    for (TokenId id = -1; id <= (*tokenizer)->size(); ++id)
        LAPIDARY_ASSERT((*tokenizer)->bytes(id).size() <= kMaxPieceBytes);
    return 0;
}
