#include "composer.h"

#include "field_text.h"

#include <QBuffer>
#include <QClipboard>
#include <QFile>
#include <QFileInfo>
#include <QGuiApplication>
#include <QImage>
#include <QImageReader>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QMimeData>
#include <QPointer>
#include <QtConcurrent>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace lapidary::app {

namespace {

constexpr int kDraftDelayMs = 500;
// Longer text goes beside the message instead of into the field (experience.md 5.6).
constexpr qsizetype kInlineBytes = qsizetype{4} * 1024;
constexpr qsizetype kInlineLines = 60;
constexpr qint64 kMaxFileBytes = qint64{256} * 1024 * 1024;

ReadAttachment readFile(const QString& path) {
    const QString name = QFileInfo(path).fileName();
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly)) {
        ReadAttachment read;
        read.problem = Composer::tr("%1 cannot be read: %2.").arg(name, file.errorString());
        return read;
    }
    if (file.size() > kMaxFileBytes) {
        ReadAttachment read;
        read.problem = Composer::tr("%1 is larger than 256 MB: attach a smaller file.").arg(name);
        return read;
    }
    return readAttachment(file.readAll(), name);
}

QList<QUrl> localFiles(const QList<QUrl>& urls) {
    QList<QUrl> files;
    std::ranges::copy_if(urls, std::back_inserter(files), &QUrl::isLocalFile);
    return files;
}

} // namespace

Composer::Composer(ChatStore& store, QObject* parent) : QObject(parent), store_(store) {
    draftTimer_.setSingleShot(true);
    draftTimer_.setInterval(kDraftDelayMs);
    connect(&draftTimer_, &QTimer::timeout, this, &Composer::draftChanged);
}

void Composer::noteContent() {
    emit contentChanged();
    draftTimer_.start();
}

void Composer::setText(const QString& text) {
    if (text_ == text)
        return;
    text_ = text;
    emit textChanged();
    noteContent();
}

bool Composer::canSend() const {
    const bool waits = std::ranges::any_of(attachments_, &Attachment::isReading);
    const bool usable = std::ranges::any_of(
        attachments_, [](const Attachment* attachment) { return !attachment->isBad(); });
    return !waits && (usable || !text_.trimmed().isEmpty());
}

QString Composer::paste(bool asText) {
    const QMimeData* data = QGuiApplication::clipboard()->mimeData();
    return data != nullptr ? take(*data, asText) : QString();
}

QString Composer::take(const QMimeData& data, bool asText) {
    if (asText && fitsField(data.text()))
        return data.text();
    if (asText) {
        attach(data.text().toUtf8(), tr("Pasted text"), true);
        return {};
    }
    const QList<QUrl> files = localFiles(data.urls());
    if (!files.isEmpty()) {
        attachFiles(files);
        return {};
    }
    if (data.hasImage() && !data.hasText()) {
        const auto image = qvariant_cast<QImage>(data.imageData());
        QByteArray png;
        QBuffer buffer(&png);
        if (buffer.open(QIODevice::WriteOnly) && image.save(&buffer, "PNG"))
            attach(png, tr("Pasted picture.png"), false);
        return {};
    }
    QString text = data.text();
    if (text.size() > kInlineBytes || text.count(u'\n') >= kInlineLines) {
        attach(text.toUtf8(), tr("Pasted text"), true);
        return {};
    }
    return text;
}

void Composer::attachFiles(const QList<QUrl>& files) {
    for (const QUrl& url : localFiles(files)) {
        const QString path = url.toLocalFile();
        add(new Attachment(QFileInfo(path).fileName(),
                           QtConcurrent::run([path] { return readFile(path); }), imageBudget_,
                           this));
    }
}

void Composer::attachPaths(const QStringList& files) {
    QList<QUrl> urls;
    for (const QString& file : files)
        urls.append(QUrl::fromLocalFile(file));
    attachFiles(urls);
}

void Composer::attach(const QByteArray& bytes, const QString& name, bool pasted) {
    auto* attachment = new Attachment(
        name, QtConcurrent::run([bytes, name] { return readAttachment(bytes, name); }),
        imageBudget_, this);
    if (pasted)
        attachment->markPasted();
    add(attachment);
}

void Composer::add(Attachment* attachment) {
    attachments_.append(attachment);
    connect(attachment, &Attachment::changed, this, [this, attachment] { note(attachment); });
    emit attachmentsChanged();
    note(attachment); // a small one may have been read already
}

/// What is known of the attachment has changed.
void Composer::note(Attachment* attachment) {
    if (attachment->isPicture())
        attachment->setRefusal(
            seesImages_ ? QString()
                        : tr("This model reads text only: choose one that sees pictures."));
    if (!attachment->isReading() && !attachment->isBad() && attachment->record().hash.isEmpty()
        && !attachment->bytes().isEmpty())
        store(attachment);
    noteContent();
}

