#pragma once

#include "chat/template.h"

#include <cstddef>
#include <vector>

namespace lapidary::engine {

/// The tokens of a reply as they are read, and whether the next prompt, which is made from the text
/// and the calls, will have the same ones (WrittenReply).
class ReplyRecord {
public:
    explicit ReplyRecord(StreamStart start) : start_(start) {}

    void take(TokenId id) { reply_.push_back(id); }
    [[nodiscard]] std::size_t size() const { return reply_.size(); }

    /// The last token opened a thought or a call.
    void noteTag() { tagAt_ = reply_.empty() ? 0 : reply_.size() - 1; }

    /// A token of the answer; `blank`: it is white space.
    void takeAnswer(TokenId id, bool blank);

    /// The next prompt will differ: the whole reply, or its answer alone.
    void replyWillDiffer() { replyIsExact_ = false; }
    void answerWillDiffer() { answerIsExact_ = false; }

    /// What was read.
    ///   cut  without a stop token; `insideTag`: within what the last tag opened
    [[nodiscard]] WrittenReply written(StreamStart end, bool cut, bool insideTag) const;

private:
    StreamStart start_;
    std::vector<TokenId> reply_;
    std::size_t tagAt_ = 0; // index in reply_ of the tag that opened what is open
    bool replyIsExact_ = true;
    std::vector<TokenId> answerIds_;
    std::size_t answerSolid_ = 0; // without the white space at the end
    bool answerIsExact_ = true;
};

} // namespace lapidary::engine
