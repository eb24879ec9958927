#include "chat_model.h"

#include "chat_request.h"
#include "chat_title.h"
#include "copied_text.h"
#include "engine_session/engine_controller.h"
#include "plain_text.h"
#include "statistics_text.h"
#include "stored_attachments.h"

#include <QClipboard>
#include <QCryptographicHash>
#include <QGuiApplication>
#include <QLocale>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace lapidary::app {

namespace {

// A line about tokens is worth reading from here on.
constexpr int kRemarkableTokens = 500;

} // namespace

ChatModel::ChatModel(const ChatRecord& record, bool isNew, ChatStore& store,
                     EngineController& engine, ChatListModel& chats, QObject* parent)
    : QAbstractListModel(parent)
    , record_(record)
    , isNew_(isNew)
    , store_(store)
    , engine_(engine)
    , chats_(chats)
    , composer_(new Composer(store, this))
    , rows_(new ConversationRows(*this, MessageRole, this))
    , loaded_(isNew)
    , writer_(new AnswerWriter(store, engine, chats, this)) {
    composer_->restoreDraft(record.draft);
    meter_ = new DraftMeter(engine, *composer_, this); // a draft is measured once it changes
    connect(composer_, &Composer::draftChanged, this, [this] {
        if (record_.draft == composer_->draft())
            return;
        record_.draft = composer_->draft();
        if (!isNew_)
            saveRecord();
    });
    connect(writer_, &AnswerWriter::asked, this, [this] {
        askedThinking_ = record_.thinking;
        chats_.setMark(record_.id, ChatListModel::Mark::Writing);
        emit announced(tr("Answering"));
    });
    connect(writer_, &AnswerWriter::finished, this, &ChatModel::answered);
    connect(meter_, &DraftMeter::due, this, &ChatModel::measure);
    connect(meter_, &DraftMeter::changed, this, &ChatModel::lineChanged);
    connect(meter_, &DraftMeter::contextMeasured, this, &ChatModel::contextMeasured);
    connect(&engine_, &EngineController::stateChanged, this, &ChatModel::modelChanged);
    connect(&engine_, &EngineController::modelChanged, this, &ChatModel::modelChanged);
    connect(&engine_, &EngineController::loadChanged, this, &ChatModel::lineChanged);
    connect(&engine_, &EngineController::errorChanged, this, &ChatModel::lineChanged);
    modelChanged();
}

ChatModel::~ChatModel() = default;

int ChatModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(path_.size());
}

QVariant ChatModel::data(const QModelIndex& index, int role) const {
    if (!index.isValid() || index.row() >= path_.size() || role != MessageRole)
        return {};
    return QVariant::fromValue(path_[index.row()]);
}

QHash<int, QByteArray> ChatModel::roleNames() const {
    return {{MessageRole, "message"}};
}

QString ChatModel::title() const {
    return record_.title.isEmpty() ? tr("New chat") : record_.title;
}

void ChatModel::setThinking(bool thinking) {
    if (record_.thinking == thinking)
        return;
    record_.thinking = thinking;
    emit recordChanged();
    emit lineChanged();
    if (!isNew_)
        saveRecord();
}

QString ChatModel::thinkingCost() const {
    const ChatMessage* last = lastAnswer();
    if (last == nullptr)
        return {};
    const engine::Statistics spent = statisticsFromJson(last->record().statistics);
    const int tokens = spent.promptTokens + spent.answerTokens;
    const double rate = spent.prefillTokensPerSecond();
    if (rate <= 0 || tokens / rate < 1)
        return {};
    return tr("The chat is read again: %1 tokens, about %2")
        .arg(shortCount(tokens), shortSeconds(tokens / rate));
}

