#pragma once

#include "attachments/attachment.h"
#include "blocks/block_list_model.h"
#include "storage/chat_records.h"

#include <engine/events.h>

#include <QBasicTimer>
#include <QObject>
#include <QtQml/qqmlregistration.h>

namespace lapidary::app {

/// One message of the visible path, with what its views show: blocks of thought and answer, state
/// in words, statistics, its place among its branches. The record is the truth that is stored; the
/// blocks are read from it when the message comes near the page. UI thread.
class ChatMessage : public QObject {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Belongs to a chat")
    Q_PROPERTY(QString messageId READ id CONSTANT)
    Q_PROPERTY(bool isUser READ isUser CONSTANT)
    Q_PROPERTY(QString author READ author NOTIFY phaseChanged)
    Q_PROPERTY(QString time READ time CONSTANT)
    Q_PROPERTY(QString text READ text CONSTANT)
    /// A question that can be written on in a field.
    Q_PROPERTY(bool editable READ isEditable CONSTANT)
    Q_PROPERTY(QList<lapidary::app::Attachment*> attachments READ attachments CONSTANT)
    Q_PROPERTY(lapidary::app::BlockListModel* answer READ answer CONSTANT)
    Q_PROPERTY(lapidary::app::BlockListModel* thought READ thought CONSTANT)
    Q_PROPERTY(Phase phase READ phase NOTIFY phaseChanged)
    Q_PROPERTY(bool busy READ isBusy NOTIFY phaseChanged)
    /// What the state line says; "" when there is nothing to say.
    Q_PROPERTY(QString stateLine READ stateLine NOTIFY phaseChanged)
    /// Progress of reading the prompt, 0…1; below 0: not reading.
    Q_PROPERTY(double promptFraction READ promptFraction NOTIFY phaseChanged)
    Q_PROPERTY(bool failed READ hasFailed NOTIFY phaseChanged)
    Q_PROPERTY(bool canContinue READ canContinue NOTIFY phaseChanged)
    Q_PROPERTY(QString statisticsLine READ statisticsLine NOTIFY phaseChanged)
    /// Of a finished answer.
    Q_PROPERTY(QStringList links READ links NOTIFY phaseChanged)
    Q_PROPERTY(bool thinking READ isThinking NOTIFY phaseChanged)
    Q_PROPERTY(QString thoughtHeader READ thoughtHeader NOTIFY thoughtChanged)
    /// The end of a thought that is being written, as plain text.
    Q_PROPERTY(QString thoughtTail READ thoughtTail NOTIFY thoughtChanged)
    Q_PROPERTY(bool thoughtOpen READ thoughtOpen WRITE chooseThoughtOpen NOTIFY thoughtOpenChanged)
    Q_PROPERTY(int branch READ branch NOTIFY branchesChanged)
    Q_PROPERTY(int branchCount READ branchCount NOTIFY branchesChanged)
    Q_PROPERTY(bool last READ isLast NOTIFY branchesChanged)
    /// For assistive programs: "Answer, Gemma 4 12B, stopped, 3 blocks".
    Q_PROPERTY(QString summary READ summary NOTIFY phaseChanged)

public:
    enum class Phase { Still, Queued, ReadingPrompt, Thinking, Writing };
    Q_ENUM(Phase)

    explicit ChatMessage(MessageRecord record, QObject* parent = nullptr);

    [[nodiscard]] const MessageRecord& record() const { return record_; }
    [[nodiscard]] QString id() const { return record_.id; }
    [[nodiscard]] bool isUser() const { return record_.role == MessageRole::User; }
    [[nodiscard]] QString author() const;
    [[nodiscard]] QString time() const;
    [[nodiscard]] QString text() const { return record_.answer; }
    [[nodiscard]] bool isEditable() const;
    /// The addresses of the answer that may be opened, each once, in order.
    [[nodiscard]] QStringList links() const;
    [[nodiscard]] QList<Attachment*> attachments() const { return attachments_; }
    void setAttachments(const QList<Attachment*>& attachments);
    [[nodiscard]] BlockListModel* answer() const { return answer_; }
    [[nodiscard]] BlockListModel* thought() const { return thought_; }
    [[nodiscard]] Phase phase() const { return phase_; }
    [[nodiscard]] bool isBusy() const { return phase_ != Phase::Still; }
    [[nodiscard]] QString stateLine() const;
    [[nodiscard]] double promptFraction() const;
    [[nodiscard]] bool hasFailed() const;
    [[nodiscard]] bool canContinue() const;
    [[nodiscard]] QString statisticsLine() const;
    [[nodiscard]] bool isThinking() const { return phase_ == Phase::Thinking; }
    [[nodiscard]] bool hasThought() const { return hasThought_; }
    [[nodiscard]] QString thoughtHeader() const;
    [[nodiscard]] QString thoughtTail() const;
    [[nodiscard]] bool thoughtOpen() const { return thoughtOpen_; }
    [[nodiscard]] int branch() const { return branch_; }
    [[nodiscard]] int branchCount() const { return branchCount_; }
    [[nodiscard]] bool isLast() const { return last_; }
    [[nodiscard]] QString summary() const;

    /// Blocks exist; before that the rows of the message are estimates.
    [[nodiscard]] bool isRead() const { return read_; }
    Q_INVOKABLE void readBlocks();
    [[nodiscard]] qsizetype sourceSize() const {
        return record_.answer.size() + (thoughtOpen_ ? record_.thought.size() : 0);
    }

    /// The reader opened or closed the reasoning pane: from now on it is theirs.
    void chooseThoughtOpen(bool open);

    void setBranches(int branch, int count, bool last);

    // What a generation tells, in the order of engine/events.h.
    void beginWriting();
    void setWaitingLine(const QString& line); ///< what it waits for while it is queued
    void take(const engine::Event& event);
    void finish(const engine::Finished& finished);

    /// It could not even begin.
    void fail(const QString& sentence);

signals:
    void phaseChanged();
    void thoughtChanged();
    void thoughtAppeared();
    void thoughtOpenChanged();
    void branchesChanged();

protected:
    void timerEvent(QTimerEvent* event) override;

private:
    void setPhase(Phase phase);
    void setThoughtOpen(bool open);
    void noteThought();

    MessageRecord record_;
    QList<Attachment*> attachments_;
    BlockListModel* answer_;
    BlockListModel* thought_;
    Phase phase_ = Phase::Still;
    bool read_ = false;
    bool hasThought_ = false;
    bool thoughtOpen_ = false;
    bool thoughtChosen_ = false; ///< by hand, in this message
    int thoughtTokens_ = 0;
    QString waitingLine_;
    engine::PrefillProgress prompt_;
    qint64 promptStartMs_ = 0;
    int branch_ = 1;
    int branchCount_ = 1;
    bool last_ = false;
    QBasicTimer clock_; ///< while thinking: the seconds in the header
};

} // namespace lapidary::app
