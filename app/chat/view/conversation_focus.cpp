#include "conversation_view.h"

#include <QQuickWindow>

#include <algorithm>
#include <cmath>

// The keyboard in the rows: what has it is seen, and Tab goes on beyond the page. The chain of
// focus leaves out what is not visible, so the rows that it goes to next are, wherever they lie.

namespace lapidary::app {

namespace {

// Rows that scroll into view are measured on the way, which moves the one that is to be seen.
constexpr int kPasses = 8;

/// Whether rows of the kind may have controls; the blocks of an unread message end with some.
bool mayHaveControls(ConversationRows::Kind kind) {
    using Kind = ConversationRows::Kind;
    return kind != Kind::Head && kind != Kind::Text && kind != Kind::Rule;
}

bool hasTabStop(const QQuickItem* item) {
    return item->isVisible() && item->isEnabled()
           && (item->activeFocusOnTab() || std::ranges::any_of(item->childItems(), hasTabStop));
}

} // namespace

/// The row that has the keyboard; -1: none.
int ConversationView::focusRow() const {
    const QQuickItem* item = window() != nullptr ? window()->activeFocusItem() : nullptr;
    if (item == nullptr || item == this || !isAncestorOf(item))
        return -1;
    const auto found = std::ranges::find_if(items_, [item](const auto& entry) {
        return entry.second == item || entry.second->isAncestorOf(item);
    });
    return found == items_.end() ? -1 : found->first;
}

void ConversationView::showFocus() {
    const QQuickItem* item = window() != nullptr ? window()->activeFocusItem() : nullptr;
    // Text gets the keyboard from the pointer alone, and stays where it is pressed.
    const bool moves =
        item != nullptr && item != this && item->activeFocusOnTab() && isAncestorOf(item);
    for (int pass = 0; moves && pass < kPasses; ++pass) {
        const double top = item->mapToItem(this, {0, 0}).y() - lineHeight_;
        const double bottom = top + item->height() + 2 * lineHeight_;
        const double before = offset_;
        if (top < 0)
            scrollBy(std::floor(top));
        else if (bottom > height())
            scrollBy(std::ceil(std::min(top, bottom - height())));
        if (offset_ == before)
            break;
    }
    reachOn();
}

/// Makes the rows that Tab and Shift+Tab go to from where the keyboard is.
void ConversationView::reachOn() {
    const bool onView = window() != nullptr && window()->activeFocusItem() == this;
    neighbours_ = {};
    if (!rows_ || laying_ || (!onView && focusRow() < 0))
        return;
    neighbours_[0] = onView ? nullptr : besideFocus(-1);
    neighbours_[1] = besideFocus(1);
    setOffset(anchoredOffset());
    place();
}

/// The delegate of the next row with a control that can have the keyboard, from the row that has it
/// or, when the view itself has, from the top of the page; null: there is none.
QQuickItem* ConversationView::besideFocus(int direction) {
    const int focused = focusRow();
    int row = (focused < 0 ? firstVisibleRow() - 1 : focused) + direction;
    while (row >= 0 && row < static_cast<int>(heights_.count())) {
        if (rows_->kind(row) == ConversationRows::Kind::Unread) {
            // Its rows take its place; the last of them is where the way upwards begins.
            const auto before = static_cast<int>(heights_.count());
            rows_->open(row);
            row += direction < 0 ? static_cast<int>(heights_.count()) - before : 0;
            continue;
        }
        if (mayHaveControls(rows_->kind(row))) {
            if (itemAt(row) == nullptr)
                measure(row);
            QQuickItem* item = itemAt(row);
            item->setVisible(true); // what is in it is seen to be visible then
            if (hasTabStop(item))
                return item;
        }
        row += direction;
    }
    return nullptr;
}

} // namespace lapidary::app