QString ChatModel::line() const {
    switch (engine_.state()) {
    case EngineController::State::NoModel:
        return tr("No model: choose one above");
    case EngineController::State::Loading:
        return engine_.loadSecondsLeft() >= 0
                   ? tr("Model is loading: %1").arg(shortSeconds(engine_.loadSecondsLeft()))
                   : tr("Model is loading");
    case EngineController::State::Failed: // why stands above the chat
        return tr("No model is loaded: choose one above");
    case EngineController::State::Ready:
        break;
    }
    const int limit = engine_.contextLimit();
    if (overflows())
        return tr("This needs %1 of %2 tokens: shorten it, remove an attachment, or choose a "
                  "longer recipe")
            .arg(shortCount(meter_->total()), shortCount(limit));
    if (askedThinking_ && *askedThinking_ != record_.thinking && !thinkingCost().isEmpty())
        return thinkingCost();
    const std::optional<int> added = meter_->added();
    if (!added || *added < kRemarkableTokens)
        return {};
    return tr("Adds %1 tokens; %2 left")
        .arg(QLocale().toString(*added), QLocale().toString(limit - meter_->total()));
}

bool ChatModel::overflows() const {
    const int limit = engine_.contextLimit();
    return limit > 0 && meter_->total() > limit;
}

void ChatModel::modelChanged() {
    composer_->setModel(engine_.state() != EngineController::State::Ready || engine_.seesImages(),
                        engine_.choice().recipe.imageBudget);
    for (ChatMessage* message : std::as_const(path_))
        priceAttachments(message);
    emit lineChanged();
}

void ChatModel::load() {
    store_.messages(record_.id).then(this, [this](const Expected<QList<MessageRecord>>& messages) {
        if (messages)
            for (const MessageRecord& record : *messages)
                addMessage(record);
        loaded_ = true;
        show(record_.currentLeaf);
        emit loadedChanged();
    });
}

void ChatModel::noteRecord(const ChatRecord& record) {
    if (record.title == record_.title && record.pinned == record_.pinned)
        return;
    record_.title = record.title;
    record_.titleIsOwn = record.titleIsOwn;
    record_.pinned = record.pinned;
    emit recordChanged();
}

ChatMessage* ChatModel::addMessage(MessageRecord record) {
    QList<Attachment*> attachments;
    for (const AttachmentRecord& attachment : std::as_const(record.attachments))
        attachments.append(new Attachment(attachment));
    auto* message = new ChatMessage(std::move(record), this);
    message->setAttachments(attachments);
    tree_.add(message);
    return message;
}

/// The path to the leaf replaces the visible one; rows that both share stay.
void ChatModel::show(const QString& leaf) {
    const QList<ChatMessage*> path = tree_.path(leaf);
    int same = 0;
    while (same < path.size() && same < path_.size() && path[same] == path_[same])
        ++same;
    const bool wasEmpty = path_.isEmpty();
    if (same < path_.size()) {
        beginRemoveRows({}, same, static_cast<int>(path_.size()) - 1);
        path_.resize(same);
        endRemoveRows();
    }
    if (same < path.size()) {
        beginInsertRows({}, same, static_cast<int>(path.size()) - 1);
        path_ = path;
        endInsertRows();
    }
    for (qsizetype i = same; i < path_.size(); ++i) {
        priceAttachments(path_[i]);
        readStoredAttachments(store_, *path_[i]);
    }
    numberBranches();
    if (wasEmpty != path_.isEmpty())
        emit emptyChanged();
    if (record_.currentLeaf != leaf) {
        record_.currentLeaf = leaf;
        if (!isNew_)
            saveRecord();
    }
    meter_->forgetPath();
}

void ChatModel::numberBranches() {
    for (qsizetype i = 0; i < path_.size(); ++i) {
        const QList<ChatMessage*> versions = tree_.versions(*path_[i]);
        path_[i]->setBranches(static_cast<int>(versions.indexOf(path_[i])) + 1,
                              static_cast<int>(versions.size()), i + 1 == path_.size());
    }
}

/// What a picture costs at the recipe's budget is shown with the recipe that is loaded.
void ChatModel::priceAttachments(ChatMessage* message) {
    const int budget = engine_.choice().recipe.imageBudget;
    for (Attachment* attachment : message->attachments())
        if (budget > 0)
            attachment->setDefaultBudget(budget);
}

