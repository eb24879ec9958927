#pragma once

#include <QFile>
#include <QString>

#include <cstddef>
#include <cstdint>
#include <span>

/// The bytes of a file beside these tests; empty when it is missing. make_pictures.py makes them
/// all.
inline QByteArray fixture(const QString& name) {
    QFile file(QString::fromUtf8(LAPIDARY_TESTS "/engine/image/") + name);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

inline std::span<const std::byte> bytesOf(const QByteArray& file) {
    return std::as_bytes(std::span(file.constData(), static_cast<std::size_t>(file.size())));
}