void Composer::store(Attachment* attachment) {
    ++storing_;
    store_.storeAttachment(attachment->bytes())
        .then(this, [this, stored = QPointer(attachment)](const Expected<QString>& hash) {
            --storing_;
            if (hash && stored)
                stored->setHash(*hash);
            draftTimer_.start();
        });
}

bool Composer::isSettling() const {
    return storing_ > 0 || std::ranges::any_of(attachments_, &Attachment::isReading);
}

QString Composer::dropSentence(const QList<QUrl>& files) const {
    int pictures = 0;
    int others = 0;
    int tokens = 0;
    for (const QUrl& url : localFiles(files)) {
        const QSize size = QImageReader(url.toLocalFile()).size();
        if (size.isValid()) {
            ++pictures;
            tokens += engine::imageTokens(size.width(), size.height(), imageBudget_);
        } else {
            ++others;
            tokens += static_cast<int>(QFileInfo(url.toLocalFile()).size() / 4);
        }
    }
    QString what = tr("Attach %n files", nullptr, pictures + others);
    if (others == 0)
        what = tr("Attach %n picture(s)", nullptr, pictures);
    else if (pictures == 0)
        what = tr("Attach %n file(s)", nullptr, others);
    return tokens > 0 ? tr("%1, about %2 tokens").arg(what, QLocale().toString(tokens)) : what;
}

void Composer::remove(int index) {
    if (index < 0 || index >= attachments_.size())
        return;
    attachments_.takeAt(index)->deleteLater();
    emit attachmentsChanged();
    noteContent();
}

void Composer::move(int from, int to) {
    if (from == to || from < 0 || to < 0 || from >= attachments_.size()
        || to >= attachments_.size())
        return;
    attachments_.move(from, to);
    emit attachmentsChanged();
    noteContent();
}

QString Composer::takeInline(int index) {
    if (index < 0 || index >= attachments_.size() || !attachments_[index]->canBeInline())
        return {};
    const QString text = QString::fromUtf8(attachments_[index]->bytes());
    remove(index);
    return text;
}

Composer::Content Composer::takeContent() {
    Content content{.text = text_.trimmed(), .attachments = {}};
    QList<Attachment*> kept;
    for (Attachment* attachment : std::as_const(attachments_)) {
        const bool goes = !attachment->isBad() && !attachment->isReading();
        (goes ? content.attachments : kept).append(attachment);
    }
    for (Attachment* attachment : std::as_const(content.attachments))
        disconnect(attachment, nullptr, this, nullptr);
    attachments_ = kept;
    text_.clear();
    emit textChanged();
    emit attachmentsChanged();
    noteContent();
    return content;
}

void Composer::put(const Content& content) {
    setText(text_.isEmpty() ? content.text : content.text + u'\n' + text_);
    for (Attachment* attachment : content.attachments) {
        attachment->setParent(this);
        add(attachment);
    }
}

void Composer::setModel(bool seesImages, int imageBudget) {
    seesImages_ = seesImages;
    imageBudget_ = imageBudget > 0 ? imageBudget : imageBudget_;
    for (Attachment* attachment : std::as_const(attachments_)) {
        attachment->setDefaultBudget(imageBudget_);
        emit attachment->changed();
    }
}

QString Composer::draft() const {
    if (isEmpty())
        return {};
    QJsonArray list;
    for (const Attachment* attachment : attachments_) {
        const AttachmentRecord& record = attachment->record();
        if (record.hash.isEmpty())
            continue;
        list.append(QJsonObject{{u"hash"_s, record.hash},
                                {u"name"_s, record.name},
                                {u"budget"_s, record.budget},
                                {u"pasted"_s, attachment->isPasted()}});
    }
    return QString::fromUtf8(
        QJsonDocument(QJsonObject{{u"text"_s, text_}, {u"attachments"_s, list}})
            .toJson(QJsonDocument::Compact));
}

void Composer::restoreDraft(const QString& draft) {
    const QJsonObject json = QJsonDocument::fromJson(draft.toUtf8()).object();
    setText(json[u"text"].toString());
    const QJsonArray attachments = json[u"attachments"].toArray();
    for (const auto& value : attachments) {
        AttachmentRecord record;
        record.hash = value[u"hash"].toString();
        record.name = value[u"name"].toString();
        record.budget = value[u"budget"].toInt();
        auto* attachment = new Attachment(record, this);
        attachment->markReading();
        if (value[u"pasted"].toBool())
            attachment->markPasted();
        add(attachment);
        store_.attachment(record.hash)
            .then(attachment, [attachment, record](const Expected<QByteArray>& bytes) {
                ReadAttachment missing;
                missing.problem = tr("%1 is not in the history any more.").arg(record.name);
                if (!bytes)
                    attachment->fill(missing);
                else
                    QtConcurrent::run(readAttachment, *bytes, record.name)
                        .then(attachment,
                              [attachment](const ReadAttachment& read) { attachment->fill(read); });
            });
    }
    draftTimer_.stop();
}

void Composer::keepDraft() {
    if (!draftTimer_.isActive())
        return;
    draftTimer_.stop();
    emit draftChanged();
}

} // namespace lapidary::app
