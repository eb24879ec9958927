#include "chat/stream_reader.h"

#include "chat/bare_call.h"
#include "chat/call_parser.h"
#include "chat/channel_text.h"
#include "chat/stop_matcher.h"
#include "chat/whitespace.h"

#include <kernels/assert.h>

#include <algorithm>
#include <format>
#include <utility>

namespace lapidary::engine {

namespace {

constexpr std::string_view kThoughtLabel = "thought";
constexpr std::string_view kTurnLabel = "model";

/// A label is its word, perhaps blanks, and a newline.
enum class Label : std::uint8_t { No, Maybe, Yes };

/// Whether `text` begins with the label; `length` is then that of the label and its newline.
Label readLabel(std::string_view text, std::string_view word, std::size_t& length) {
    constexpr std::size_t kMaxBlanks = 8;
    if (text.size() <= word.size() && word.starts_with(text))
        return Label::Maybe;
    if (!text.starts_with(word))
        return Label::No;
    const std::size_t newline = text.find_first_not_of(" \t\r", word.size());
    if (newline == std::string_view::npos)
        return text.size() <= word.size() + kMaxBlanks ? Label::Maybe : Label::No;
    length = newline + 1;
    return text[newline] == '\n' ? Label::Yes : Label::No;
}

} // namespace

class StreamReader::Reading {
public:
    Reading(const Tokenizer& tokenizer, StreamOptions options)
        : tokenizer_(tokenizer)
        , special_(tokenizer.special())
        , options_(std::move(options))
        , detokenizer_(tokenizer)
        , stops_(options_.stopStrings) {
        switch (options_.start) {
        case StreamStart::Answer:
            answer_.begin();
            break;
        case StreamStart::Thought:
            place_ = Place::Thought;
            thought_.begin();
            break;
        case StreamStart::InsideAnswer:
            answer_.resume();
            lineStart_ = false;
            break;
        case StreamStart::InsideThought:
            place_ = Place::Thought;
            thought_.resume();
            toldThought_ = true;
            break;
        }
        if (place_ == Place::Thought)
            answer_.begin();
    }

    StreamState add(TokenId id) {
        LAPIDARY_ASSERT(state_ == StreamState::Going);
        events_.clear();
        const std::optional<Special> special = special_.kind(id);
        if (special && isStop(*special)) {
            endOfTurn();
            state_ = *special == Special::ResponseBegin ? StreamState::WaitsForResults
                                                        : StreamState::TurnEnded;
            return state_;
        }
        reply_.push_back(id);
        if (special == Special::Quote)
            text(detokenizer_.flush() + kQuoteMark, id);
        else if (tokenizer_.isControl(id))
            control(special);
        else
            text(detokenizer_.add(id), id);
        return state_;
    }

    void finish() {
        events_.clear();
        if (state_ != StreamState::Going)
            return;
        text(detokenizer_.flush(), kNoToken);
        if (state_ == StreamState::StopString)
            return;
        cut_ = true;
        leave(Leaving::CutOff);
    }

    [[nodiscard]] WrittenReply written() const {
        WrittenReply written{.reply = reply_, .start = options_.start, .end = end(), .answer = {}};
        // An unfinished tag would not be read alike a second time.
        if (cut_ && (cutPlace_ == Place::ThoughtLabel || cutPlace_ == Place::Call))
            written.reply.resize(tagAt_);
        if (!replyIsExact_)
            written.reply.clear();
        if (answerIsExact_)
            written.answer.assign(
                answerIds_.begin(),
                answerIds_.begin()
                    + static_cast<std::ptrdiff_t>(cut_ ? answerIds_.size() : answerSolid_));
        return written;
    }

    std::vector<StreamEvent> events_;
    int thoughtTokens_ = 0;
    int answerTokens_ = 0;
    int callTokens_ = 0;
    int calls_ = 0;

private:
    enum class Place : std::uint8_t { Answer, TurnLabel, ThoughtLabel, Thought, Call };
    enum class Leaving : std::uint8_t { Ended, CutOff };

