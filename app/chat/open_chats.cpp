#include "open_chats.h"

#include "gauges/context_gauge.h"
#include "settings/settings.h"

#include <utility>

using namespace Qt::StringLiterals;

namespace lapidary::app {

namespace {

// Settings: the chat that the next start shows, "" for a new one; what was written in the new one.
constexpr QLatin1StringView kOpenChat = "openChat"_L1;
constexpr QLatin1StringView kNewChatDraft = "newChatDraft"_L1;

} // namespace

OpenChats::OpenChats(ChatStore& store, EngineController& engine, ChatListModel& chats,
                     ContextGauge& context, Settings& settings, QObject* parent)
    : QObject(parent)
    , store_(store)
    , engine_(engine)
    , chats_(chats)
    , context_(context)
    , settings_(settings) {
    connect(&chats, &ChatListModel::trashed, this, [this](const QString& chatId) {
        ChatModel* chat = open_.value(chatId);
        if (chat == nullptr)
            return;
        chat->stop();
        // To store its draft would take it out of the trash.
        disconnect(chat->composer(), &Composer::draftChanged, chat, nullptr);
        if (chat == current_)
            newChat();
    });
    connect(&chats, &QAbstractItemModel::dataChanged, this, [this] {
        if (current_ != nullptr)
            if (const ChatRecord record = chats_.record(current_->chatId()); !record.id.isEmpty())
                current_->noteRecord(record);
    });
    newChat();
}

OpenChats::~OpenChats() {
    for (const ChatModel* chat : std::as_const(open_))
        chat->composer()->keepDraft();
}

void OpenChats::start() {
    store_.setting(kNewChatDraft).then(this, [this](const Expected<QString>& draft) {
        newDraft_ = draft.value_or(QString());
    });
    store_.setting(kOpenChat).then(this, [this](const Expected<QString>& id) {
        if (!current_->isNew() || !current_->composer()->isEmpty())
            return;
        if (id && !id->isEmpty())
            show(*id);
        else
            current_->composer()->restoreDraft(std::exchange(newDraft_, {}));
    });
}

ChatModel* OpenChats::make(const ChatRecord& record, bool isNew) {
    auto* chat = new ChatModel(record, isNew, store_, engine_, chats_, this);
    open_.insert(record.id, chat);
    connect(chat, &ChatModel::busyChanged, this, [this, chat] {
        if (chat == current_ && !chat->isBusy())
            chats_.setMark(chat->chatId(), ChatListModel::Mark::None);
        if (chat != current_)
            forgetIdle(chat);
    });
    connect(chat, &ChatModel::emptyChanged, this, [this, chat] {
        if (chat == current_)
            store_.setSetting(kOpenChat, chat->chatId());
    });
    if (isNew) {
        connect(chat->composer(), &Composer::draftChanged, this,
                [this, chat] { keepNewDraft(chat, chat->composer()->draft()); });
        connect(
            chat, &ChatModel::emptyChanged, this, [this] { store_.setSetting(kNewChatDraft, {}); },
            Qt::SingleShotConnection);
    }
    // Later, when the draft is stored: a chat that waited for its attachments may go.
    connect(
        chat->composer(), &Composer::draftChanged, chat, [this, chat] { forgetIdle(chat); },
        Qt::QueuedConnection);
    connect(chat, &ChatModel::contextMeasured, this, [this, chat](const engine::ContextUse& use) {
        if (chat == current_)
            context_.show(use);
    });
    return chat;
}

/// A chat that is not in the store yet has its draft among the settings, and the next start shows
/// it when it was shown last.
void OpenChats::keepNewDraft(const ChatModel* chat, const QString& draft) {
    if (!chat->isNew())
        return;
    store_.setSetting(kNewChatDraft, draft);
    if (chat == current_ && !draft.isEmpty())
        store_.setSetting(kOpenChat, {});
}

void OpenChats::newChat() {
    for (ChatModel* chat : std::as_const(open_))
        if (chat->isNew()) {
            if (chat != current_)
                setCurrent(chat);
            return;
        }
    ChatRecord record;
    record.draft = std::exchange(newDraft_, {});
    record.id = ChatStore::newId();
    record.thinking = settings_.thinking();
    setCurrent(make(record, true));
}

void OpenChats::show(const QString& chatId) {
    if (current_ != nullptr && current_->chatId() == chatId)
        return;
    if (ChatModel* open = open_.value(chatId)) {
        setCurrent(open);
        return;
    }
    store_.chat(chatId).then(this, [this, chatId](const Expected<ChatRecord>& record) {
        if (!record || record->deletedAt.isValid() || open_.contains(chatId))
            return;
        ChatModel* chat = make(*record, false);
        chat->load();
        setCurrent(chat);
    });
}

void OpenChats::step(int direction) {
    for (int row = 0; row < chats_.rowCount(); ++row)
        if (chats_.index(row).data(ChatListModel::ChatIdRole) == current_->chatId()) {
            const QModelIndex next = chats_.index(row + direction);
            if (next.isValid())
                show(next.data(ChatListModel::ChatIdRole).toString());
            return;
        }
    if (chats_.rowCount() > 0)
        show(chats_.index(0).data(ChatListModel::ChatIdRole).toString());
}

void OpenChats::setCurrent(ChatModel* chat) {
    ChatModel* before = std::exchange(current_, chat);
    if (before != nullptr)
        before->composer()->keepDraft();
    if (!chat->isBusy())
        chats_.setMark(chat->chatId(), ChatListModel::Mark::None);
    if (!chat->isNew())
        store_.setSetting(kOpenChat, chat->chatId());
    else if (!chat->composer()->isEmpty())
        store_.setSetting(kOpenChat, {});
    emit currentChanged();
    if (before != nullptr && before != chat)
        forgetIdle(before);
}

/// A chat that is neither shown nor writing is in the store; nothing of it need stay here.
void OpenChats::forgetIdle(ChatModel* chat) {
    const bool unsaved =
        chat->composer()->isSettling() || (chat->isNew() && !chat->composer()->isEmpty());
    if (chat == current_ || chat->isBusy() || unsaved || open_.value(chat->chatId()) != chat)
        return;
    open_.remove(chat->chatId());
    chat->deleteLater();
}

} // namespace lapidary::app
