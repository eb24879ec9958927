#include "model_folders.h"

#include <QDir>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>

namespace lapidary::app {
namespace {

using namespace Qt::StringLiterals;

/// No configuration of a model is near this size; what is larger is not read.
constexpr qint64 kLargestConfig = 16LL * 1024 * 1024;

bool isGemma4(const QString& folder) {
    QFile file(folder + u"/config.json"_s);
    if (file.size() > kLargestConfig || !file.open(QIODevice::ReadOnly))
        return false;
    const QJsonObject config = QJsonDocument::fromJson(file.readAll()).object();
    return config[u"model_type"_s].toString().startsWith(u"gemma4");
}

/// The snapshot that `refs/main` names; where there is none, the one written last.
QString newestSnapshot(const QDir& model) {
    QFile reference(model.filePath(u"refs/main"_s));
    if (reference.open(QIODevice::ReadOnly)) {
        constexpr qint64 kLongestCommit = 64;
        const QString commit = QString::fromLatin1(reference.read(kLongestCommit)).trimmed();
        const QString folder = model.filePath(u"snapshots/"_s + commit);
        if (!commit.isEmpty() && !commit.contains(u'/') && QDir(folder).exists())
            return folder;
    }
    const QDir snapshots(model.filePath(u"snapshots"_s));
    const QStringList names = snapshots.entryList(QDir::Dirs | QDir::NoDotAndDotDot, QDir::Time);
    return names.isEmpty() ? QString() : snapshots.filePath(names.front());
}

} // namespace

QStringList modelFoldersIn(const QString& folder) {
    const QDir dir(folder);
    if (dir.exists(u"config.json"_s))
        return {folder};
    QStringList found;
    for (const QString& name : dir.entryList(QDir::Dirs | QDir::NoDotAndDotDot, QDir::Name)) {
        if (QFile::exists(dir.filePath(name + u"/config.json"_s)))
            found.append(dir.filePath(name));
    }
    return found.isEmpty() ? QStringList{folder} : found;
}

QStringList modelFoldersInHubCache(const QString& cache) {
    QStringList found;
    const QDir dir(cache);
    const QStringList models = dir.entryList({u"models--*"_s}, QDir::Dirs, QDir::Name);
    for (const QString& name : models) {
        const QString snapshot = newestSnapshot(QDir(dir.filePath(name)));
        if (!snapshot.isEmpty() && isGemma4(snapshot))
            found.append(snapshot);
    }
    return found;
}

QString hubCacheFolder() {
    for (const char* variable : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}) {
        if (const QString folder = qEnvironmentVariable(variable); !folder.isEmpty())
            return folder;
    }
    if (const QString home = qEnvironmentVariable("HF_HOME"); !home.isEmpty())
        return home + u"/hub"_s;
    const QString cache = qEnvironmentVariable("XDG_CACHE_HOME", QDir::homePath() + u"/.cache"_s);
    return cache + u"/huggingface/hub"_s;
}

} // namespace lapidary::app
