#include "library/model_folders.h"

#include "registry.h"

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

namespace {

using namespace Qt::StringLiterals;
using namespace lapidary::app;

class ModelFoldersTest : public QObject {
    Q_OBJECT

private slots:
    void init() { folder = std::make_unique<QTemporaryDir>(); }

    void aFolderOfModelsIsOneRowAModel() {
        write(u"b/config.json"_s, "{}");
        write(u"a/config.json"_s, "{}");
        write(u"pictures/cat.png"_s, "");
        QCOMPARE(modelFoldersIn(folder->path()),
                 (QStringList{folder->filePath(u"a"_s), folder->filePath(u"b"_s)}));
        QCOMPARE(modelFoldersIn(folder->filePath(u"a"_s)), QStringList{folder->filePath(u"a"_s)});
        // Listed all the same, so that the reason can be said.
        QCOMPARE(modelFoldersIn(folder->filePath(u"pictures"_s)),
                 QStringList{folder->filePath(u"pictures"_s)});
        QCOMPARE(modelFoldersIn(folder->filePath(u"gone"_s)),
                 QStringList{folder->filePath(u"gone"_s)});
    }

    void findsGemma4InTheHubCache() {
        const QByteArray gemma = R"({"model_type": "gemma4_unified"})";
        write(u"models--google--gemma-4-12b/snapshots/aaa/config.json"_s, gemma);
        write(u"models--google--gemma-4-12b/snapshots/bbb/config.json"_s, gemma);
        write(u"models--google--gemma-4-12b/refs/main"_s, "aaa\n");
        write(u"models--other--llama/snapshots/ccc/config.json"_s, R"({"model_type": "llama"})");
        write(u"models--other--broken/snapshots/ddd/config.json"_s, "{{{");
        write(u"models--other--empty/refs/main"_s, "eee");
        write(u"models--evil--path/refs/main"_s, "../../..");
        write(u"datasets--google--x/snapshots/aaa/config.json"_s, gemma);
        QCOMPARE(modelFoldersInHubCache(folder->path()),
                 QStringList{folder->filePath(u"models--google--gemma-4-12b/snapshots/aaa"_s)});
        QVERIFY(modelFoldersInHubCache(folder->filePath(u"gone"_s)).isEmpty());
    }

    void theEnvironmentSaysWhereTheCacheIs() {
        const auto with = [](const char* name, const char* value) { qputenv(name, value); };
        for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME"})
            qunsetenv(name);
        with("XDG_CACHE_HOME", "/x/cache");
        QCOMPARE(hubCacheFolder(), u"/x/cache/huggingface/hub"_s);
        with("HF_HOME", "/x/home");
        QCOMPARE(hubCacheFolder(), u"/x/home/hub"_s);
        with("HUGGINGFACE_HUB_CACHE", "/x/old");
        QCOMPARE(hubCacheFolder(), u"/x/old"_s);
        with("HF_HUB_CACHE", "/x/new");
        QCOMPARE(hubCacheFolder(), u"/x/new"_s);
    }

private:
    void write(const QString& path, const QByteArray& bytes) {
        const QString file = folder->filePath(path);
        QVERIFY(QDir().mkpath(QFileInfo(file).path()));
        QFile out(file);
        QVERIFY(out.open(QIODevice::WriteOnly));
        out.write(bytes);
    }

    std::unique_ptr<QTemporaryDir> folder;
};

const Registered<ModelFoldersTest> registered;

} // namespace

#include "model_folders_test.moc"
