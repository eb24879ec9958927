#pragma once

#include "block.h"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lapidary::app {

/// A message in Markdown as a list of blocks, grown from its end. Only the open segment (from the
/// last place where no block can reach across) is read again when text arrives; blocks before it
/// are final. A fenced code block is taken line by line without reading it again at all.
///
/// append() any number of times, then finish(). Any thread, one at a time.
class BlockList {
public:
    /// Blocks before `first` are as they were; from there on `before` became `after`.
    struct Change {
        std::size_t first = 0;
        std::size_t before = 0;
        std::size_t after = 0;
    };

    /// Answers are Markdown; of a question only fenced code is shown as code, the rest as typed.
    enum class Reading { Markdown, FencesOnly };

    explicit BlockList(Reading reading = Reading::Markdown) : reading_(reading) {}

    Change append(std::string_view utf8);

    /// The message ends here: the last block is final too.
    Change finish();

    [[nodiscard]] const std::vector<Block>& blocks() const { return blocks_; }
    [[nodiscard]] const std::string& source() const { return source_; }
    [[nodiscard]] bool isFinished() const { return finished_; }

    /// The open block is code whose fence has not closed yet.
    [[nodiscard]] bool isInCode() const { return fence_.length > 0; }

private:
    struct Fence {
        char character = 0;
        std::size_t length = 0; ///< 0: not in fenced code
        std::size_t indent = 0;
    };

    void takeLine(std::size_t begin, std::size_t end);
    void takeCode(std::string_view text);
    void openFence(const Fence& fence, std::string_view info, std::size_t lineBegin);
    void closeSegment(std::size_t end);
    void readSegment(std::size_t end);
    void replaceOpen(std::vector<Block> read);
    void joinFirst(std::vector<Block>& blocks) const;
    void collectDefinitions(std::string_view segment);
    void beginSegment(std::size_t at);
    void touched(std::size_t first);

    Reading reading_;
    std::string source_;
    std::vector<Block> blocks_;
    std::string definitions_;      ///< link reference definitions of closed segments
    std::size_t segmentBegin_ = 0; ///< in source_
    std::size_t firstOpen_ = 0;    ///< in blocks_: the first block of the open segment
    std::size_t nextLine_ = 0;     ///< in source_: the first line that has not ended yet
    std::size_t codeEnd_ = 0;      ///< in source_: code was taken up to here
    Fence fence_;
    Joint segmentJoint_ = Joint::Apart;
    bool segmentHasList_ = false;
    bool afterBlank_ = false;
    bool finished_ = false;
    std::size_t changedFrom_ = 0;
};

} // namespace lapidary::app
