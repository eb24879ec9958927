#include "chat/reply_record.h"

namespace lapidary::engine {

void ReplyRecord::takeAnswer(TokenId id, bool blank) {
    answerIds_.push_back(id);
    if (!blank)
        answerSolid_ = answerIds_.size();
}

WrittenReply ReplyRecord::written(StreamStart end, bool cut, bool insideTag) const {
    WrittenReply written{.reply = reply_, .start = start_, .end = end, .answer = {}};
    // An unfinished tag would not be read alike a second time.
    if (cut && insideTag)
        written.reply.resize(tagAt_);
    if (!replyIsExact_)
        written.reply.clear();
    if (answerIsExact_)
        written.answer.assign(answerIds_.begin(), answerIds_.begin()
                                                      + static_cast<std::ptrdiff_t>(
                                                          cut ? answerIds_.size() : answerSolid_));
    return written;
}

} // namespace lapidary::engine
