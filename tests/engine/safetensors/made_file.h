#pragma once

#include <QByteArray>
#include <QString>

#include <cstddef>
#include <span>

/// A safetensors file of a header as it stands and data, little-endian length first.
inline QByteArray madeFile(const QByteArray& header, const QByteArray& data) {
    QByteArray file;
    const auto length = static_cast<quint64>(header.size());
    for (int byte = 0; byte < 8; ++byte)
        file += static_cast<char>(length >> (8 * byte));
    return file + header + data;
}

inline std::span<const std::byte> bytesOf(const QByteArray& file) {
    return std::as_bytes(std::span(file.constData(), static_cast<std::size_t>(file.size())));
}
