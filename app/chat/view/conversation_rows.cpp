#include "conversation_rows.h"

#include <algorithm>
#include <cmath>

namespace lapidary::app {

namespace {

ConversationRows::Kind kindOf(BlockKind kind) {
    switch (kind) {
    case BlockKind::Code:
        return ConversationRows::Kind::Code;
    case BlockKind::Table:
        return ConversationRows::Kind::Table;
    case BlockKind::Math:
        return ConversationRows::Kind::Math;
    case BlockKind::Rule:
        return ConversationRows::Kind::Rule;
    case BlockKind::Text:
        break;
    }
    return ConversationRows::Kind::Text;
}

// Characters of a line of text: a letter of Inter is half as wide as a line of 1.5 is high, × 0.64.
double textLines(double characters, double columnWidth, double lineHeight) {
    const double perLine = std::max(10.0, columnWidth / (lineHeight * 0.32));
    return std::ceil(std::max(characters, 1.0) / perLine);
}

} // namespace

ConversationRows::ConversationRows(QAbstractListModel& messages, int messageRole, QObject* parent)
    : QAbstractListModel(parent), messages_(messages), messageRole_(messageRole) {
    connect(&messages, &QAbstractItemModel::rowsInserted, this,
            [this](const QModelIndex&, int first, int last) { insertMessages(first, last); });
    connect(&messages, &QAbstractItemModel::rowsRemoved, this,
            [this](const QModelIndex&, int first, int last) { removeMessages(first, last); });
    connect(&messages, &QAbstractItemModel::modelReset, this, &ConversationRows::reset);
    reset();
}

int ConversationRows::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : rows_;
}

QVariant ConversationRows::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || role != Qt::DisplayRole)
        return {};
    return QVariant::fromValue(kind(index.row()));
}

int ConversationRows::rowsOf(const ChatMessage& message) {
    if (message.isUser())
        return 1;
    return firstAnswerRow(message) + (message.isRead() ? message.answer()->rowCount() : 1) + 1;
}

int ConversationRows::firstAnswerRow(const ChatMessage& message) {
    if (!message.hasThought())
        return 1;
    return 2 + (message.isRead() && message.thoughtOpen() ? message.thought()->rowCount() : 0);
}

void ConversationRows::reset() {
    beginResetModel();
    for (const Entry& entry : entries_)
        if (entry.message) {
            disconnect(entry.message, nullptr, this, nullptr);
            disconnect(entry.message->answer(), nullptr, this, nullptr);
            disconnect(entry.message->thought(), nullptr, this, nullptr);
        }
    entries_.clear();
    for (int i = 0; i < messages_.rowCount(); ++i) {
        auto* message = messages_.index(i).data(messageRole_).value<ChatMessage*>();
        entries_.push_back({message, rowsOf(*message), 0});
        watch(message);
    }
    renumber(0);
    endResetModel();
}

void ConversationRows::renumber(std::size_t from) {
    int row = from == 0 ? 0 : entries_[from - 1].firstRow + entries_[from - 1].rows;
    for (std::size_t i = from; i < entries_.size(); ++i) {
        entries_[i].firstRow = row;
        row += entries_[i].rows;
    }
    rows_ = row;
}

void ConversationRows::insertMessages(int first, int last) {
    std::vector<Entry> added;
    int rows = 0;
    for (int i = first; i <= last; ++i) {
        auto* message = messages_.index(i).data(messageRole_).value<ChatMessage*>();
        added.push_back({message, rowsOf(*message), 0});
        rows += added.back().rows;
        watch(message);
    }
    const auto at = static_cast<std::size_t>(first);
    const int row = at < entries_.size() ? entries_[at].firstRow : rows_;
    beginInsertRows({}, row, row + rows - 1);
    entries_.insert(entries_.begin() + first, added.begin(), added.end());
    renumber(at);
    endInsertRows();
}

