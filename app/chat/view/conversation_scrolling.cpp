#include "conversation_view.h"

#include <QWheelEvent>

#include <algorithm>
#include <cmath>

namespace lapidary::app {

namespace {

// One notch of a wheel.
constexpr double kNotchLines = 3;

} // namespace

void ConversationView::scrollBy(double pixels) {
    if (heights_.count() == 0)
        return;
    // The way is counted from the row that was at the edge, and rows are measured on the way: so
    // many pixels, not so many by estimate, and back is the same way.
    takeAnchor();
    setFollow(Follow::None);
    direction_ = pixels < 0 ? -1 : 1;
    anchorPixels_ += pixels;
    layOut();
    afterScroll(pixels);
}

/// To a place far away: what lies between stays unmeasured.
void ConversationView::jumpTo(double offset) {
    const double before = offset_;
    setFollow(Follow::None);
    setOffset(offset);
    takeAnchor();
    layOut();
    afterScroll(offset_ - before);
}

void ConversationView::afterScroll(double pixels) {
    takeAnchor();
    const bool atEnd = offset_ >= std::max(0.0, contentHeight() - height()) - 1;
    const bool roomBelow = greatestOffset() > contentHeight() - height() + 1;
    if (pixels > 0 && atEnd && !roomBelow)
        setFollow(Follow::End);
    emit scrolled();
    polish();
}

void ConversationView::scrollPages(double pages) {
    scrollBy(pages * (height() - lineHeight_ * 2));
}

void ConversationView::scrollTo(double fraction) {
    jumpTo(fraction * (greatestOffset() + height()));
}

void ConversationView::scrollToStart() {
    jumpTo(0);
}

void ConversationView::followEnd() {
    setFollow(Follow::End);
    questionRow_ = -1;
    polish();
}

void ConversationView::showQuestion() {
    const int row = rows_ ? rows_->lastQuestionRow() : -1;
    if (row < 0)
        return;
    questionRow_ = row;
    setFollow(Follow::Question);
    // The rows of the question are made in the turn that sent it, which is short, and not in that
    // of the frame, which draws the whole page anew.
    layOut();
    polish();
}

void ConversationView::scrollToQuestion(int direction) {
    const int row = rows_ ? rows_->questionRow(firstVisibleRow(), direction,
                                               offset_ - topOf(firstVisibleRow()) > 1)
                          : -1;
    if (row >= 0)
        jumpTo(topOf(row) - topPadding_);
}

void ConversationView::wheelEvent(QWheelEvent* event) {
    const double notch = kNotchLines * lineHeight_ / 120;
    const double pixels =
        event->pixelDelta().isNull() ? event->angleDelta().y() * notch : event->pixelDelta().y();
    if (pixels == 0) {
        event->ignore();
        return;
    }
    scrollBy(-pixels);
    event->accept();
}

} // namespace lapidary::app
