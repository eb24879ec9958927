#include "conversation_view.h"

#include <QQmlContext>
#include <QQmlEngine>
#include <QQuickWindow>

#include <algorithm>
#include <cmath>
#include <utility>

using namespace Qt::StringLiterals;

namespace lapidary::app {

namespace {

// Delegates are kept so many pages beyond the page, made half as far.
constexpr double kKeptPages = 1.5;
constexpr double kMadePages = 0.5;
// So far from the page its anchor is measured for.
constexpr double kMeasuredPages = 2;
// Rows that are made ahead of need in one frame; a delegate takes up to 1.5 ms.
constexpr int kRowsAhead = 2;
// Measuring can bring more rows into view, and these be measured in turn.
constexpr int kPasses = 12;
/// Columns know their height only after a polish; a new row is measured before the next one comes.
void polishAll(QQuickItem* item) {
    for (QQuickItem* child : item->childItems())
        polishAll(child);
    item->ensurePolished();
}

} // namespace

ConversationView::ConversationView(QQuickItem* parent) : QQuickItem(parent) {
    setFlag(ItemHasContents, false);
    setClip(true);
    setAcceptedMouseButtons(Qt::LeftButton);
    setFiltersChildMouseEvents(true);
    connect(this, &QQuickItem::windowChanged, this, [this](QQuickWindow* window) {
        if (window != nullptr)
            connect(window, &QQuickWindow::activeFocusItemChanged, this,
                    &ConversationView::showFocus);
    });
}

ConversationView::~ConversationView() {
    selection_.clear();
    for (const auto& [row, item] : items_)
        delete item;
}

void ConversationView::setRows(ConversationRows* rows) {
    if (rows_ == rows)
        return;
    if (rows_)
        disconnect(rows_, nullptr, this, nullptr);
    rows_ = rows;
    if (rows != nullptr) {
        connect(rows, &QAbstractItemModel::rowsInserted, this,
                [this](const QModelIndex&, int first, int last) { insertRows(first, last); });
        connect(rows, &QAbstractItemModel::rowsRemoved, this,
                [this](const QModelIndex&, int first, int last) { removeRows(first, last); });
        connect(rows, &QAbstractItemModel::dataChanged, this,
                [this](const QModelIndex& first, const QModelIndex& last) {
                    changeRows(first.row(), last.row());
                });
        connect(rows, &QAbstractItemModel::modelReset, this, &ConversationView::reset);
    }
    emit rowsChanged();
    reset();
}

void ConversationView::setTopPadding(double padding) {
    topPadding_ = padding;
    emit paddingChanged();
    polish();
}

void ConversationView::setBottomPadding(double padding) {
    bottomPadding_ = padding;
    emit paddingChanged();
    polish();
}

double ConversationView::contentHeight() const {
    return topPadding_ + heights_.total() + bottomPadding_;
}

double ConversationView::topOf(int row) const {
    return topPadding_ + heights_.top(static_cast<std::size_t>(row));
}

double ConversationView::greatestOffset() const {
    double end = contentHeight();
    if (questionRow_ >= 0 && questionRow_ < static_cast<int>(heights_.count()))
        end = std::max(end, topOf(questionRow_) - topPadding_ + height());
    return std::max(0.0, end - height());
}

double ConversationView::position() const {
    const double all = greatestOffset() + height();
    return all > 0 ? offset_ / all : 0;
}

double ConversationView::pageSize() const {
    const double all = greatestOffset() + height();
    return all > 0 ? std::min(1.0, height() / all) : 1;
}

bool ConversationView::endVisible() const {
    return offset_ + height() >= contentHeight() - bottomPadding_ - 1;
}

int ConversationView::firstVisibleRow() const {
    return static_cast<int>(heights_.rowAt(offset_ - topPadding_));
}

QQuickItem* ConversationView::itemAt(int row) const {
    const auto found = items_.find(row);
    return found == items_.end() ? nullptr : found->second;
}

void ConversationView::setFollow(Follow follow) {
    if (follow_ == follow)
        return;
    follow_ = follow;
    emit followChanged();
}

void ConversationView::setOffset(double offset) {
    const double wanted = std::round(std::clamp(offset, 0.0, greatestOffset()));
    offset_ = wanted;
}

void ConversationView::takeAnchor() {
    if (heights_.count() == 0) {
        anchorRow_ = 0;
        anchorPixels_ = 0;
        return;
    }
    anchorRow_ = firstVisibleRow();
    anchorPixels_ = offset_ - topOf(anchorRow_);
}

double ConversationView::anchoredOffset() const {
    if (heights_.count() == 0)
        return 0;
    if (follow_ == Follow::End)
        return contentHeight() - height();
    if (follow_ == Follow::Question && questionRow_ >= 0)
        return topOf(questionRow_) - topPadding_;
    return topOf(std::min(anchorRow_, static_cast<int>(heights_.count()) - 1)) + anchorPixels_;
}

void ConversationView::componentComplete() {
    QQuickItem::componentComplete();
    reset();
}

void ConversationView::geometryChange(const QRectF& now, const QRectF& before) {
    QQuickItem::geometryChange(now, before);
    if (now.width() != before.width()) {
        heights_.forgetMeasures();
        for (const auto& [row, item] : items_)
            item->setWidth(now.width());
        renewEstimates();
    }
    polish();
}

void ConversationView::reset() {
    selection_.clear();
    while (!items_.empty())
        drop(items_.begin());
    heights_.clear();
    questionRow_ = -1;
    offset_ = 0;
    anchorRow_ = 0;
    anchorPixels_ = 0;
    setFollow(Follow::End);
    if (rows_ && isComponentComplete() && rows_->rowCount() > 0)
        insertRows(0, rows_->rowCount() - 1);
    polish();
    emit scrolled();
}

void ConversationView::renewEstimates() {
    if (!rows_)
        return;
    for (std::size_t row = 0; row < heights_.count(); ++row)
        if (!heights_.isMeasured(row))
            heights_.estimate(row, estimate(static_cast<int>(row)));
}

/// Whole pixels, so that every row begins on one.
double ConversationView::estimate(int row) const {
    return std::round(rows_->estimate(row, columnWidth_, lineHeight_));
}

void ConversationView::insertRows(int first, int last) {
    if (!isComponentComplete())
        return;
    std::vector<double> estimates;
    for (int row = first; row <= last; ++row)
        estimates.push_back(estimate(row));
    heights_.insert(static_cast<std::size_t>(first), estimates);
    const int count = last - first + 1;
    selection_.rowsInserted(first, count);
    std::map<int, QQuickItem*> moved;
    for (const auto& [row, item] : items_)
        moved[row < first ? row : row + count] = item;
    items_ = std::move(moved);
    if (anchorRow_ >= first && heights_.count() > static_cast<std::size_t>(count))
        anchorRow_ += count;
    if (questionRow_ >= first)
        questionRow_ += count;
    polish();
}

void ConversationView::removeRows(int first, int last) {
    const int count = last - first + 1;
    if (static_cast<std::size_t>(last) >= heights_.count())
        return;
    selection_.rowsRemoved(first, count);
    for (auto item = items_.lower_bound(first); item != items_.end() && item->first <= last;)
        drop(item++);
    const double anchorTop = topOf(std::min(anchorRow_, last));
    const double topBefore = topOf(std::max(0, first - 1));
    heights_.remove(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
    std::map<int, QQuickItem*> moved;
    for (const auto& [row, item] : items_)
        moved[row < first ? row : row - count] = item;
    items_ = std::move(moved);
    if (anchorRow_ > last) {
        anchorRow_ -= count;
    } else if (anchorRow_ >= first) {
        const int before = std::max(0, first - 1);
        anchorPixels_ = before == first ? 0 : anchorTop - topBefore + anchorPixels_;
        anchorRow_ = before;
    }
    if (questionRow_ > last)
        questionRow_ -= count;
    else if (questionRow_ >= first)
        questionRow_ = -1;
    polish();
}

void ConversationView::changeRows(int first, int last) {
    for (auto item = items_.lower_bound(first); item != items_.end() && item->first <= last;) {
        const auto current = item++;
        const int kind = current->second->property("rowKind").toInt();
        if (kind != static_cast<int>(rows_->kind(current->first)))
            drop(current);
    }
    polish();
}

void ConversationView::drop(std::map<int, QQuickItem*>::iterator item) {
    QQuickItem* delegate = item->second;
    items_.erase(item);
    disconnect(delegate, nullptr, this, nullptr);
    delegate->setVisible(false);
    delegate->deleteLater();
}

QQuickItem* ConversationView::create(int row) {
    const ConversationRows::Kind kind = rows_->kind(row);
    const auto found = std::ranges::find(delegates_, kind, &RowDelegate::kind);
    if (found == delegates_.end() || (*found)->delegate == nullptr)
        return nullptr;
    QQmlComponent* component = (*found)->delegate;
    QQmlContext* context = component->creationContext();
    QObject* made = component->createWithInitialProperties(
        {{u"rowKind"_s, static_cast<int>(kind)},
         {u"message"_s, QVariant::fromValue(rows_->message(row))},
         {u"blocks"_s, QVariant::fromValue(rows_->blocks(row))},
         {u"block"_s, rows_->block(row)},
         {u"inThought"_s, rows_->isInThought(row)},
         {u"width"_s, width()}},
        context != nullptr ? context : qmlContext(this));
    auto* item = qobject_cast<QQuickItem*>(made);
    if (item == nullptr) {
        qWarning("conversation: %s", qPrintable(component->errorString()));
        delete made;
        return nullptr;
    }
    polishAll(item);
    QQmlEngine::setObjectOwnership(item, QQmlEngine::CppOwnership);
    item->setVisible(false); // until it has its place
    item->setParentItem(this);
    item->setWidth(width());
    connect(item, &QQuickItem::implicitHeightChanged, this, &QQuickItem::polish);
    items_[row] = item;
    ++made_;
    selection_.show(row, item);
    return item;
}

/// Makes the missing delegates between two heights of the content and measures all of them.
/// False when something changed that moves rows.
bool ConversationView::fill(double from, double to, int& budget) {
    const int count = static_cast<int>(heights_.count());
    int row = static_cast<int>(heights_.rowAt(from - topPadding_));
    for (; row < count && topOf(row) < to; ++row) {
        QQuickItem* item = itemAt(row);
        if (item == nullptr) {
            if (budget-- <= 0)
                return true;
            if (rows_->kind(row) == ConversationRows::Kind::Unread) {
                // The blocks of a message are read when it comes near; rows move, so start again.
                rows_->open(row);
                return false;
            }
            item = create(row);
            if (item == nullptr)
                continue;
        }
        const auto at = static_cast<std::size_t>(row);
        const double measured = std::ceil(item->implicitHeight());
        const bool moves = measured != heights_.height(at);
        heights_.measure(at, measured);
        if (moves)
            return false;
    }
    return true;
}

/// One pass: finds the offset from the anchor, makes and measures what the page shows.
bool ConversationView::layOut() {
    if (!rows_ || laying_ || height() <= 0 || width() <= 0)
        return true;
    laying_ = true;
    int needed = 10'000;
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
        settled = fill(from, to, needed);
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
        item->setVisible(y + item->implicitHeight() > 0 && y < height());
    }
}

void ConversationView::prune() {
    const double from = offset_ - kKeptPages * height();
    const double to = offset_ + (1 + kKeptPages) * height();
    for (auto item = items_.begin(); item != items_.end();) {
        const auto current = item++;
        const double y = topOf(current->first);
        const bool far = y > to || y + current->second->implicitHeight() < from;
        if (far && !current->second->hasFocus() && !selection_.holds(current->first))
            drop(current);
    }
}

void ConversationView::updatePolish() {
    if (!rows_)
        return;
    // What is measured in rows above and near the page moves the anchor before the frame is drawn.
    for (const auto& [row, item] : items_)
        heights_.measure(static_cast<std::size_t>(row), std::ceil(item->implicitHeight()));
    layOut();
    // A frame that had to make rows for its page makes none ahead.
    int ahead = std::max(0, kRowsAhead - std::exchange(made_, 0));
    const bool settled =
        fill(offset_ - kMadePages * height(), offset_ + (1 + kMadePages) * height(), ahead);
    if (!settled)
        layOut();
    prune();
    place();
    if (follow_ == Follow::None)
        takeAnchor();
    emit scrolled();
    if (ahead <= 0 || !settled)
        QMetaObject::invokeMethod(this, [this] { polish(); }, Qt::QueuedConnection);
}

} // namespace lapidary::app