void ConversationRows::removeMessages(int first, int last) {
    const auto begin = static_cast<std::size_t>(first);
    const auto end = static_cast<std::size_t>(last);
    const int row = entries_[begin].firstRow;
    beginRemoveRows({}, row, entries_[end].firstRow + entries_[end].rows - 1);
    for (std::size_t i = begin; i <= end; ++i)
        if (entries_[i].message) {
            disconnect(entries_[i].message, nullptr, this, nullptr);
            disconnect(entries_[i].message->answer(), nullptr, this, nullptr);
            disconnect(entries_[i].message->thought(), nullptr, this, nullptr);
        }
    entries_.erase(entries_.begin() + first, entries_.begin() + last + 1);
    renumber(begin);
    endRemoveRows();
}

void ConversationRows::watch(ChatMessage* message) {
    if (message->isUser())
        return;
    connect(message, &ChatMessage::thoughtAppeared, this,
            [this, message] { changeRows(message, 1, 1, 0); });
    connect(message, &ChatMessage::thoughtOpenChanged, this, [this, message] {
        const int count = message->isRead() ? message->thought()->rowCount() : 0;
        changeRows(message, 2, message->thoughtOpen() ? count : 0,
                   message->thoughtOpen() ? 0 : count);
    });
    connect(message->thought(), &QAbstractItemModel::rowsInserted, this,
            [this, message](const QModelIndex&, int first, int last) {
                if (message->thoughtOpen())
                    changeRows(message, 2 + first, last - first + 1, 0);
            });
    connect(message->thought(), &QAbstractItemModel::rowsRemoved, this,
            [this, message](const QModelIndex&, int first, int last) {
                if (message->thoughtOpen())
                    changeRows(message, 2 + first, 0, last - first + 1);
            });
    connect(message->answer(), &QAbstractItemModel::rowsInserted, this,
            [this, message](const QModelIndex&, int first, int last) {
                changeRows(message, firstAnswerRow(*message) + first, last - first + 1, 0);
            });
    connect(message->answer(), &QAbstractItemModel::rowsRemoved, this,
            [this, message](const QModelIndex&, int first, int last) {
                changeRows(message, firstAnswerRow(*message) + first, 0, last - first + 1);
            });
    const auto passOn = [this, message](BlockListModel* blocks, int first, int last) {
        const Entry& entry = entries_[indexOf(message)];
        const bool thought = blocks == message->thought();
        if (thought && !message->thoughtOpen())
            return;
        const int offset = entry.firstRow + (thought ? 2 : firstAnswerRow(*message));
        emit dataChanged(index(offset + first), index(offset + last));
    };
    for (BlockListModel* blocks : {message->answer(), message->thought()})
        connect(blocks, &QAbstractItemModel::dataChanged, this,
                [passOn, blocks](const QModelIndex& first, const QModelIndex& last) {
                    passOn(blocks, first.row(), last.row());
                });
}

void ConversationRows::changeRows(ChatMessage* message, int within, int inserted, int removed) {
    const std::size_t at = indexOf(message);
    if (at == entries_.size())
        return;
    const int row = entries_[at].firstRow + within;
    if (removed > 0) {
        beginRemoveRows({}, row, row + removed - 1);
        entries_[at].rows -= removed;
        renumber(at + 1);
        rows_ = entries_.back().firstRow + entries_.back().rows;
        endRemoveRows();
    }
    if (inserted > 0) {
        beginInsertRows({}, row, row + inserted - 1);
        entries_[at].rows += inserted;
        renumber(at + 1);
        rows_ = entries_.back().firstRow + entries_.back().rows;
        endInsertRows();
    }
}

std::size_t ConversationRows::indexOf(const ChatMessage* message) const {
    // The one that streams is the last: look from the end.
    for (std::size_t i = entries_.size(); i-- > 0;)
        if (entries_[i].message == message)
            return i;
    return entries_.size();
}

ConversationRows::Place ConversationRows::placeOf(int row) const {
    const auto next = std::ranges::upper_bound(entries_, row, {}, &Entry::firstRow);
    const auto at = static_cast<std::size_t>(next - entries_.begin()) - 1;
    return {.message = at, .within = row - entries_[at].firstRow};
}

