#pragma once

#include "block.h"

namespace lapidary::app {

/// A piece of a paragraph that is too long for one layout.
struct ParagraphPiece {
    Paragraph paragraph;
    Joint joint = Joint::Apart; ///< to the piece before it
};

/// The paragraph in pieces of at most kPieceCharacters: cut at a line break, else after a
/// sentence, else after a word (what is cut at is dropped), else between two characters. Text that
/// arrives at the end of a paragraph never moves a cut but the last one. One piece for all but very
/// long ones.
[[nodiscard]] std::vector<ParagraphPiece> cutParagraph(Paragraph paragraph);

} // namespace lapidary::app