void ChatModel::saveRecord() {
    record_.updatedAt = QDateTime::currentDateTimeUtc();
    store_.updateChat(record_);
    chats_.noteChanged(record_);
}

void ChatModel::send() {
    if (!composer_->canSend() || overflows() || !loaded_)
        return;
    if (isBusy()) {
        if (next_)
            return;
        next_ = composer_->takeContent();
        emit queuedChanged();
        return;
    }
    sendContent(composer_->takeContent());
}

void ChatModel::sendContent(const Composer::Content& content) {
    if (record_.title.isEmpty()) {
        const QString name =
            content.attachments.isEmpty() ? QString() : content.attachments.first()->name();
        record_.title = titleFrom(content.text.isEmpty() ? name : content.text);
        emit recordChanged();
    }
    record_.draft.clear();
    if (isNew_) {
        isNew_ = false;
        record_.createdAt = record_.updatedAt = QDateTime::currentDateTimeUtc();
        store_.createChat(record_);
        chats_.noteChanged(record_);
    }
    MessageRecord record;
    record.id = ChatStore::newId();
    record.chatId = record_.id;
    record.parentId = path_.isEmpty() ? QString() : path_.last()->id();
    record.role = MessageRole::User;
    record.answer = content.text;
    record.createdAt = QDateTime::currentDateTimeUtc();
    auto* message = new ChatMessage(record, this);
    message->setAttachments(content.attachments);
    tree_.add(message);
    // The files get their names by hash before the message that names them is stored.
    for (Attachment* attachment : content.attachments)
        if (attachment->record().hash.isEmpty())
            attachment->setHash(QString::fromLatin1(
                QCryptographicHash::hash(attachment->bytes(), QCryptographicHash::Sha256).toHex()));
    for (const Attachment* attachment : content.attachments) {
        store_.storeAttachment(attachment->bytes());
        record.attachments.append(attachment->record());
    }
    store_.addMessage(record);
    show(message->id());
    writeAnswer(message->id());
    emit questionSent();
}

void ChatModel::writeAnswer(const QString& questionId) {
    MessageRecord record;
    record.id = ChatStore::newId();
    record.chatId = record_.id;
    record.parentId = questionId;
    record.role = MessageRole::Assistant;
    record.state = MessageState::Streaming;
    record.model = engine_.modelName();
    record.recipe = engine_.recipeTitle();
    record.createdAt = QDateTime::currentDateTimeUtc();
    auto* answer = new ChatMessage(record, this);
    answer->beginWriting();
    tree_.add(answer);
    store_.addMessage(record);
    writer_->begin(answer);
    show(answer->id());
    emit busyChanged();
    ask(answer, false);
}

void ChatModel::ask(ChatMessage* answer, bool continues) {
    writer_->ask(record_.id, tree_.path(answer->id()), [this, answer, continues] {
        QList<ChatMessage*> path = tree_.path(answer->id());
        if (!continues)
            path.removeLast();
        engine::Request request =
            chatRequest(path, record_.systemPrompt, record_.thinking,
                        engine_.state() != EngineController::State::Ready || engine_.seesImages());
        request.continueLast = continues;
        request.sampling = engine_.description().sampling;
        return request;
    });
}

void ChatModel::answered(ChatMessage* answer, const engine::Finished& finished) {
    saveRecord();
    chats_.setMark(record_.id, finished.reason == engine::FinishReason::Cancelled
                                   ? ChatListModel::Mark::None
                                   : ChatListModel::Mark::FinishedUnseen);
    emit busyChanged();
    const QString text = plainText(answer->answer()->allBlocks());
    emit announced(tr("Answer: %1").arg(text.section(u'.', 0, 0).left(200)));
    meter_->renew();
    if (!next_)
        return;
    if (finished.reason == engine::FinishReason::Stop) {
        const Composer::Content content = *next_;
        next_.reset();
        emit queuedChanged();
        sendContent(content);
    } else if (composer_->isEmpty()) {
        editQueued();
    }
}

void ChatModel::stop() {
    writer_->stop();
}

