#include "attachment.h"

#include "chat/blocks/visible_text.h"
#include "chat/field_text.h"

#include <QLocale>
#include <QStringDecoder>

#include <algorithm>
#include <span>

using namespace Qt::StringLiterals;

namespace lapidary::app {

namespace {

constexpr int kThumbnailPixels = 192; // 96 px at a scale of 2
constexpr qsizetype kMaxTextBytes = qsizetype{4} * 1024 * 1024;

bool looksLikePicture(const QByteArray& bytes, const QString& name) {
    static const QByteArray signs[] = {"\x89PNG", "\xFF\xD8\xFF", "GIF8", "BM"};
    for (const QByteArray& sign : signs)
        if (bytes.startsWith(sign))
            return true;
    if (bytes.startsWith("RIFF") && bytes.mid(8, 4) == "WEBP")
        return true;
    static const QStringList endings{u".png"_s, u".jpg"_s,  u".jpeg"_s, u".webp"_s, u".gif"_s,
                                     u".bmp"_s, u".avif"_s, u".heic"_s, u".tiff"_s, u".tif"_s};
    return std::ranges::any_of(
        endings, [&](const QString& ending) { return name.endsWith(ending, Qt::CaseInsensitive); });
}

QImage shrunk(const engine::Image& image) {
    const QImage whole(image.rgb.data(), image.width, image.height, qsizetype{3} * image.width,
                       QImage::Format_RGB888);
    if (image.width <= kThumbnailPixels && image.height <= kThumbnailPixels)
        return whole.copy();
    return whole.scaled(kThumbnailPixels, kThumbnailPixels, Qt::KeepAspectRatioByExpanding,
                        Qt::SmoothTransformation);
}

} // namespace

ReadAttachment readAttachment(const QByteArray& bytes, const QString& name) {
    ReadAttachment read;
    read.bytes = bytes;
    read.record.name = name;
    read.record.bytes = bytes.size();
    if (looksLikePicture(bytes, name)) {
        read.record.mimeType = u"image/*"_s;
        const auto image = engine::decodeImage(
            std::as_bytes(std::span(bytes.constData(), static_cast<std::size_t>(bytes.size()))));
        if (!image) {
            read.problem = QString::fromStdString(image.error().sentence);
            return read;
        }
        read.image = *image;
        read.record.width = (*image)->width;
        read.record.height = (*image)->height;
        read.thumbnail = shrunk(**image);
        return read;
    }
    read.record.mimeType = u"text/plain"_s;
    if (bytes.size() > kMaxTextBytes) {
        read.problem = Attachment::tr("%1 is larger than 4 MB: attach a part of it.").arg(name);
        return read;
    }
    QStringDecoder decoder(QStringDecoder::Utf8);
    const QString text = decoder(bytes);
    if (decoder.hasError() || text.contains(QChar(u'\0'))) {
        read.problem =
            Attachment::tr("%1 is neither a picture nor text: attach another file.").arg(name);
        return read;
    }
    read.lines = static_cast<int>(text.count(u'\n')) + (text.endsWith(u'\n') ? 0 : 1);
    return read;
}

Attachment::Attachment(const QString& name, const QFuture<ReadAttachment>& reading,
                       int defaultBudget, QObject* parent)
    : QObject(parent), reading_(true), defaultBudget_(defaultBudget) {
    read_.record.name = name;
    QFuture<ReadAttachment>(reading).then(this, [this](const ReadAttachment& read) { fill(read); });
}

Attachment::Attachment(const AttachmentRecord& record, QObject* parent) : QObject(parent) {
    read_.record = record;
}

void Attachment::fill(const ReadAttachment& read) {
    const AttachmentRecord known = read_.record;
    read_ = read;
    read_.record.hash = known.hash;
    read_.record.budget = known.budget;
    read_.record.name = known.name;
    reading_ = false;
    emit changed();
}

bool Attachment::isPicture() const {
    return read_.record.mimeType.startsWith(u"image/"_s);
}

int Attachment::tokens() const {
    if (isPicture())
        return read_.record.width == 0
                   ? 0
                   : engine::imageTokens(read_.record.width, read_.record.height,
                                         budget() > 0 ? budget() : defaultBudget_);
    return static_cast<int>(read_.record.bytes / 4);
}

bool Attachment::canBeInline() const {
    return pasted_ && !reading_ && !isBad() && !isPicture()
           && fitsField(QString::fromUtf8(read_.bytes));
}

QImage Attachment::whole() const {
    if (read_.image == nullptr)
        return {};
    // Views the decoded pixels and keeps them alive; nothing is copied.
    using Kept = std::shared_ptr<const engine::Image>;
    const auto release = [](void* kept) { delete static_cast<Kept*>(kept); };
    const Kept& image = read_.image;
    return {image->rgb.data(),     image->width, image->height,  qsizetype{3} * image->width,
            QImage::Format_RGB888, release,      new Kept(image)};
}

QString Attachment::extent() const {
    if (!isPicture() || read_.record.width == 0)
        return {};
    return tr("%1 × %2 pixels")
        .arg(QLocale().toString(read_.record.width), QLocale().toString(read_.record.height));
}

QString Attachment::detail() const {
    if (reading_)
        return tr("Reading…");
    if (!read_.problem.isEmpty())
        return read_.problem;
    if (!refusal_.isEmpty())
        return refusal_;
    QString cost = tr("%1 tokens").arg(QLocale().toString(tokens()));
    if (isPicture())
        return cost;
    return read_.lines > 0 ? tr("%1 lines").arg(QLocale().toString(read_.lines)) : cost;
}

void Attachment::setBudget(int budget) {
    if (read_.record.budget == budget)
        return;
    read_.record.budget = budget;
    emit changed();
}

void Attachment::setDefaultBudget(int budget) {
    if (defaultBudget_ == budget)
        return;
    defaultBudget_ = budget;
    emit changed();
}

void Attachment::setRefusal(const QString& sentence) {
    if (refusal_ == sentence)
        return;
    refusal_ = sentence;
    emit changed();
}

} // namespace lapidary::app
