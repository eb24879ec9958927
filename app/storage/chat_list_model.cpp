#include "chat_list_model.h"

#include "chat_store.h"

#include <QLocale>

#include <algorithm>
#include <chrono>
#include <utility>

namespace lapidary::app {
namespace {

using namespace std::chrono_literals;

constexpr int kPage = 100;
constexpr auto kUndoTime = 6s;

/// The order of the list: as the store's.
bool before(const ChatRecord& a, const ChatRecord& b) {
    if (a.pinned != b.pinned)
        return a.pinned;
    if (a.updatedAt != b.updatedAt)
        return a.updatedAt > b.updatedAt;
    return a.id < b.id;
}

} // namespace

ChatListModel::ChatListModel(ChatStore& store, QObject* parent)
    : QAbstractListModel(parent), store_(store) {
    undoTimer_.setSingleShot(true);
    undoTimer_.setInterval(kUndoTime);
    connect(&undoTimer_, &QTimer::timeout, this, &ChatListModel::endUndo);
}

int ChatListModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : count();
}

QVariant ChatListModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const ChatRecord& chat = chats_.at(index.row());
    switch (role) {
    case ChatIdRole:
        return chat.id;
    case Qt::DisplayRole:
    case TitleRole:
        return chat.title;
    case GroupRole:
        return group(chat);
    case DetailRole:
        return detail(chat);
    case MarkRole:
        return QVariant::fromValue(marks_.value(chat.id, Mark::None));
    case PinnedRole:
        return chat.pinned;
    default:
        return {};
    }
}

QHash<int, QByteArray> ChatListModel::roleNames() const {
    return {{ChatIdRole, "chatId"}, {TitleRole, "title"}, {GroupRole, "group"},
            {DetailRole, "detail"}, {MarkRole, "mark"},   {PinnedRole, "pinned"}};
}

bool ChatListModel::canFetchMore(const QModelIndex& parent) const {
    return !parent.isValid() && !complete_ && !loading_;
}

void ChatListModel::fetchMore(const QModelIndex& parent) {
    if (!canFetchMore(parent))
        return;
    loading_ = true;
    store_.chats(kPage, count())
        .then(this, [this, asked = reloads_](const Expected<QList<ChatRecord>>& page) {
            if (asked != reloads_)
                return;
            loading_ = false;
            // A failed reading is said by the store; the list stays as far as it is known.
            complete_ = !page || page->size() < kPage;
            if (page)
                appendPage(*page);
            emit loaded();
        });
}

void ChatListModel::reload() {
    ++reloads_;
    beginResetModel();
    chats_.clear();
    complete_ = false;
    loading_ = false;
    endResetModel();
    emit countChanged();
    fetchMore({});
}

void ChatListModel::appendPage(const QList<ChatRecord>& page) {
    // A chat that moved up while the page was read is known already.
    QList<ChatRecord> fresh;
    std::ranges::copy_if(page, std::back_inserter(fresh),
                         [this](const ChatRecord& chat) { return rowOf(chat.id) < 0; });
    if (fresh.isEmpty())
        return;
    beginInsertRows({}, count(), count() + static_cast<int>(fresh.size()) - 1);
    chats_.append(fresh);
    endInsertRows();
    emit countChanged();
}

void ChatListModel::rename(const QString& chatId, const QString& title) {
    ChatRecord chat = record(chatId);
    if (chat.id.isEmpty() || title.trimmed().isEmpty())
        return;
    chat.title = title.trimmed();
    chat.titleIsOwn = true;
    store_.updateChat(chat);
    noteChanged(chat);
    emit changed(chat);
}

void ChatListModel::setPinned(const QString& chatId, bool pinned) {
    ChatRecord chat = record(chatId);
    if (chat.id.isEmpty() || chat.pinned == pinned)
        return;
    chat.pinned = pinned;
    store_.updateChat(chat);
    noteChanged(chat);
    emit changed(chat);
}