void ChatModel::withdrawQueued() {
    if (!next_)
        return;
    for (Attachment* attachment : std::as_const(next_->attachments))
        attachment->deleteLater();
    next_.reset();
    emit queuedChanged();
}

void ChatModel::editQueued() {
    if (!next_)
        return;
    const Composer::Content content = *next_;
    next_.reset();
    composer_->put(content);
    emit queuedChanged();
}

ChatMessage* ChatModel::lastAnswer() const {
    const auto found = std::ranges::find_if(path_.crbegin(), path_.crend(),
                                            [](const ChatMessage* m) { return !m->isUser(); });
    return found == path_.crend() ? nullptr : *found;
}

void ChatModel::regenerate(const QString& messageId) {
    const ChatMessage* answer = messageId.isEmpty() ? lastAnswer() : tree_.message(messageId);
    if (answer == nullptr || answer->isUser() || isBusy())
        return;
    writeAnswer(answer->record().parentId);
    emit questionSent();
}

void ChatModel::editQuestion(const QString& messageId, const QString& text, bool ask) {
    const ChatMessage* old = tree_.message(messageId);
    if (old == nullptr || !old->isUser() || isBusy() || text.trimmed().isEmpty())
        return;
    MessageRecord record = old->record();
    record.id = ChatStore::newId();
    record.answer = text.trimmed();
    record.createdAt = QDateTime::currentDateTimeUtc();
    record.attachments.clear();
    for (const Attachment* attachment : old->attachments())
        record.attachments.append(attachment->record());
    ChatMessage* message = addMessage(record);
    store_.addMessage(record);
    show(message->id());
    if (ask) {
        writeAnswer(message->id());
        emit questionSent();
    }
}

void ChatModel::continueAnswer() {
    ChatMessage* answer = lastAnswer();
    if (answer == nullptr || isBusy() || !answer->canContinue())
        return;
    answer->beginWriting();
    store_.updateMessage(answer->record());
    writer_->begin(answer);
    emit busyChanged();
    ask(answer, !answer->record().answer.isEmpty() || !answer->record().thought.isEmpty());
}

void ChatModel::showBranch(const QString& messageId, int step) {
    const ChatMessage* message = tree_.message(messageId);
    if (message == nullptr)
        return;
    const QList<ChatMessage*> versions = tree_.versions(*message);
    const qsizetype wanted = versions.indexOf(message) + step;
    if (wanted >= 0 && wanted < versions.size())
        show(tree_.newestLeaf(versions[wanted]->id()));
}

void ChatModel::editLastQuestion() {
    const auto found = std::ranges::find_if(path_.crbegin(), path_.crend(), &ChatMessage::isUser);
    if (found != path_.crend() && (*found)->isEditable())
        emit editRequested((*found)->id());
}

void ChatModel::measure() {
    if (engine_.state() != EngineController::State::Ready || isBusy() || !loaded_)
        return;
    meter_->measure(record_.id, chatRequest(path_, record_.systemPrompt, record_.thinking,
                                            engine_.seesImages()));
}

// NOLINTNEXTLINE(readability-convert-member-functions-to-static): QML calls it on a chat
void ChatModel::copy(const QString& text) const {
    QGuiApplication::clipboard()->setText(text);
}

void ChatModel::copyMarkdown(const QString& messageId) const {
    if (const ChatMessage* message = tree_.message(messageId))
        copy(message->record().answer);
}

void ChatModel::copyText(const QString& messageId) const {
    if (const ChatMessage* message = tree_.message(messageId))
        copy(withoutMarkup(message->record().answer));
}

bool ChatModel::copyLastAnswer() const {
    const ChatMessage* answer = lastAnswer();
    if (answer == nullptr || answer->record().answer.isEmpty())
        return false;
    copy(answer->record().answer);
    return true;
}

bool ChatModel::copyLastCode() const {
    const ChatMessage* answer = lastAnswer();
    const std::optional<QString> code =
        answer == nullptr ? std::nullopt : lastCode(answer->record().answer);
    if (code)
        copy(*code);
    return code.has_value();
}

} // namespace lapidary::app