    static bool isStop(Special special) {
        return special == Special::Eos || special == Special::TurnEnd
               || special == Special::ResponseBegin;
    }

    /// Text where the reply stands now; `id` is the token that it comes from.
    void text(std::string_view more, TokenId id) {
        switch (place_) {
        case Place::Answer:
            if (id != kNoToken)
                countAnswer(id);
            answerText(plain(more));
            break;
        case Place::Thought:
            if (id != kNoToken)
                countThought();
            tellThought(plain(more));
            break;
        case Place::Call:
            if (id != kNoToken)
                ++callTokens_;
            callText(more);
            break;
        case Place::ThoughtLabel:
        case Place::TurnLabel:
            labelText(plain(more), id);
            break;
        }
    }

    /// A quote token outside of a call stands for a quote.
    static std::string plain(std::string_view text) {
        std::string result(text);
        std::ranges::replace(result, kQuoteMark, '"');
        return result;
    }

    void control(std::optional<Special> special) {
        text(detokenizer_.flush(), kNoToken);
        if (state_ != StreamState::Going)
            return;
        if (place_ == Place::TurnLabel)
            leave(Leaving::Ended);
        if (special == Special::ChannelBegin && place_ != Place::Call) {
            leave(Leaving::Ended);
            place_ = Place::ThoughtLabel;
            tagAt_ = reply_.size() - 1;
        } else if (special == Special::ChannelEnd && place_ != Place::Call
                   && place_ != Place::Answer) {
            leave(Leaving::Ended);
        } else if (special == Special::CallBegin) {
            leave(Leaving::Ended);
            if (state_ == StreamState::Going)
                beginCall(false);
        } else if (special == Special::CallEnd && place_ == Place::Call) {
            closed_ = true;
            leave(Leaving::Ended);
        } else if (special == Special::TurnBegin && reply_.size() == 1) {
            place_ = Place::TurnLabel;
        }
    }

    void endOfTurn() {
        text(detokenizer_.flush(), kNoToken);
        if (place_ == Place::Thought || place_ == Place::ThoughtLabel)
            replyIsExact_ = false; // its thought was never closed
        if (state_ == StreamState::Going)
            leave(Leaving::Ended);
    }

    /// Closes what is open; after it the reply stands in the answer.
    void leave(Leaving how) {
        cutPlace_ = place_;
        switch (place_) {
        case Place::Answer:
            leaveAnswer(how);
            break;
        case Place::Thought:
            leaveThought(how);
            break;
        case Place::Call:
            leaveCall();
            break;
        case Place::ThoughtLabel: {
            // The label alone is an empty thought.
            const bool isLabel = trimRight(label_) == kThoughtLabel
                                 || (how == Leaving::CutOff && kThoughtLabel.starts_with(label_));
            if (isLabel)
                label_.clear();
            keepLabel();
            leaveThought(how);
            break;
        }
        case Place::TurnLabel:
            if (label_ == kTurnLabel)
                label_.clear();
            keepLabel();
            if (state_ == StreamState::Going)
                leaveAnswer(how);
            break;
        }
        place_ = Place::Answer;
    }

    // --- labels

    void labelText(std::string_view more, TokenId id) {
        label_ += more;
        if (id != kNoToken)
            labelIds_.push_back(id);
        const std::string_view word = place_ == Place::ThoughtLabel ? kThoughtLabel : kTurnLabel;
        std::size_t length = 0;
        switch (readLabel(label_, word, length)) {
        case Label::Maybe:
            return;
        case Label::No:
            keepLabel();
            return;
        case Label::Yes:
            label_.erase(0, length);
            // The token that ended the label counts only for what it brought after it.
            labelIds_.erase(labelIds_.begin(),
                            labelIds_.end() - (label_.empty() || labelIds_.empty() ? 0 : 1));
            keepLabel();
        }
    }

