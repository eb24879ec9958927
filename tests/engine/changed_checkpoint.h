#pragma once

#include <QByteArray>
#include <QDir>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>
#include <QString>
#include <QTemporaryDir>
#include <QtEndian>

#include <memory>
#include <utility>

/// A copy of a stored checkpoint of one file, one tensor of which can be changed.
class ChangedCheckpoint {
public:
    explicit ChangedCheckpoint(const QDir& original) {
        for (const QString& name : original.entryList(QDir::Files))
            QFile::copy(original.filePath(name), folder_->filePath(name));
    }

    [[nodiscard]] QString path() const { return folder_->path(); }

    /// Puts `bytes` where the values of the tensor begin, or where they end.
    enum class End : std::uint8_t { First, Last };
    [[nodiscard]] bool change(const QString& tensor, End end, const QByteArray& bytes) {
        QFile file(folder_->filePath(QStringLiteral("model.safetensors")));
        if (!file.open(QIODevice::ReadWrite))
            return false;
        const auto length = qFromLittleEndian<qint64>(file.read(8).constData());
        const QJsonObject header = QJsonDocument::fromJson(file.read(length)).object();
        const QJsonValue offsets = header[tensor][QStringLiteral("data_offsets")];
        const qint64 at =
            end == End::First ? offsets[0].toInteger() : offsets[1].toInteger() - bytes.size();
        return offsets.isArray() && file.seek(8 + length + at) && file.write(bytes) == bytes.size();
    }

private:
    std::unique_ptr<QTemporaryDir> folder_ = std::make_unique<QTemporaryDir>();
};
