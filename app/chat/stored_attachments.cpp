#include "stored_attachments.h"

#include "chat_message.h"
#include "storage/chat_store.h"

#include <QCoreApplication>
#include <QtConcurrent>

namespace lapidary::app {

namespace {

void take(Attachment* attachment, const Expected<QByteArray>& bytes) {
    const QString name = attachment->name();
    if (bytes) {
        QtConcurrent::run(readAttachment, *bytes, name)
            .then(attachment, [attachment](const ReadAttachment& read) { attachment->fill(read); });
        return;
    }
    ReadAttachment missing;
    missing.record = attachment->record();
    missing.problem =
        QCoreApplication::translate("Attachment", "%1 is not in the history any more.").arg(name);
    attachment->fill(missing);
}

} // namespace

void readStoredAttachments(ChatStore& store, const ChatMessage& message) {
    for (Attachment* attachment : message.attachments()) {
        if (!attachment->bytes().isEmpty() || attachment->record().hash.isEmpty())
            continue;
        store.attachment(attachment->record().hash)
            .then(attachment,
                  [attachment](const Expected<QByteArray>& bytes) { take(attachment, bytes); });
    }
}

} // namespace lapidary::app
