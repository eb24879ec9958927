#include "attachment_folder.h"

#include <QCoreApplication>
#include <QCryptographicHash>
#include <QDir>
#include <QDirIterator>
#include <QFile>
#include <QSaveFile>
#include <QSet>
#include <QStorageInfo>

#include <algorithm>
#include <utility>

namespace lapidary::app {
namespace {

using namespace Qt::StringLiterals;

constexpr qsizetype kHashLength = 64;

std::string tr(const char* text) {
    return QCoreApplication::translate("ChatStore", text).toStdString();
}

bool isHash(const QString& hash) {
    return hash.size() == kHashLength && std::ranges::all_of(hash, [](QChar c) {
               return (c >= u'0' && c <= u'9') || (c >= u'a' && c <= u'f');
           });
}

Error writeError(const QString& folder, qsizetype bytes, const QString& detail) {
    const QStorageInfo disk(folder);
    if (disk.isValid() && !disk.isReadOnly() && disk.bytesAvailable() < bytes)
        return {ErrorKind::NoSpace,
                tr("No space on the disk: attachments are kept in memory until there is space."),
                detail.toStdString()};
    return {ErrorKind::Denied,
            tr("The attachment folder cannot be written: attachments are kept in memory until it "
               "can. Check its permissions."),
            detail.toStdString()};
}

} // namespace

AttachmentFolder::AttachmentFolder(QString folder) : folder_(std::move(folder)) {}

QString AttachmentFolder::hashOf(const QByteArray& bytes) {
    return QString::fromLatin1(QCryptographicHash::hash(bytes, QCryptographicHash::Sha256).toHex());
}

Expected<void> AttachmentFolder::store(const QString& hash, const QByteArray& bytes) const {
    const QString path = pathOf(hash);
    if (QFile::exists(path))
        return {};
    if (!QDir().mkpath(folder_ + u'/' + hash.first(2)))
        return std::unexpected(writeError(folder_, bytes.size(), u"mkpath"_s));
    QSaveFile file(path); // writes beside, then flushes and renames
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size() || !file.commit())
        return std::unexpected(writeError(folder_, bytes.size(), file.errorString()));
    return {};
}

Expected<QByteArray> AttachmentFolder::load(const QString& hash) const {
    QFile file(pathOf(hash));
    if (!isHash(hash) || !file.open(QIODevice::ReadOnly))
        return fail(ErrorKind::NotFound,
                    tr("An attachment is not in the history any more; attach it again."));
    QByteArray bytes = file.readAll();
    if (hashOf(bytes) != hash)
        return fail(ErrorKind::Corrupt,
                    tr("An attachment was changed on the disk; attach it again."));
    return bytes;
}

void AttachmentFolder::keepOnly(const QStringList& hashes) const {
    const QSet<QString> kept(hashes.begin(), hashes.end());
    QDirIterator files(folder_, QDir::Files, QDirIterator::Subdirectories);
    while (files.hasNext()) {
        files.next();
        if (isHash(files.fileName()) && !kept.contains(files.fileName()))
            QFile::remove(files.filePath());
    }
}

QString AttachmentFolder::pathOf(const QString& hash) const {
    return folder_ + u'/' + hash.first(std::min<qsizetype>(2, hash.size())) + u'/' + hash;
}

} // namespace lapidary::app
