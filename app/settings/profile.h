#pragma once

#include <QString>

namespace lapidary::app {

/// Where the files of one user belong: the XDG folders, or all in one folder with `--profile`.
struct Profile {
    QString dataFolder;   ///< chats and attachments
    QString settingsFile; ///< INI
    QString lockFile;     ///< held by the running program
    QString socketName;   ///< where a second start finds the first
};

/// `folder` "" means the XDG places. Makes nothing.
[[nodiscard]] Profile profileAt(const QString& folder);

} // namespace lapidary::app