void ChatListModel::trash(const QString& chatId) {
    const qsizetype row = rowOf(chatId);
    if (row < 0)
        return;
    undo_ = chats_.at(row);
    beginRemoveRows({}, static_cast<int>(row), static_cast<int>(row));
    chats_.removeAt(row);
    endRemoveRows();
    store_.trashChat(chatId);
    undoTimer_.start();
    emit countChanged();
    emit undoTitleChanged();
    emit trashed(chatId);
}

void ChatListModel::undoTrash() {
    if (undo_.id.isEmpty())
        return;
    store_.restoreChat(undo_.id);
    noteChanged(std::exchange(undo_, {}));
    undoTimer_.stop();
    emit undoTitleChanged();
}

void ChatListModel::endUndo() {
    undo_ = {};
    emit undoTitleChanged();
}

void ChatListModel::noteChanged(const ChatRecord& chat) {
    const qsizetype row = rowOf(chat.id);
    if (row < 0) {
        const qsizetype place = placeFor(chat);
        if (place == count() && !complete_)
            return; // it comes with its page
        beginInsertRows({}, static_cast<int>(place), static_cast<int>(place));
        chats_.insert(place, chat);
        endInsertRows();
        emit countChanged();
        return;
    }
    chats_[row] = chat;
    emit dataChanged(index(static_cast<int>(row)), index(static_cast<int>(row)));
    move(row);
}

void ChatListModel::move(qsizetype row) {
    const ChatRecord chat = chats_.at(row);
    const auto precedes = [&](const ChatRecord& other) {
        return other.id != chat.id && before(other, chat);
    };
    const auto place = static_cast<int>(std::ranges::count_if(chats_, precedes));
    const int from = static_cast<int>(row);
    if (place == from)
        return;
    // Qt names the destination by the row it stands before, counted with the moved one in place.
    beginMoveRows({}, from, from, {}, place > from ? place + 1 : place);
    chats_.move(from, place);
    endMoveRows();
}

void ChatListModel::setMark(const QString& chatId, Mark mark) {
    if (marks_.value(chatId, Mark::None) == mark)
        return;
    if (mark == Mark::None)
        marks_.remove(chatId);
    else
        marks_.insert(chatId, mark);
    if (const qsizetype row = rowOf(chatId); row >= 0)
        emit dataChanged(index(static_cast<int>(row)), index(static_cast<int>(row)), {MarkRole});
}

ChatRecord ChatListModel::record(const QString& chatId) const {
    const qsizetype row = rowOf(chatId);
    return row < 0 ? ChatRecord() : chats_.at(row);
}

qsizetype ChatListModel::rowOf(const QString& chatId) const {
    const auto found = std::ranges::find(chats_, chatId, &ChatRecord::id);
    return found == chats_.end() ? -1 : found - chats_.begin();
}

qsizetype ChatListModel::placeFor(const ChatRecord& chat) const {
    return std::ranges::lower_bound(chats_, chat, before) - chats_.begin();
}

QString ChatListModel::group(const ChatRecord& chat) {
    if (chat.pinned)
        return tr("Pinned");
    const QDate day = chat.updatedAt.toLocalTime().date();
    const qint64 age = day.daysTo(QDate::currentDate());
    constexpr int kDaysOfWeek = 7;
    if (age <= 0)
        return tr("Today");
    if (age == 1)
        return tr("Yesterday");
    if (age <= kDaysOfWeek)
        return tr("Previous 7 days");
    return QLocale().toString(day, QStringLiteral("MMMM yyyy"));
}

QString ChatListModel::detail(const ChatRecord& chat) {
    const QDateTime time = chat.updatedAt.toLocalTime();
    const QString when = time.date() == QDate::currentDate()
                             ? QLocale().toString(time.time(), QLocale::ShortFormat)
                             : QLocale().toString(time.date(), QLocale::ShortFormat);
    const QString model = chat.model.section(u'/', -1);
    return model.isEmpty() ? when : tr("%1 · %2", "model and time").arg(model, when);
}

} // namespace lapidary::app
