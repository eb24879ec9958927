#include "conversation_view.h"

#include <QElapsedTimer>
#include <QQmlContext>
#include <QQmlEngine>

#include <algorithm>
#include <cmath>
#include <utility>

using namespace Qt::StringLiterals;

namespace lapidary::app {

namespace {

// Delegates are made so many pages beyond the page, and kept somewhat further.
constexpr double kMadePages = 1;
constexpr double kKeptPages = 1.5;
// So far from the page its anchor is measured for.
constexpr double kMeasuredPages = 2;
// Of one kind, waiting for rows to show.
constexpr std::size_t kResting = 12;
// A frame that spent so long on delegates makes none ahead of need; a delegate takes up to 2 ms.
constexpr qint64 kMakingNanoseconds = 3'000'000;
// Of these a delegate waits while an answer is written.
constexpr ConversationRows::Kind kSpareKinds[] = {
    ConversationRows::Kind::Text, ConversationRows::Kind::Code, ConversationRows::Kind::Table};
// Garbage is collected after so many delegates, which takes 4 ms; by itself the engine would do it
// after some 400, in the middle of a frame.
constexpr int kCollectedDelegates = 200;
// Measuring can bring more rows into view, and these be measured in turn.
constexpr int kPasses = 12;

/// Columns know their height only after a polish; a new row is measured before the next one comes.
void polishAll(QQuickItem* item) {
    for (QQuickItem* child : item->childItems())
        polishAll(child);
    item->ensurePolished();
}

} // namespace

void ConversationView::drop(std::map<int, QQuickItem*>::iterator item) {
    QQuickItem* delegate = item->second;
    items_.erase(item);
    disconnect(delegate, nullptr, this, nullptr);
    delegate->setVisible(false);
    delegate->deleteLater();
}

/// Puts a delegate aside: to show another row costs half of what a new one does.
void ConversationView::rest(std::map<int, QQuickItem*>::iterator item) {
    QQuickItem* delegate = item->second;
    const auto kind = static_cast<ConversationRows::Kind>(delegate->property("rowKind").toInt());
    std::vector<QQuickItem*>& resting = resting_[kind];
    if (resting.size() >= kResting || !delegate->property("reusable").toBool()) {
        drop(item);
        return;
    }
    items_.erase(item);
    disconnect(delegate, nullptr, this, nullptr);
    delegate->setVisible(false);
    delegate->setProperty("block", -1); // what happens to its block is nothing to it
    resting.push_back(delegate);
}

/// Those that rest know messages that may be gone soon.
void ConversationView::forgetResting() {
    for (const auto& [kind, items] : std::exchange(resting_, {}))
        for (QQuickItem* item : items)
            item->deleteLater();
}

QQuickItem* ConversationView::create(int row) {
    QElapsedTimer clock;
    clock.start();
    const ConversationRows::Kind kind = rows_->kind(row);
    QQuickItem* item = reuse(row, kind);
    if (item == nullptr)
        item = make(kind, {.message = rows_->message(row),
                           .blocks = rows_->blocks(row),
                           .block = rows_->block(row),
                           .inThought = rows_->isInThought(row)});
    adopt(row, item);
    making_ += clock.nsecsElapsed();
    return item;
}

QQuickItem* ConversationView::make(ConversationRows::Kind kind, const Shown& shown) {
    const auto found = std::ranges::find(delegates_, kind, &RowDelegate::kind);
    if (found == delegates_.end() || (*found)->delegate == nullptr)
        qFatal("conversation: no delegate for rows of kind %d", static_cast<int>(kind));
    QQmlComponent* component = (*found)->delegate;
    QQmlContext* context = component->creationContext();
    QObject* made =
        component->createWithInitialProperties({{u"rowKind"_s, static_cast<int>(kind)},
                                                {u"message"_s, QVariant::fromValue(shown.message)},
                                                {u"blocks"_s, QVariant::fromValue(shown.blocks)},
                                                {u"block"_s, shown.block},
                                                {u"inThought"_s, shown.inThought},
                                                {u"width"_s, width()}},
                                               context != nullptr ? context : qmlContext(this));
    auto* item = qobject_cast<QQuickItem*>(made);
    if (item == nullptr)
        qFatal("conversation: %s", qPrintable(component->errorString()));
    QQmlEngine::setObjectOwnership(item, QQmlEngine::CppOwnership);
    item->setVisible(false); // until it has its place
    ++uncollected_;
    return item;
}

/// While an answer is written: makes the delegate that its next block may need, so that the frame
/// in which the block begins, which draws the whole page, need not. One a turn; the kinds are those
/// that take long.
void ConversationView::makeSpare() {
    spareComes_ = false;
    ChatMessage* message =
        rows_ && rows_->rowCount() > 0 ? rows_->message(rows_->rowCount() - 1) : nullptr;
    if (message == nullptr || !message->isBusy())
        return;
    for (const ConversationRows::Kind kind : kSpareKinds)
        if (resting_[kind].empty()) {
            resting_[kind].push_back(make(kind, {.message = message, .blocks = message->answer()}));
            askForSpare();
            return;
        }
}

void ConversationView::askForSpare() {
    if (!std::exchange(spareComes_, true))
        QMetaObject::invokeMethod(this, &ConversationView::makeSpare, Qt::QueuedConnection);
}

/// A delegate that rests shows the row from now on; null when there is none.
QQuickItem* ConversationView::reuse(int row, ConversationRows::Kind kind) {
    std::vector<QQuickItem*>& resting = resting_[kind];
    if (resting.empty())
        return nullptr;
    QQuickItem* item = resting.back();
    resting.pop_back();
    item->setProperty("inThought", rows_->isInThought(row));
    item->setProperty("message", QVariant::fromValue(rows_->message(row)));
    item->setProperty("blocks", QVariant::fromValue(rows_->blocks(row)));
    item->setProperty("block", rows_->block(row));
    return item;
}

void ConversationView::adopt(int row, QQuickItem* item) {
    polishAll(item);
    item->setParentItem(this);
    item->setWidth(width());
    connect(item, &QQuickItem::implicitHeightChanged, this, &QQuickItem::polish);
    // The keyboard goes through the rows as they are read.
    const auto next = items_.lower_bound(row);
    if (next != items_.end())
        item->stackBefore(next->second);
    else if (!items_.empty())
        item->stackAfter(items_.rbegin()->second);
    items_[row] = item;
    selection_.show(row, item);
}

/// Makes the delegate of a row that has none, and measures it. False when that moves rows.
bool ConversationView::measure(int row) {
    QQuickItem* item = itemAt(row);
    if (item == nullptr && rows_->kind(row) == ConversationRows::Kind::Unread) {
        // The blocks of a message are read when it comes near.
        rows_->open(row);
        return false;
    }
    if (item == nullptr)
        item = create(row);
    const auto at = static_cast<std::size_t>(row);
    const double measured = std::ceil(item->implicitHeight());
    const bool moves = measured != heights_.height(at);
    heights_.measure(at, measured);
    return !moves;
}

/// Measures the rows between two heights of the content. False when something moved: begin again.
bool ConversationView::fill(double from, double to) {
    const int count = static_cast<int>(heights_.count());
    for (int row = static_cast<int>(heights_.rowAt(from - topPadding_));
         row < count && topOf(row) < to; ++row)
        if (!measure(row))
            return false;
    return true;
}

/// Makes delegates that the page does not show yet, as far as the frame has time for them.
/// False when there are more to make.
bool ConversationView::fillAhead() {
    for (int row = nextAhead(); row >= 0; row = nextAhead()) {
        if (making_ >= kMakingNanoseconds)
            return false;
        measure(row);
        setOffset(anchoredOffset());
    }
    return true;
}

/// The row without a delegate that is nearest to the page, those first that scrolling brings next;
/// -1: there is none within reach.
int ConversationView::nextAhead() const {
    const double reach = kMadePages * height();
    const int count = static_cast<int>(heights_.count());
    for (const int direction : {direction_, -direction_}) {
        int row = static_cast<int>(
            heights_.rowAt(offset_ - topPadding_ + (direction > 0 ? height() : 0)));
        while (row >= 0 && row < count && topOf(row) < offset_ + height() + reach
               && topOf(row + 1) > offset_ - reach) {
            if (itemAt(row) == nullptr)
                return row;
            row += direction;
        }
    }
    return -1;
}

/// One pass: finds the offset from the anchor, makes and measures what the page shows.
bool ConversationView::layOut() {
    if (!rows_ || laying_ || height() <= 0 || width() <= 0)
        return true;
    laying_ = true;
    bool settled = false;
    for (int pass = 0; pass < kPasses * 100 && !settled; ++pass) {
        setOffset(anchoredOffset());
        // Rows between the page and its anchor count too: a step may be longer than a page.
        double from = offset_;
        double to = offset_ + height();
        if (follow_ == Follow::None && anchorRow_ < static_cast<int>(heights_.count())) {
            const double anchor = topOf(anchorRow_);
            from = std::min(from, std::max(anchor, from - kMeasuredPages * height()));
            to = std::max(to, std::min(anchor, to + kMeasuredPages * height()));
        }
        settled = fill(from, to);
    }
    setOffset(anchoredOffset());
    place();
    laying_ = false;
    return settled;
}

void ConversationView::place() {
    for (const auto& [row, item] : items_) {
        const double y = topOf(row) - offset_;
        item->setY(y);
        const bool onPage = y + item->implicitHeight() > 0 && y < height();
        item->setVisible(onPage || isBesideFocus(item));
    }
}

/// Whether the row is needed wherever it lies: the keyboard or the selection is in it, or Tab goes
/// to it.
bool ConversationView::isKept(int row, const QQuickItem* item) const {
    return selection_.holds(row) || row == focusRow() || isBesideFocus(item);
}

void ConversationView::prune() {
    const double from = offset_ - kKeptPages * height();
    const double to = offset_ + (1 + kKeptPages) * height();
    for (auto item = items_.begin(); item != items_.end();) {
        const auto current = item++;
        const double y = topOf(current->first);
        const bool far = y > to || y + current->second->implicitHeight() < from;
        if (far && !isKept(current->first, current->second))
            rest(current);
    }
}

void ConversationView::updatePolish() {
    if (!rows_)
        return;
    // What is measured in rows above and near the page moves the anchor before the frame is drawn.
    for (const auto& [row, item] : items_)
        heights_.measure(static_cast<std::size_t>(row), std::ceil(item->implicitHeight()));
    layOut();
    const bool done = fillAhead();
    reachOn();
    prune();
    place();
    if (follow_ == Follow::None)
        takeAnchor();
    emit scrolled();
    if (!done)
        QMetaObject::invokeMethod(this, [this] { polish(); }, Qt::QueuedConnection);
    // After this frame, and rather after a short one.
    if (making_ == 0)
        askForSpare();
    const bool shortFrame = std::exchange(making_, 0) < kMakingNanoseconds / 2;
    if (uncollected_ >= kCollectedDelegates * (shortFrame ? 1 : 2))
        QMetaObject::invokeMethod(this, &ConversationView::collectGarbage, Qt::QueuedConnection);
}

void ConversationView::collectGarbage() {
    if (std::exchange(uncollected_, 0) > 0)
        qmlEngine(this)->collectGarbage();
}

} // namespace lapidary::app
