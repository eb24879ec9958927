#include "conversation_view.h"

#include <QQuickWindow>

#include <algorithm>
#include <cmath>

namespace lapidary::app {

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
    for (const auto& [kind, items] : resting_)
        qDeleteAll(items);
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
    forgetResting();
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
    forgetResting();
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

} // namespace lapidary::app
