#pragma once

#include <QString>

#include <string>
#include <vector>

/// About `characters` of mixed prose, lists, code and tables; the same for the same seed.
[[nodiscard]] std::string mixedText(std::size_t characters, quint32 seed);

/// Writes a chat of `count` messages into the profile, which no window has open. Returns its id; a
/// window that opens shows it.
QString makeLongChat(const QString& profile, int count);

[[nodiscard]] double median(std::vector<double> values);