    /// Takes what is in the label for text.
    void keepLabel() {
        const std::string kept = std::exchange(label_, {});
        const std::vector<TokenId> ids = std::exchange(labelIds_, {});
        const bool isThought = place_ == Place::ThoughtLabel;
        place_ = isThought ? Place::Thought : Place::Answer;
        if (isThought)
            thought_.begin();
        if (kept.empty())
            return;
        for (const TokenId id : ids) {
            if (isThought)
                countThought();
            else
                countAnswer(id);
        }
        text(kept, kNoToken);
    }

    // --- thought

    void countThought() {
        ++thoughtTokens_;
        ++newThoughtTokens_;
    }

    void tellThought(std::string_view more) {
        std::string out = thought_.add(more);
        if (out.empty() || !options_.showThoughts)
            return;
        toldThought_ = true;
        events_.emplace_back(
            ThoughtText{.text = std::move(out), .tokens = std::exchange(newThoughtTokens_, 0)});
    }

    void leaveThought(Leaving how) {
        const std::string held = thought_.takeHeld();
        if (how == Leaving::CutOff && !held.empty() && options_.showThoughts && toldThought_)
            events_.emplace_back(
                ThoughtText{.text = held, .tokens = std::exchange(newThoughtTokens_, 0)});
        if (std::exchange(toldThought_, false))
            events_.emplace_back(ThoughtEnded{});
        answer_.begin();
        lineStart_ = true;
    }

    // --- answer

    void countAnswer(TokenId id) {
        ++answerTokens_;
        ++newAnswerTokens_;
        const bool blank = trimLeft(tokenizer_.bytes(id)).empty();
        if (blank && answer_.isFresh())
            return;
        if (answer_.isFresh() && answer_.hasText())
            answerIsExact_ = false; // a blank line was put before it
        answerIds_.push_back(id);
        if (!blank)
            answerSolid_ = answerIds_.size();
    }

    /// Lets text through but for what may be the beginning of a call without its tag.
    void answerText(std::string_view more) {
        if (options_.tools.empty()) {
            tellAnswer(stops_.add(more));
            return;
        }
        line_ += more;
        while (!line_.empty() && state_ == StreamState::Going) {
            if (lineStart_) {
                const std::size_t blanks = line_.size() - trimLeft(line_).size();
                if (blanks == line_.size())
                    break;
                const std::string_view start = std::string_view(line_).substr(blanks);
                switch (bareCall(start, options_.tools)) {
                case BareCall::Maybe:
                    return;
                case BareCall::Yes: {
                    const std::string call(start);
                    line_.clear();
                    leaveAnswer(Leaving::Ended);
                    if (state_ != StreamState::Going)
                        return;
                    beginCall(true);
                    callText(call);
                    return;
                }
                case BareCall::No:
                    break;
                }
            }
            const std::size_t newline = line_.find('\n');
            lineStart_ = newline != std::string::npos;
            const std::size_t length = lineStart_ ? newline + 1 : line_.size();
            const std::string part = line_.substr(0, length);
            line_.erase(0, length);
            tellAnswer(stops_.add(part));
        }
        if (lineStart_ && !line_.empty()) { // white space at the beginning of a line
            const std::string part = std::exchange(line_, {});
            tellAnswer(stops_.add(part));
        }
    }

    void tellAnswer(std::string_view certain) {
        std::string out = answer_.add(certain);
        if (stops_.matched()) {
            state_ = StreamState::StopString;
            answerIsExact_ = false;
            replyIsExact_ = false;
            if (answer_.hasText())
                out += answer_.takeHeld(); // all that stands before the stop string
        }
        emitAnswer(std::move(out));
    }

    void emitAnswer(std::string out) {
        if (!out.empty())
            events_.emplace_back(
                AnswerText{.text = std::move(out), .tokens = std::exchange(newAnswerTokens_, 0)});
    }

