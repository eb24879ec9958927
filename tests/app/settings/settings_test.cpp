#include "settings/settings.h"

#include "registry.h"

#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

namespace {

using namespace Qt::StringLiterals;
using lapidary::app::Settings;

class SettingsTest : public QObject {
    Q_OBJECT

private slots:
    void startsWithSensibleValues() {
        const QTemporaryDir folder;
        const Settings settings(folder.filePath(u"settings.ini"_s));
        QCOMPARE(settings.theme(), Settings::Theme::System);
        QCOMPARE(settings.zoom(), 1.0);
        QCOMPARE(settings.sendKey(), Settings::SendKey::Enter);
        QVERIFY(settings.thinking());
        QVERIFY(settings.recipe().isEmpty());
    }

    void keepsWhatWasSet() {
        const QTemporaryDir folder;
        const QString file = folder.filePath(u"settings.ini"_s);
        {
            Settings settings(file);
            QSignalSpy themeChanged(&settings, &Settings::themeChanged);
            settings.setTheme(Settings::Theme::Dark);
            settings.setTheme(Settings::Theme::Dark);
            QCOMPARE(themeChanged.count(), 1);
            settings.setZoom(1.25);
            settings.setSideBarFolded(true);
            settings.setFolders({u"/größe/a, b"_s, u"/c"_s});
        }
        const Settings settings(file);
        QCOMPARE(settings.theme(), Settings::Theme::Dark);
        QCOMPARE(settings.zoom(), 1.25);
        QVERIFY(settings.sideBarFolded());
        QCOMPARE(settings.folders(), (QStringList{u"/größe/a, b"_s, u"/c"_s}));
    }

    void nonsenseIsTakenForNeverSet() {
        const QTemporaryDir folder;
        QFile file(folder.filePath(u"settings.ini"_s));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("[appearance]\ntheme=17\nzoom=huge\n[chat]\nsendKey=-1\nthoughtView=x\n");
        file.close();
        const Settings settings(file.fileName());
        QCOMPARE(settings.theme(), Settings::Theme::System);
        QCOMPARE(settings.zoom(), 1.0);
        QCOMPARE(settings.sendKey(), Settings::SendKey::Enter);
        QCOMPARE(settings.thoughtView(), Settings::ThoughtView::LiveLines);
    }

    void zoomHasLimits() {
        const QTemporaryDir folder;
        Settings settings(folder.filePath(u"settings.ini"_s));
        settings.setZoom(100);
        QCOMPARE(settings.zoom(), 3.0);
        settings.setZoom(0);
        QCOMPARE(settings.zoom(), 0.5);
    }
};

const Registered<SettingsTest> registered;

} // namespace

#include "settings_test.moc"
