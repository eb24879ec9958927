#pragma once

#include <kernels/error.h>

#include <QByteArray>
#include <QString>
#include <QStringList>

namespace lapidary::app {

/// Files named by the SHA-256 of their bytes, two folders deep: `ab/ab12…`. On the storage thread.
class AttachmentFolder {
public:
    explicit AttachmentFolder(QString folder);

    [[nodiscard]] static QString hashOf(const QByteArray& bytes);

    /// Writes the bytes under their hash: temporary file, to the disk's surface, renamed. NoSpace,
    /// Denied.
    [[nodiscard]] Expected<void> store(const QString& hash, const QByteArray& bytes) const;

    /// NotFound; Corrupt when the file's bytes are not those of its name.
    [[nodiscard]] Expected<QByteArray> load(const QString& hash) const;

    /// Removes every file that is none of these.
    void keepOnly(const QStringList& hashes) const;

private:
    [[nodiscard]] QString pathOf(const QString& hash) const;

    QString folder_;
};

} // namespace lapidary::app
