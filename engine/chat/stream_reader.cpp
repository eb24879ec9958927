#include "chat/stream_reader.h"

#include "chat/bare_call.h"
#include "chat/call_parser.h"
#include "chat/channel_text.h"
#include "chat/label_reader.h"
#include "chat/reply_record.h"
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

} // namespace

class StreamReader::Reading {
public:
    Reading(const Tokenizer& tokenizer, StreamOptions options)
        : tokenizer_(tokenizer)
        , special_(tokenizer.special())
        , options_(std::move(options))
        , detokenizer_(tokenizer)
        , stops_(options_.stopStrings)
        , filter_(options_.tools)
        , record_(options_.start) {
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
            filter_.setLineStart(false);
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
        record_.take(id);
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
        return record_.written(end(), cut_,
                               cutPlace_ == Place::ThoughtLabel || cutPlace_ == Place::Call);
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
            record_.noteTag();
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
        } else if (special == Special::TurnBegin && record_.size() == 1) {
            place_ = Place::TurnLabel;
        }
    }

    void endOfTurn() {
        text(detokenizer_.flush(), kNoToken);
        if (place_ == Place::Thought || place_ == Place::ThoughtLabel)
            record_.replyWillDiffer(); // its thought was never closed
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
            const bool isLabel =
                trimRight(label_.text()) == kThoughtLabel
                || (how == Leaving::CutOff && kThoughtLabel.starts_with(label_.text()));
            if (isLabel)
                label_.dropText();
            keepLabel();
            leaveThought(how);
            break;
        }
        case Place::TurnLabel:
            if (label_.text() == kTurnLabel)
                label_.dropText();
            keepLabel();
            if (state_ == StreamState::Going)
                leaveAnswer(how);
            break;
        }
        place_ = Place::Answer;
    }

    // --- labels

    void labelText(std::string_view more, TokenId id) {
        label_.add(more, id);
        const auto found = label_.find(place_ == Place::ThoughtLabel ? kThoughtLabel : kTurnLabel);
        if (found != LabelReader::Found::Maybe)
            keepLabel();
    }

    /// Takes what is in the label for text.
    void keepLabel() {
        const auto [kept, ids] = label_.take();
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
        filter_.setLineStart(true);
    }

    // --- answer

    void countAnswer(TokenId id) {
        ++answerTokens_;
        ++newAnswerTokens_;
        const bool blank = trimLeft(tokenizer_.bytes(id)).empty();
        if (blank && answer_.isFresh())
            return;
        if (answer_.isFresh() && answer_.hasText())
            record_.answerWillDiffer(); // a blank line was put before it
        record_.takeAnswer(id, blank);
    }

    void answerText(std::string_view more) {
        filter_.add(more);
        while (state_ == StreamState::Going) {
            const auto part = filter_.next();
            if (!part)
                return;
            if (!part->isCall) {
                tellAnswer(stops_.add(part->text));
                continue;
            }
            leaveAnswer(Leaving::Ended);
            if (state_ != StreamState::Going)
                return;
            beginCall(true);
            callText(part->text);
            return;
        }
    }

    void tellAnswer(std::string_view certain) {
        std::string out = answer_.add(certain);
        if (stops_.matched()) {
            state_ = StreamState::StopString;
            record_.answerWillDiffer();
            record_.replyWillDiffer();
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
        tellAnswer(stops_.add(filter_.flush()));
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
        record_.noteTag();
        if (bare) {
            record_.replyWillDiffer();
            record_.answerWillDiffer();
        }
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
            record_.replyWillDiffer();
        const std::string source = std::exchange(call_, {});
        const auto calls = parseCalls(source, options_.tools);
        if (calls) {
            for (ToolCall call : *calls) {
                call.id = std::format("call_{}", ++calls_);
                events_.emplace_back(ToolCalled{std::move(call)});
            }
        } else {
            events_.emplace_back(MalformedCall{plain(source)});
            record_.replyWillDiffer();
            record_.answerWillDiffer();
        }
        answer_.begin();
        filter_.setLineStart(true);
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

    LabelReader label_;

    ChannelText thought_;
    bool toldThought_ = false; // in this stretch
    int newThoughtTokens_ = 0;

    ChannelText answer_;
    StopMatcher stops_;
    BareCallFilter filter_;
    int newAnswerTokens_ = 0;

    std::string call_; // with kQuoteMark for quote tokens
    bool bare_ = false;
    bool closed_ = false;
    BraceCounter braces_;

    ReplyRecord record_;
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
