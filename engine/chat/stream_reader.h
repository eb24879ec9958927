#pragma once

#include "chat/template.h"

#include "events.h"
#include "request.h"
#include "tokenizer/detokenizer.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace lapidary::engine {

/// The model opened a call that cannot be understood; `text` is what stood in it.
struct MalformedCall {
    std::string text;
};

/// Texts are whole UTF-8 characters and are never taken back. ThoughtEnded follows each stretch of
/// ThoughtText.
using StreamEvent = std::variant<ThoughtText, ThoughtEnded, AnswerText, ToolCalled, MalformedCall>;

struct StreamOptions {
    StreamStart start = StreamStart::Answer;   ///< from the Prompt
    bool showThoughts = true;                  ///< false: thoughts are read, counted and dropped
    std::vector<std::string> stopStrings = {}; ///< end the answer before the first occurrence
    std::vector<Tool> tools = {};              ///< their schemas decide what a bare argument means
};

/// What a token means for the generation.
enum class StreamState : std::uint8_t {
    Going,
    TurnEnded,       ///< the model ended its turn
    WaitsForResults, ///< the model asks for the results of its calls
    StopString,      ///< a stop string is complete
};

/// Splits the tokens of one reply into thought, answer and calls (gemma4.md 7.7), tolerant of what
/// models really write. Whitespace around a thought and around an answer is left out; a second
/// stretch of the same kind is set off by a blank line.
///   `add` every generated token, the stop token too, until the state is not Going; then `finish`,
///   in any case. The events of a call of `add` or `finish` are valid until the next. One thread.
class StreamReader {
public:
    /// The tokenizer must outlive the reader.
    StreamReader(const Tokenizer& tokenizer, StreamOptions options);
    StreamReader(const StreamReader&) = delete;
    StreamReader& operator=(const StreamReader&) = delete;
    ~StreamReader();

    /// Reads one token; `events` tells what became certain.
    StreamState add(TokenId id);

    /// The reply is over. After a turn that was cut off (length, cancelled) everything held back
    /// comes out, so that the text can go on from its last character.
    void finish();

    [[nodiscard]] std::span<const StreamEvent> events() const;

    /// Tokens by where they went; tags, labels and stop tokens count nowhere.
    [[nodiscard]] int thoughtTokens() const;
    [[nodiscard]] int answerTokens() const;
    [[nodiscard]] int callTokens() const;

    /// Calls that were read so far.
    [[nodiscard]] int callCount() const;

    /// What was read, for the next prompt (see WrittenReply).
    [[nodiscard]] WrittenReply written() const;

private:
    class Reading;
    std::unique_ptr<Reading> reading_;
};

} // namespace lapidary::engine