    void leaveAnswer(Leaving how) {
        tellAnswer(stops_.add(std::exchange(line_, {})));
        if (state_ != StreamState::Going)
            return;
        std::string out = answer_.add(stops_.flush());
        if (how == Leaving::CutOff)
            out += answer_.takeHeld();
        answer_.dropHeld();
        emitAnswer(std::move(out));
    }

    // --- calls

    void beginCall(bool bare) {
        place_ = Place::Call;
        bare_ = bare;
        closed_ = false;
        call_.clear();
        braces_ = {};
        tagAt_ = reply_.empty() ? 0 : reply_.size() - 1;
        if (bare)
            replyIsExact_ = answerIsExact_ = false;
    }

    void callText(std::string_view more) {
        if (!bare_) {
            call_ += more;
            return;
        }
        const std::size_t end = braces_.closesAt(more);
        call_ += more.substr(0, end);
        if (end == std::string_view::npos)
            return;
        closed_ = true;
        leave(Leaving::Ended);
        answerText(plain(more.substr(end)));
    }

    void leaveCall() {
        // What is left open here is closed in the text that is rendered for it later.
        if (!closed_)
            replyIsExact_ = false;
        const std::string source = std::exchange(call_, {});
        const auto calls = parseCalls(source, options_.tools);
        if (calls) {
            for (ToolCall call : *calls) {
                call.id = std::format("call_{}", ++calls_);
                events_.emplace_back(ToolCalled{std::move(call)});
            }
        } else {
            events_.emplace_back(MalformedCall{plain(source)});
            replyIsExact_ = answerIsExact_ = false;
        }
        answer_.begin();
        lineStart_ = true;
    }

    /// Where the reply stood when it ended.
    [[nodiscard]] StreamStart end() const {
        if (!cut_)
            return StreamStart::InsideAnswer;
        if (cutPlace_ == Place::Thought)
            return thought_.hasText() ? StreamStart::InsideThought : StreamStart::Thought;
        return answer_.hasText() ? StreamStart::InsideAnswer : StreamStart::Answer;
    }

    const Tokenizer& tokenizer_;
    const SpecialTokens& special_;
    StreamOptions options_;
    Detokenizer detokenizer_;

    Place place_ = Place::Answer;
    Place cutPlace_ = Place::Answer;
    bool cut_ = false; // ended without a stop token
    StreamState state_ = StreamState::Going;

    std::string label_;
    std::vector<TokenId> labelIds_;

    ChannelText thought_;
    bool toldThought_ = false; // in this stretch
    int newThoughtTokens_ = 0;

    ChannelText answer_;
    StopMatcher stops_;
    std::string line_;      // the beginning of a line that may become a bare call
    bool lineStart_ = true; // the next character begins a line
    int newAnswerTokens_ = 0;

    std::string call_; // with kQuoteMark for quote tokens
    bool bare_ = false;
    bool closed_ = false;
    BraceCounter braces_;

    std::vector<TokenId> reply_;
    std::size_t tagAt_ = 0; // index in reply_ of the tag that opened what is open
    bool replyIsExact_ = true;
    std::vector<TokenId> answerIds_;
    std::size_t answerSolid_ = 0; // without the white space at the end
    bool answerIsExact_ = true;
};

StreamReader::StreamReader(const Tokenizer& tokenizer, StreamOptions options)
    : reading_(std::make_unique<Reading>(tokenizer, std::move(options))) {}
StreamReader::~StreamReader() = default;

StreamState StreamReader::add(TokenId id) {
    return reading_->add(id);
}
void StreamReader::finish() {
    reading_->finish();
}
std::span<const StreamEvent> StreamReader::events() const {
    return reading_->events_;
}
int StreamReader::thoughtTokens() const {
    return reading_->thoughtTokens_;
}
int StreamReader::answerTokens() const {
    return reading_->answerTokens_;
}
int StreamReader::callTokens() const {
    return reading_->callTokens_;
}
int StreamReader::callCount() const {
    return reading_->calls_;
}
WrittenReply StreamReader::written() const {
    return reading_->written();
}

} // namespace lapidary::engine
