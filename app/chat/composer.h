#pragma once

#include "attachments/attachment.h"
#include "storage/chat_store.h"

#include <QList>
#include <QObject>
#include <QTimer>
#include <QUrl>
#include <QtQml/qqmlregistration.h>

class QMimeData;

namespace lapidary::app {

/// What is being written in one chat: text and attachments, kept as the chat's draft half a second
/// after the last change. UI thread; files are read on workers.
class Composer : public QObject {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Belongs to a chat")
    Q_PROPERTY(QString text READ text WRITE setText NOTIFY textChanged)
    Q_PROPERTY(
        QList<lapidary::app::Attachment*> attachments READ attachments NOTIFY attachmentsChanged)
    /// There is something to send, and it is ready.
    Q_PROPERTY(bool canSend READ canSend NOTIFY contentChanged)

public:
    explicit Composer(ChatStore& store, QObject* parent = nullptr);

    [[nodiscard]] QString text() const { return text_; }
    void setText(const QString& text);
    [[nodiscard]] QList<Attachment*> attachments() const { return attachments_; }
    [[nodiscard]] bool canSend() const;
    [[nodiscard]] bool isEmpty() const {
        return text_.trimmed().isEmpty() && attachments_.isEmpty();
    }

    /// The one paste rule: files become attachments, a picture without text one too, long text a
    /// chip; what remains is returned, to be inserted at the cursor. `asText`: always text,
    /// but for what is too long for the field.
    Q_INVOKABLE QString paste(bool asText = false);
    [[nodiscard]] QString take(const QMimeData& data, bool asText);

    Q_INVOKABLE void attachFiles(const QList<QUrl>& files);
    Q_INVOKABLE void attachPaths(const QStringList& files);
    /// What dropping the files here would do, for the drop target.
    Q_INVOKABLE QString dropSentence(const QList<QUrl>& files) const;
    Q_INVOKABLE void remove(int index);
    Q_INVOKABLE void move(int from, int to);
    /// Removes a text attachment and returns its text.
    Q_INVOKABLE QString takeInline(int index);

    /// Everything written so far, handed over: the composer is empty afterwards. Attachments that
    /// cannot be sent stay behind.
    struct Content {
        QString text;
        QList<Attachment*> attachments;
    };
    Content takeContent();
    void put(const Content& content);

    void setModel(bool seesImages, int imageBudget);

    [[nodiscard]] QString draft() const;
    void restoreDraft(const QString& draft);
    /// What changed within the last half second is a draft now: the chat is left.
    void keepDraft();
    /// Attachments are being read or stored: the draft does not have them yet. draftChanged comes
    /// once it has.
    [[nodiscard]] bool isSettling() const;

signals:
    void textChanged();
    void attachmentsChanged();
    void contentChanged();
    /// Half a second after the last change.
    void draftChanged();

private:
    void attach(const QByteArray& bytes, const QString& name, bool pasted);
    void add(Attachment* attachment);
    void note(Attachment* attachment);
    void store(Attachment* attachment);
    void noteContent();

    ChatStore& store_;
    QString text_;
    QList<Attachment*> attachments_;
    QTimer draftTimer_;
    int storing_ = 0; ///< attachments on their way to the store
    bool seesImages_ = true;
    int imageBudget_ = 280;
};

} // namespace lapidary::app
