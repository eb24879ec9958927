#include "profile.h"

#include <QCryptographicHash>
#include <QDir>
#include <QStandardPaths>

namespace lapidary::app {
namespace {

using namespace Qt::StringLiterals;

} // namespace

Profile profileAt(const QString& folder) {
    Profile profile;
    if (folder.isEmpty()) {
        // The application's own folders below XDG_DATA_HOME and XDG_CONFIG_HOME.
        profile.dataFolder = QStandardPaths::writableLocation(QStandardPaths::AppDataLocation);
        profile.settingsFile = QStandardPaths::writableLocation(QStandardPaths::AppConfigLocation)
                               + u"/settings.ini"_s;
    } else {
        profile.dataFolder = QDir(folder).absolutePath();
        profile.settingsFile = profile.dataFolder + u"/settings.ini"_s;
    }
    profile.lockFile = profile.dataFolder + u"/lock"_s;
    // Names of local sockets are short; the profile's own name may not be.
    constexpr qsizetype kDigits = 16;
    const QByteArray digest =
        QCryptographicHash::hash(profile.dataFolder.toUtf8(), QCryptographicHash::Sha256).toHex();
    profile.socketName = u"lapidary-"_s + QString::fromLatin1(digest.first(kDigits));
    return profile;
}

} // namespace lapidary::app