ConversationRows::Part ConversationRows::part(int row) const {
    const Place place = placeOf(row);
    const ChatMessage& message = *entries_[place.message].message;
    const int within = place.within;
    if (message.isUser())
        return {.kind = Kind::Question};
    if (within == 0)
        return {.kind = Kind::Head};
    if (within >= entries_[place.message].rows - 1)
        return {.kind = Kind::Foot};
    if (within == 1 && message.hasThought())
        return {.kind = Kind::Thought};
    const int answer = firstAnswerRow(message);
    if (within < answer) {
        const Block* block = message.thought()->block(within - 2);
        return {.kind = block != nullptr ? kindOf(block->kind) : Kind::Text,
                .blocks = message.thought(),
                .block = within - 2};
    }
    if (!message.isRead())
        return {.kind = Kind::Unread};
    const Block* block = message.answer()->block(within - answer);
    return {.kind = block != nullptr ? kindOf(block->kind) : Kind::Text,
            .blocks = message.answer(),
            .block = within - answer};
}

ConversationRows::Kind ConversationRows::kind(int row) const {
    return part(row).kind;
}

ChatMessage* ConversationRows::message(int row) const {
    return entries_[placeOf(row).message].message;
}

BlockListModel* ConversationRows::blocks(int row) const {
    return part(row).blocks;
}

int ConversationRows::block(int row) const {
    return part(row).block;
}

bool ConversationRows::isInThought(int row) const {
    return part(row).blocks == message(row)->thought();
}

double ConversationRows::estimate(int row, double columnWidth, double lineHeight) const {
    const Part found = part(row);
    const ChatMessage& owner = *message(row);
    const auto lines = [&](qsizetype characters) {
        return textLines(static_cast<double>(characters), columnWidth, lineHeight);
    };
    switch (found.kind) {
    case Kind::Question:
        return lineHeight
               * (3
                  + std::min(lines(owner.text().size())
                                 + static_cast<double>(owner.text().count(u'\n')),
                             20.0));
    case Kind::Unread:
        return lineHeight * 1.15 * lines(owner.sourceSize());
    case Kind::Head:
    case Kind::Thought:
    case Kind::Foot:
    case Kind::Rule:
        return lineHeight * 1.5;
    case Kind::Text:
    case Kind::Code:
    case Kind::Table:
    case Kind::Math:
        break;
    }
    const Block* block = found.blocks->block(found.block);
    if (block == nullptr)
        return lineHeight;
    double height = 0.6;
    for (const Paragraph& paragraph : block->paragraphs)
        height += found.kind == Kind::Table
                      ? 1.4 / static_cast<double>(std::max<std::size_t>(block->columns.size(), 1))
                      : lines(paragraph.text.size()) + 0.4;
    if (found.kind == Kind::Code)
        height += 2 + std::min(40.0, static_cast<double>(block->code.count(u'\n')));
    return lineHeight * height;
}

void ConversationRows::open(int row) {
    ChatMessage* opened = message(row);
    if (opened->isRead())
        return;
    const int before = firstAnswerRow(*opened);
    {
        // The lists fill without a signal for each row: they are announced here at once.
        const QSignalBlocker answer(opened->answer());
        const QSignalBlocker thought(opened->thought());
        changeRows(opened, before, 0, 1);
        opened->readBlocks();
    }
    changeRows(opened, before, firstAnswerRow(*opened) - before + opened->answer()->rowCount(), 0);
}

int ConversationRows::lastQuestionRow() const {
    for (std::size_t i = entries_.size(); i-- > 0;)
        if (entries_[i].message->isUser())
            return entries_[i].firstRow;
    return -1;
}

int ConversationRows::questionRow(int row, int direction, bool inside) const {
    if (entries_.empty())
        return -1;
    auto at = static_cast<int>(placeOf(row).message);
    if (direction > 0)
        ++at;
    else if (!inside || !entries_[static_cast<std::size_t>(at)].message->isUser())
        --at;
    for (; at >= 0 && at < static_cast<int>(entries_.size()); at += direction)
        if (entries_[static_cast<std::size_t>(at)].message->isUser())
            return entries_[static_cast<std::size_t>(at)].firstRow;
    return -1;
}

} // namespace lapidary::app
