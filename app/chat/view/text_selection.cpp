#include "text_selection.h"

#include "chat/copied_text.h"
#include "chat/plain_text.h"
#include "conversation_view.h"

#include <QClipboard>
#include <QGuiApplication>
#include <QKeyEvent>
#include <QQuickWindow>
#include <QTimerEvent>

#include <algorithm>
#include <cmath>
#include <limits>

namespace lapidary::app {

namespace {

// The page follows the pointer beyond its edge: a third of the way there in each step.
constexpr int kScrollMs = 30;
constexpr double kScrollShare = 0.3;

/// A field that shows a block: those of editors have no blocks.
bool isField(const QQuickItem* item) {
    return item->property("textDocument").isValid() && item->property("blocks").isValid();
}

void collectFields(QQuickItem* item, std::vector<QQuickItem*>& fields) {
    if (isField(item)) {
        fields.push_back(item);
        return;
    }
    for (QQuickItem* child : item->childItems())
        collectFields(child, fields);
}

/// The fields of a row, from the top. A row that is out of sight has them too.
std::vector<QQuickItem*> fieldsOf(QQuickItem* delegate) {
    std::vector<QQuickItem*> fields;
    for (QQuickItem* child : delegate->childItems())
        collectFields(child, fields);
    std::ranges::stable_sort(fields, {},
                             [](const QQuickItem* field) { return field->mapToScene({}).y(); });
    return fields;
}

int lengthOf(const QQuickItem* field) {
    return field->property("length").toInt();
}

void select(QQuickItem* field, int from, int to) {
    if (from < to)
        QMetaObject::invokeMethod(field, "select", from, to);
    else
        QMetaObject::invokeMethod(field, "deselect");
}

} // namespace

TextSelection::TextSelection(ConversationView& view) : view_(view) {}

std::optional<TextSelection::Ends> TextSelection::ends() const {
    if (!anchor_ || !focus_)
        return std::nullopt;
    return Ends{std::min(*anchor_, *focus_), std::max(*anchor_, *focus_)};
}

std::optional<TextSelection::Place> TextSelection::placeAt(QPointF scene) const {
    std::optional<Place> nearest;
    double nearestWay = std::numeric_limits<double>::max();
    const auto consider = [&](int row, int number, QQuickItem* field) {
        const QPointF inside = field->mapFromScene(scene);
        const double way = std::max({0.0, -inside.y(), inside.y() - field->height()});
        if (way >= nearestWay)
            return;
        nearestWay = way;
        Place place{row, number, 0};
        if (inside.y() > field->height())
            place.character = lengthOf(field);
        else if (inside.y() >= 0)
            QMetaObject::invokeMethod(field, "positionAt", qReturnArg(place.character), inside.x(),
                                      inside.y());
        nearest = place;
    };
    const int rows = view_.rows() != nullptr ? view_.rows()->rowCount() : 0;
    for (int row = view_.firstVisibleRow(); row < rows; ++row) {
        QQuickItem* delegate = view_.itemAt(row);
        if (delegate == nullptr || delegate->y() > view_.height())
            break;
        int number = 0;
        for (QQuickItem* field : fieldsOf(delegate)) {
            if (field->isVisible())
                consider(row, number, field);
            ++number;
        }
    }
    return nearest;
}

QQuickItem* TextSelection::fieldAt(const Place& place) const {
    QQuickItem* delegate = view_.itemAt(place.row);
    if (delegate == nullptr)
        return nullptr;
    const std::vector<QQuickItem*> fields = fieldsOf(delegate);
    const auto number = static_cast<std::size_t>(place.field);
    return number < fields.size() ? fields[number] : nullptr;
}

bool TextSelection::press(const QQuickItem* item, QPointF pointer,
                          Qt::KeyboardModifiers modifiers) {
    const bool inField = item != nullptr && isField(item);
    const std::optional<Place> place = placeAt(pointer);
    if (!place || (item != nullptr && !inField))
        return false;
    const QQuickItem* focused = view_.window()->activeFocusItem();
    const bool focusedField = focused != nullptr && view_.isAncestorOf(focused) && isField(focused);
    const std::optional<Place> own = focusedField ? beginOfOwn(focused) : std::nullopt;
    const std::optional<Place> from = own && !isActive() ? own : anchor_;
    if (modifiers.testFlag(Qt::ShiftModifier) && from) {
        const bool withinField =
            inField && !isActive() && (own || inField_) && inOneField(*from, *place);
        begin(*from, pointer, withinField);
        if (!withinField)
            extend();
        return !withinField;
    }
    clear();
    if (own && !inField)
        select(fieldAt(*own), 0, 0);
    begin(*place, pointer, inField);
    return !inField;
}

void TextSelection::begin(Place anchor, QPointF pointer, bool inField) {
    pressed_ = true;
    pointer_ = pointer;
    anchor_ = anchor;
    inField_ = inField;
}

/// Where the selection begins that a field has made by itself, seen from the end that moves.
std::optional<TextSelection::Place> TextSelection::beginOfOwn(const QQuickItem* field) const {
    const int start = field->property("selectionStart").toInt();
    const int end = field->property("selectionEnd").toInt();
    const int rows = start < end ? view_.rows()->rowCount() : 0;
    for (int row = 0; row < rows; ++row) {
        QQuickItem* delegate = view_.itemAt(row);
        if (delegate == nullptr || !delegate->isAncestorOf(field))
            continue;
        const std::vector<QQuickItem*> fields = fieldsOf(delegate);
        const auto number = std::ranges::find(fields, field) - fields.begin();
        const bool backwards = field->property("cursorPosition").toInt() == start;
        return Place{row, static_cast<int>(number), backwards ? end : start};
    }
    return std::nullopt;
}

bool TextSelection::move(QPointF place) {
    if (!pressed_ || !anchor_)
        return false;
    pointer_ = place;
    scrollWhere(place);
    extend();
    return isActive();
}

void TextSelection::release() {
    pressed_ = false;
    scrolling_.stop();
    if (isActive())
        paint(); // the field where it began has selected by itself
}

/// To where the pointer is.
void TextSelection::extend() {
    const std::optional<Place> place = placeAt(pointer_);
    if (!place || !anchor_)
        return;
    if (!isActive() && (inField_ ? inOneField(*place, *anchor_) : *place == *anchor_))
        return;
    if (!isActive())
        if (QQuickItem* field = fieldAt(*anchor_)) {
            field->forceActiveFocus(Qt::MouseFocusReason);
            field->installEventFilter(this);
            keyboard_ = field;
        }
    focus_ = place;
    paint();
}

void TextSelection::scrollWhere(QPointF scene) {
    const double y = view_.mapFromScene(scene).y();
    if (y >= 0 && y <= view_.height())
        scrolling_.stop();
    else if (!scrolling_.isActive())
        scrolling_.start(kScrollMs, this);
}

void TextSelection::timerEvent(QTimerEvent* event) {
    if (event->timerId() != scrolling_.timerId())
        return;
    const double y = view_.mapFromScene(pointer_).y();
    const double beyond = y < 0 ? y : y - view_.height();
    view_.scrollBy(beyond < 0 ? std::floor(beyond * kScrollShare)
                              : std::ceil(beyond * kScrollShare));
    extend();
}

void TextSelection::paint() {
    const int rows = view_.rows() != nullptr ? view_.rows()->rowCount() : 0;
    for (int row = 0; row < rows; ++row)
        if (QQuickItem* delegate = view_.itemAt(row))
            paint(row, delegate);
}

void TextSelection::paint(int row, QQuickItem* delegate) const {
    const std::optional<Ends> selected = ends();
    if (!selected)
        return;
    const Place first = selected->first;
    const Place last = selected->last;
    int number = 0;
    for (QQuickItem* field : fieldsOf(delegate)) {
        const Place begin{row, number, 0};
        const Place end{row, number, lengthOf(field)};
        ++number;
        if (end < first || begin > last)
            select(field, 0, 0);
        else
            select(field, std::max(begin, first).character, std::min(end, last).character);
    }
}

void TextSelection::clear() {
    if (keyboard_)
        keyboard_->removeEventFilter(this);
    keyboard_ = nullptr;
    scrolling_.stop();
    if (isActive()) {
        focus_ = anchor_; // nothing
        paint();
    }
    focus_.reset();
    anchor_.reset();
}

void TextSelection::show(int row, QQuickItem* delegate) {
    paint(row, delegate);
}

bool TextSelection::holds(int row) const {
    const std::optional<Ends> selected = ends();
    return selected && (row == selected->first.row || row == selected->last.row);
}

void TextSelection::rowsInserted(int first, int count) {
    for (std::optional<Place>* place : {&anchor_, &focus_})
        if (*place && (*place)->row >= first)
            (*place)->row += count;
}

void TextSelection::rowsRemoved(int first, int count) {
    for (const std::optional<Place>& place : {anchor_, focus_})
        if (place && place->row >= first && place->row < first + count) {
            clear();
            return;
        }
    for (std::optional<Place>* place : {&anchor_, &focus_})
        if (*place && (*place)->row >= first + count)
            (*place)->row -= count;
}

/// What is selected of a row: the ends as their fields show it, what lies between as a whole.
QString TextSelection::rowText(int row) const {
    const ConversationRows& rows = *view_.rows();
    QQuickItem* delegate = view_.itemAt(row);
    if (holds(row) && delegate != nullptr) {
        QStringList parts;
        for (const QQuickItem* field : fieldsOf(delegate))
            if (const QString part = field->property("selectedText").toString(); !part.isEmpty())
                parts.append(part);
        return parts.join(u'\n');
    }
    if (rows.kind(row) == ConversationRows::Kind::Question)
        return rows.message(row)->text();
    if (rows.kind(row) == ConversationRows::Kind::Unread)
        return withoutMarkup(rows.message(row)->record().answer);
    const Block* block =
        rows.blocks(row) != nullptr ? rows.blocks(row)->block(rows.block(row)) : nullptr;
    return block != nullptr ? plainText({*block}) : QString();
}

QString TextSelection::text() const {
    const std::optional<Ends> selected = ends();
    if (!selected)
        return {};
    const Place first = selected->first;
    const Place last = selected->last;
    QString text;
    for (int row = first.row; row <= last.row; ++row) {
        const QString part = rowText(row);
        if (part.isEmpty())
            continue;
        const BlockListModel* blocks = view_.rows()->blocks(row);
        const Block* block = blocks != nullptr ? blocks->block(view_.rows()->block(row)) : nullptr;
        if (!text.isEmpty())
            text += jointText(block != nullptr ? block->joint : Joint::Apart);
        text += part;
    }
    return text;
}

bool TextSelection::eventFilter(QObject* field, QEvent* event) {
    if (event->type() == QEvent::FocusOut)
        clear();
    const auto* key = event->type() == QEvent::KeyPress ? static_cast<QKeyEvent*>(event) : nullptr;
    if (key == nullptr || !key->matches(QKeySequence::Copy))
        return QObject::eventFilter(field, event);
    QGuiApplication::clipboard()->setText(text());
    event->accept();
    return true;
}

} // namespace lapidary::app
