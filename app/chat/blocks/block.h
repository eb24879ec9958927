#pragma once

#include <QString>

#include <cstdint>
#include <vector>

namespace lapidary::app {

/// How a run of characters is set. Flags of Span::styles.
enum TextStyle : std::uint8_t {
    Bold = 1,
    Italic = 2,
    Strike = 4,
    CodeStyle = 8, ///< code spans, and formulas until there is a renderer for them
    Link = 16,
    ImageReference = 32, ///< the alternative text of a picture, which is never fetched
};

/// Characters [start, start + length) of a paragraph that are set alike.
struct Span {
    qsizetype start = 0;
    qsizetype length = 0;
    std::uint8_t styles = 0;
    QString address = {}; ///< of a link or picture

    bool operator==(const Span&) const = default;
};

/// One paragraph, heading, list item or table cell. Line breaks inside are U+2028.
struct Paragraph {
    QString text;
    std::vector<Span> spans; ///< in order, not overlapping; what lies between is plain
    int heading = 0;         ///< 1…6, 0: none
    int indent = 0;          ///< depth in lists
    QString marker = {};     ///< "•", "3.", "☑": only before the first paragraph of an item
    bool tight = false;      ///< no space before it

    bool operator==(const Paragraph&) const = default;
};

enum class BlockKind : std::uint8_t {
    Text,  ///< a paragraph, a heading, or a run of list items
    Code,  ///< fenced or indented code
    Table, ///< `paragraphs` are the cells, row by row, the header first
    Math,  ///< a display formula, its source in `code`
    Rule,
};

/// How a block hangs together with the one before it.
enum class Joint : std::uint8_t {
    Apart,
    Line,   ///< the same paragraph, after a line break that neither block has
    Word,   ///< the same line, after a space that neither block has
    Inside, ///< the same word
};

enum class ColumnAlignment : std::uint8_t { Default, Left, Centre, Right };

/// One block of a message: what one delegate shows. A finished block never changes.
struct Block {
    BlockKind kind = BlockKind::Text;
    Joint joint = Joint::Apart; ///< Text: a very long paragraph goes on in further blocks
    int quoteDepth = 0;
    int indent = 0;                            ///< depth in lists, of code, tables and formulas
    std::vector<Paragraph> paragraphs;         ///< Text, Table
    QString code = {};                         ///< Code, Math; lines end in '\n', the last may not
    QString language = {};                     ///< Code: first word of the fence's info
    std::vector<ColumnAlignment> columns = {}; ///< Table

    /// The lines of the message, in bytes of its UTF-8 source, that this block was made of.
    qsizetype sourceBegin = 0;
    qsizetype sourceEnd = 0;

    [[nodiscard]] bool looksLike(const Block& other) const {
        return kind == other.kind && joint == other.joint && quoteDepth == other.quoteDepth
               && indent == other.indent && paragraphs == other.paragraphs && code == other.code
               && language == other.language && columns == other.columns;
    }
    bool operator==(const Block&) const = default;
};

// Limits of what one message may build (experience.md 6.4).
inline constexpr int kMaxNesting = 32;
inline constexpr std::size_t kMaxTableColumns = 64;
inline constexpr std::size_t kMaxTableRows = 2000;
inline constexpr qsizetype kMaxCodeBytes = qsizetype{256} * 1024;
inline constexpr int kMaxCombiningMarks = 8;

/// Text blocks end after so many characters, at a paragraph: one layout stays below a millisecond.
inline constexpr qsizetype kTextBlockCharacters = 3000;
/// Longer paragraphs are cut: a line of text that grows is set anew from its paragraph's start.
inline constexpr qsizetype kPieceCharacters = 2000;

} // namespace lapidary::app
