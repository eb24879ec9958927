#include "block_list.h"

#include "markdown_parser.h"
#include "paragraph_pieces.h"
#include "visible_text.h"

#include <algorithm>

namespace lapidary::app {

namespace {

// An open segment that never ends (one line of a megabyte) is cut, so that a tick stays short:
// md4c reads 64 kB in 0.4 ms.
constexpr std::size_t kMaxSegmentBytes = std::size_t{64} * 1024;
constexpr std::size_t kMaxDefinitionBytes = std::size_t{4} * 1024;
constexpr auto kNone = std::string_view::npos;

std::size_t indentOf(std::string_view line) {
    std::size_t columns = 0;
    for (const char c : line) {
        if (c == ' ')
            ++columns;
        else if (c == '\t')
            columns += 4 - columns % 4;
        else
            break;
    }
    return columns;
}

bool isBlank(std::string_view line) {
    return line.find_first_not_of(" \t\r\n") == kNone;
}

bool isListMarker(std::string_view line) {
    const std::string_view text = line.substr(std::min(line.find_first_not_of(" \t"), line.size()));
    if (text.empty())
        return false;
    if (text.front() == '-' || text.front() == '*' || text.front() == '+')
        return text.size() == 1 || text[1] == ' ' || text[1] == '\t' || text[1] == '\n';
    const std::size_t digits = text.find_first_not_of("0123456789");
    return digits != kNone && digits > 0 && digits < 10
           && (text[digits] == '.' || text[digits] == ')');
}

std::string_view withoutIndent(std::string_view line, std::size_t indent) {
    std::size_t i = 0;
    while (i < indent && i < line.size() && line[i] == ' ')
        ++i;
    return line.substr(i);
}

/// How what follows a cut hangs together with what ends in this character.
Joint jointAfter(char last) {
    if (last == '\n')
        return Joint::Line;
    return last == ' ' ? Joint::Word : Joint::Inside;
}

} // namespace

void BlockList::touched(std::size_t first) {
    changedFrom_ = std::min(changedFrom_, first);
}

BlockList::Change BlockList::append(std::string_view utf8) {
    const std::size_t before = blocks_.size();
    changedFrom_ = before;
    source_ += utf8;
    for (;;) {
        const std::size_t newline = source_.find('\n', nextLine_);
        if (newline == kNone)
            break;
        takeLine(nextLine_, newline + 1);
        nextLine_ = newline + 1;
    }
    if (fence_.length > 0) {
        // The unfinished line is shown unless it may yet become the closing fence.
        const std::string_view rest = std::string_view(source_).substr(codeEnd_);
        const std::string_view text = withoutIndent(rest, 3);
        if (codeEnd_ > nextLine_ || (!text.empty() && text.front() != fence_.character))
            takeCode(rest);
    } else {
        readSegment(source_.size());
        if (source_.size() - segmentBegin_ > kMaxSegmentBytes) {
            std::size_t cut = source_.find_last_of("\n ", source_.size() - 1);
            if (cut == kNone || cut <= segmentBegin_)
                cut = source_.size() - 1;
            while (cut + 1 < source_.size()
                   && (static_cast<unsigned char>(source_[cut + 1]) & 0xC0U) == 0x80U)
                ++cut;
            const Joint joint = afterBlank_ ? Joint::Apart : jointAfter(source_[cut]);
            closeSegment(cut + 1);
            segmentJoint_ = joint;
            readSegment(source_.size());
        }
    }
    return {.first = std::min(changedFrom_, before),
            .before = before - std::min(changedFrom_, before),
            .after = blocks_.size() - std::min(changedFrom_, before)};
}

BlockList::Change BlockList::finish() {
    const std::size_t before = blocks_.size();
    changedFrom_ = before;
    if (nextLine_ < source_.size()) {
        if (fence_.length > 0)
            takeLine(nextLine_, source_.size());
        nextLine_ = source_.size();
    }
    fence_ = {};
    closeSegment(source_.size());
    finished_ = true;
    const std::size_t first = std::min(changedFrom_, before);
    return {.first = first, .before = before - first, .after = blocks_.size() - first};
}

void BlockList::takeLine(std::size_t begin, std::size_t end) {
    const std::string_view line = std::string_view(source_).substr(begin, end - begin);
    const std::size_t indent = indentOf(line);
    const std::size_t first = std::min(line.find_first_not_of(" \t"), line.size());
    const std::string_view text = line.substr(first);
    const char c = text.empty() ? '\n' : text.front();
    const bool fenceCharacter = c == '`' || c == '~';
    const std::size_t run = fenceCharacter ? std::min(text.find_first_not_of(c), text.size()) : 0;

    if (fence_.length > 0) {
        const bool closes = indent < 4 && c == fence_.character && run >= fence_.length
                            && isBlank(text.substr(run)) && codeEnd_ <= begin;
        if (!closes) {
            takeCode(std::string_view(source_).substr(codeEnd_, end - codeEnd_));
            return;
        }
        blocks_.back().sourceEnd = static_cast<qsizetype>(end);
        touched(blocks_.size() - 1);
        fence_ = {};
        beginSegment(end);
        return;
    }
    const bool opens = run >= 3 && indent < 4 && (indent == 0 || !segmentHasList_)
                       && (c == '~' || text.substr(run).find('`') == kNone);
    if (opens) {
        closeSegment(begin);
        openFence({.character = c, .length = run, .indent = indent}, text.substr(run), begin);
        codeEnd_ = end;
        return;
    }
    if (isBlank(line)) {
        afterBlank_ = true;
        if (begin == segmentBegin_)
            segmentJoint_ = Joint::Apart;
        return;
    }
    const bool marker = indent < 4 && isListMarker(line);
    const bool boundary = afterBlank_ && (segmentHasList_ ? indent == 0 && !marker : indent < 4);
    if (boundary)
        closeSegment(begin);
    segmentHasList_ = segmentHasList_ || marker || (c == '>' && indent < 4);
    afterBlank_ = false;
    if (end - segmentBegin_ > kMaxSegmentBytes) {
        closeSegment(end);
        segmentJoint_ = Joint::Line;
    }
}

void BlockList::openFence(const Fence& fence, std::string_view info, std::size_t lineBegin) {
    fence_ = fence;
    Block block;
    block.kind = BlockKind::Code;
    const std::size_t wordBegin = std::min(info.find_first_not_of(" \t\r\n"), info.size());
    const std::string_view word = info.substr(wordBegin);
    const std::string_view language =
        word.substr(0, std::min(word.find_first_of(" \t\r\n"), word.size()));
    block.language = visibleText(fromUtf8(language), TextPlace::Code).left(64);
    block.sourceBegin = block.sourceEnd = static_cast<qsizetype>(lineBegin);
    touched(blocks_.size());
    blocks_.push_back(std::move(block));
}

void BlockList::takeCode(std::string_view text) {
    if (text.empty())
        return;
    // An unfinished line was taken in parts: only its first part carries the indent.
    const bool lineStart = codeEnd_ == 0 || source_[codeEnd_ - 1] == '\n';
    const std::string_view bare = lineStart ? withoutIndent(text, fence_.indent) : text;
    if (blocks_.back().code.size() > kMaxCodeBytes) {
        Block next;
        next.kind = BlockKind::Code;
        next.language = blocks_.back().language;
        next.sourceBegin = static_cast<qsizetype>(codeEnd_);
        blocks_.push_back(std::move(next));
    }
    Block& block = blocks_.back();
    touched(blocks_.size() - 1);
    block.code += visibleText(fromUtf8(bare), TextPlace::Code);
    codeEnd_ += text.size();
    block.sourceEnd = static_cast<qsizetype>(codeEnd_);
}

void BlockList::beginSegment(std::size_t at) {
    segmentBegin_ = at;
    firstOpen_ = blocks_.size();
    segmentHasList_ = false;
    afterBlank_ = false;
    segmentJoint_ = Joint::Apart;
}

/// A segment that was cut off in the middle of a paragraph goes on with it.
void BlockList::joinFirst(std::vector<Block>& blocks) const {
    const auto isProse = [](const Block& block) {
        return block.kind == BlockKind::Text && block.paragraphs.back().heading == 0;
    };
    if (!blocks.empty() && firstOpen_ > 0 && isProse(blocks_[firstOpen_ - 1])
        && isProse(blocks.front()) && blocks.front().paragraphs.front().marker.isEmpty())
        blocks.front().joint = segmentJoint_;
}

void BlockList::closeSegment(std::size_t end) {
    if (end > segmentBegin_) {
        readSegment(end);
        collectDefinitions(std::string_view(source_).substr(segmentBegin_, end - segmentBegin_));
    } else if (blocks_.size() > firstOpen_) {
        // A fence whose first line was still being written had been read as the segment's own.
        touched(firstOpen_);
        blocks_.resize(firstOpen_);
    }
    beginSegment(end);
}

void BlockList::readSegment(std::size_t end) {
    const std::string_view segment =
        std::string_view(source_).substr(segmentBegin_, end - segmentBegin_);
    if (reading_ == Reading::FencesOnly) {
        const QString text = fromUtf8(segment).trimmed();
        if (text.isEmpty()) {
            replaceOpen({});
            return;
        }
        std::vector<Block> read;
        auto begin = static_cast<qsizetype>(segmentBegin_);
        for (ParagraphPiece& piece : cutParagraph(
                 {.text = visibleText(text, TextPlace::Prose).replace(u'\n', QChar(0x2028)),
                  .spans = {}})) {
            Block block;
            block.joint = piece.joint;
            block.paragraphs.push_back(std::move(piece.paragraph));
            block.sourceBegin = begin;
            block.sourceEnd = begin = static_cast<qsizetype>(end);
            read.push_back(std::move(block));
        }
        replaceOpen(std::move(read));
        return;
    }
    const bool mayRefer = segment.find(']') != kNone;
    replaceOpen(parseMarkdown(segment, mayRefer ? definitions_ : std::string(),
                              static_cast<qsizetype>(segmentBegin_)));
}

/// The blocks of the open segment are these from now on; those that look alike are not touched.
void BlockList::replaceOpen(std::vector<Block> read) {
    joinFirst(read);
    std::size_t same = 0;
    const std::size_t old = blocks_.size() - firstOpen_;
    while (same < old && same < read.size() && blocks_[firstOpen_ + same].looksLike(read[same]))
        ++same;
    if (same < old || same < read.size())
        touched(firstOpen_ + same);
    blocks_.resize(firstOpen_);
    std::ranges::move(read, std::back_inserter(blocks_));
}

void BlockList::collectDefinitions(std::string_view segment) {
    for (std::size_t begin = 0; begin < segment.size();) {
        const std::size_t end = std::min(segment.find('\n', begin), segment.size());
        const std::string_view line = segment.substr(begin, end - begin);
        const std::size_t colon = line.find("]:");
        if (indentOf(line) < 4 && colon != kNone
            && line[std::min(line.find_first_not_of(" \t"), line.size() - 1)] == '['
            && definitions_.size() + line.size() < kMaxDefinitionBytes)
            definitions_.append(line).push_back('\n');
        begin = end + 1;
    }
}

} // namespace lapidary::app
