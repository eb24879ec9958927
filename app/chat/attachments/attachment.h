#pragma once

#include "storage/chat_records.h"

#include <engine/image.h>
#include <kernels/error.h>

#include <QFuture>
#include <QImage>
#include <QList>
#include <QObject>
#include <QtQml/qqmlregistration.h>

#include <memory>

namespace lapidary::app {

/// What reading a file gave, made on a worker thread.
struct ReadAttachment {
    AttachmentRecord record; ///< without its hash
    QByteArray bytes;
    std::shared_ptr<const engine::Image> image; ///< of a picture
    QImage thumbnail;
    int lines = 0;   ///< of a text
    QString problem; ///< why it cannot be sent, one sentence; "" when it can
};

/// Reads, decodes and shrinks; any thread. Pictures by engine::decodeImage, everything else must be
/// text.
[[nodiscard]] ReadAttachment readAttachment(const QByteArray& bytes, const QString& name);

/// A picture or text that goes with a message, as its chip or thumbnail shows it. UI thread;
/// decoding happens elsewhere.
class Attachment : public QObject {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Belongs to a message or to the composer")
    Q_PROPERTY(QString name READ name NOTIFY changed)
    Q_PROPERTY(bool picture READ isPicture NOTIFY changed)
    Q_PROPERTY(QImage thumbnail READ thumbnail NOTIFY changed)
    /// The whole picture as the model is given it; null while it is read, and of a text.
    Q_PROPERTY(QImage whole READ whole NOTIFY changed)
    /// "640 × 420 pixels"; "" of a text.
    Q_PROPERTY(QString extent READ extent NOTIFY changed)
    /// "840 tokens", "212 lines", or why it cannot be sent.
    Q_PROPERTY(QString detail READ detail NOTIFY changed)
    Q_PROPERTY(bool reading READ isReading NOTIFY changed)
    Q_PROPERTY(bool bad READ isBad NOTIFY changed)
    /// A pasted text that could as well stand in the message itself.
    Q_PROPERTY(bool canBeInline READ canBeInline NOTIFY changed)
    /// Soft tokens the picture may cost; 0: the recipe's.
    Q_PROPERTY(int budget READ budget WRITE setBudget NOTIFY changed)
    Q_PROPERTY(int defaultBudget READ defaultBudget NOTIFY changed)

public:
    /// Waits for the worker.
    Attachment(const QString& name, const QFuture<ReadAttachment>& reading, int defaultBudget,
               QObject* parent = nullptr);
    /// One that is stored; its bytes come by `fill`.
    explicit Attachment(const AttachmentRecord& record, QObject* parent = nullptr);

    [[nodiscard]] const AttachmentRecord& record() const { return read_.record; }
    void setHash(const QString& hash) { read_.record.hash = hash; }
    [[nodiscard]] const QByteArray& bytes() const { return read_.bytes; }
    [[nodiscard]] std::shared_ptr<const engine::Image> image() const { return read_.image; }
    [[nodiscard]] QString name() const { return read_.record.name; }
    [[nodiscard]] bool isPicture() const;
    [[nodiscard]] QImage thumbnail() const { return read_.thumbnail; }
    [[nodiscard]] QImage whole() const;
    [[nodiscard]] QString extent() const;
    [[nodiscard]] QString detail() const;
    [[nodiscard]] bool isReading() const { return reading_; }
    [[nodiscard]] bool isBad() const { return !read_.problem.isEmpty() || !refusal_.isEmpty(); }
    [[nodiscard]] bool isPasted() const { return pasted_; }
    void markPasted() { pasted_ = true; }
    void markReading() { reading_ = true; } ///< until `fill`
    [[nodiscard]] bool canBeInline() const;
    [[nodiscard]] int budget() const { return read_.record.budget; }
    void setBudget(int budget);
    [[nodiscard]] int defaultBudget() const { return defaultBudget_; }
    void setDefaultBudget(int budget);
    [[nodiscard]] int tokens() const;

    /// Why the model cannot take it, "" when it can: the model may change after it was attached.
    void setRefusal(const QString& sentence);

    void fill(const ReadAttachment& read);

signals:
    void changed();

private:
    ReadAttachment read_;
    QString refusal_;
    bool reading_ = false;
    bool pasted_ = false;
    int defaultBudget_ = 280;
};

/// Tells QML what `list<Attachment>` is where a view-model has one.
struct AttachmentList {
    Q_GADGET
    QML_ANONYMOUS
    QML_FOREIGN(QList<lapidary::app::Attachment*>)
    QML_SEQUENTIAL_CONTAINER(lapidary::app::Attachment*)
};

} // namespace lapidary::app
