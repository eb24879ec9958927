#pragma once

#include <QByteArray>
#include <QString>

/// A picture of so many pixels, with colours that run across it.
[[nodiscard]] QByteArray pngBytes(int width, int height);

/// Writes a file into the folder, and returns its path.
QString writeFile(const QString& folder, const QString& name, const QByteArray& bytes);
