#pragma once

#include "answer_writer.h"
#include "composer.h"
#include "draft_meter.h"
#include "message_tree.h"
#include "storage/chat_list_model.h"
#include "storage/chat_store.h"
#include "view/conversation_rows.h"

#include <engine/session.h>

#include <QAbstractListModel>
#include <QtQml/qqmlregistration.h>

#include <optional>

namespace lapidary::app {

class EngineController;

/// One chat: the messages of its visible path as rows, what is being written to it, and what is
/// generated for it. The model is the only writer of the chat; everything is in the store as soon
/// as it happens. UI thread; lives as long as it is shown or generates (OpenChats).
class ChatModel : public QAbstractListModel {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Made by OpenChats")
    Q_PROPERTY(QString chatId READ chatId CONSTANT)
    Q_PROPERTY(QString title READ title NOTIFY recordChanged)
    Q_PROPERTY(bool thinking READ thinking WRITE setThinking NOTIFY recordChanged)
    /// What switching thinking costs now, one sentence; "" when less than a second.
    Q_PROPERTY(QString thinkingCost READ thinkingCost NOTIFY lineChanged)
    Q_PROPERTY(bool loaded READ isLoaded NOTIFY loadedChanged)
    Q_PROPERTY(bool empty READ isEmpty NOTIFY emptyChanged)
    Q_PROPERTY(bool busy READ isBusy NOTIFY busyChanged)
    Q_PROPERTY(lapidary::app::Composer* composer READ composer CONSTANT)
    Q_PROPERTY(lapidary::app::ConversationRows* rows READ rows CONSTANT)
    /// The message that is sent when the running answer is done; "" when none waits.
    Q_PROPERTY(QString queuedText READ queuedText NOTIFY queuedChanged)
    Q_PROPERTY(bool queued READ hasQueued NOTIFY queuedChanged)
    /// The line under the field; "" when there is nothing to say.
    Q_PROPERTY(QString line READ line NOTIFY lineChanged)
    Q_PROPERTY(bool overflows READ overflows NOTIFY lineChanged)

public:
    enum Role { MessageRole = Qt::UserRole + 1 };
    Q_ENUM(Role)

    ChatModel(const ChatRecord& record, bool isNew, ChatStore& store, EngineController& engine,
              ChatListModel& chats, QObject* parent = nullptr);
    ~ChatModel() override;

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
    [[nodiscard]] QHash<int, QByteArray> roleNames() const override;

    [[nodiscard]] QString chatId() const { return record_.id; }
    [[nodiscard]] QString title() const;
    [[nodiscard]] bool thinking() const { return record_.thinking; }
    void setThinking(bool thinking);
    [[nodiscard]] QString thinkingCost() const;
    [[nodiscard]] bool isLoaded() const { return loaded_; }
    [[nodiscard]] bool isEmpty() const { return path_.isEmpty(); }
    [[nodiscard]] bool isBusy() const { return writer_->answer() != nullptr; }
    [[nodiscard]] bool isNew() const { return isNew_; }
    [[nodiscard]] Composer* composer() const { return composer_; }
    [[nodiscard]] ConversationRows* rows() const { return rows_; }
    [[nodiscard]] QString queuedText() const { return next_ ? next_->text : QString(); }
    [[nodiscard]] bool hasQueued() const { return next_.has_value(); }
    [[nodiscard]] QString line() const;
    [[nodiscard]] bool overflows() const;

    /// Reads the messages; `loadedChanged` follows.
    void load();
    /// Takes over what others changed in the record: the title.
    void noteRecord(const ChatRecord& record);

    /// Sends what the composer holds, or queues it while an answer is written.
    Q_INVOKABLE void send();
    Q_INVOKABLE void stop();
    Q_INVOKABLE void withdrawQueued();
    /// Puts the queued message back into the composer.
    Q_INVOKABLE void editQueued();

    /// Another answer to the same question; the one before stays as a branch. "": the last one.
    Q_INVOKABLE void regenerate(const QString& messageId = {});
    /// A new version of a question, asked at once or only kept.
    Q_INVOKABLE void editQuestion(const QString& messageId, const QString& text, bool ask);
    /// Goes on from the last character of the last answer.
    Q_INVOKABLE void continueAnswer();
    Q_INVOKABLE void showBranch(const QString& messageId, int step);
    Q_INVOKABLE void editLastQuestion();

    Q_INVOKABLE void copyMarkdown(const QString& messageId) const;
    Q_INVOKABLE void copyText(const QString& messageId) const;
    Q_INVOKABLE bool copyLastAnswer() const;
    Q_INVOKABLE bool copyLastCode() const;
    Q_INVOKABLE void copy(const QString& text) const;

signals:
    void recordChanged();
    void loadedChanged();
    void emptyChanged();
    void busyChanged();
    void queuedChanged();
    void lineChanged();
    /// A question was sent: the view brings it to the top.
    void questionSent();
    /// For assistive programs, at the start and the end of an answer.
    void announced(const QString& sentence);
    /// The view opens the editor of this question.
    void editRequested(const QString& messageId);
    /// The engine counted what the visible conversation takes.
    void contextMeasured(const lapidary::engine::ContextUse& use);

private:
    void show(const QString& leaf);
    void numberBranches();
    ChatMessage* addMessage(MessageRecord record);
    void sendContent(const Composer::Content& content);
    void writeAnswer(const QString& questionId);
    void ask(ChatMessage* answer, bool continues);
    void answered(ChatMessage* answer, const engine::Finished& finished);
    void priceAttachments(ChatMessage* message);
    void saveRecord();
    void measure();
    void modelChanged();
    [[nodiscard]] ChatMessage* lastAnswer() const;

    ChatRecord record_;
    bool isNew_; ///< not in the store yet
    ChatStore& store_;
    EngineController& engine_;
    ChatListModel& chats_;
    Composer* composer_;
    MessageTree tree_;
    QList<ChatMessage*> path_;
    ConversationRows* rows_;
    bool loaded_ = false;
    std::optional<bool> askedThinking_; ///< how the engine was asked last
    AnswerWriter* writer_;
    DraftMeter* meter_ = nullptr;
    std::optional<Composer::Content> next_; ///< sent when the running answer is done
};

} // namespace lapidary::app
