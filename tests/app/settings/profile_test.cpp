#include "settings/profile.h"

#include "command_line.h"
#include "registry.h"

#include <QTest>

namespace {

using namespace Qt::StringLiterals;
using namespace lapidary;
using namespace lapidary::app;

class ProfileTest : public QObject {
    Q_OBJECT

private slots:
    void everyPlaceIsBelowTheProfile() {
        const Profile profile = profileAt(u"/x/profile"_s);
        QCOMPARE(profile.dataFolder, u"/x/profile"_s);
        QCOMPARE(profile.settingsFile, u"/x/profile/settings.ini"_s);
        QCOMPARE(profile.lockFile, u"/x/profile/lock"_s);
        QVERIFY(profile.socketName != profileAt(u"/x/other"_s).socketName);
        QCOMPARE(profile.socketName, profileAt(u"/x/profile/"_s).socketName);
    }

    void withoutOneTheSystemSaysWhere() {
        qputenv("XDG_DATA_HOME", "/x/data");
        qputenv("XDG_CONFIG_HOME", "/x/config");
        QCoreApplication::setApplicationName(u"lapidary"_s);
        const Profile profile = profileAt({});
        QCOMPARE(profile.dataFolder, u"/x/data/lapidary"_s);
        QCOMPARE(profile.settingsFile, u"/x/config/lapidary/settings.ini"_s);
    }

    void readsTheCommandLine() {
        const auto line = readCommandLine({u"lapidary"_s, u"--profile"_s, u"p"_s,
                                           u"--model=m/../n"_s, u"--replay"_s, u"/r.jsonl"_s,
                                           u"--speed"_s, u"2.5"_s, u"a.png"_s, u"/b.txt"_s},
                                          u"/here"_s);
        QVERIFY(line.has_value());
        QCOMPARE(line->profile, u"/here/p"_s);
        QCOMPARE(line->model, u"/here/n"_s);
        QCOMPARE(line->replay, u"/r.jsonl"_s);
        QCOMPARE(line->speed, 2.5);
        QCOMPARE(line->files, (QStringList{u"/here/a.png"_s, u"/b.txt"_s}));
        QCOMPARE(*readCommandLine({u"lapidary"_s}, u"/"_s), CommandLine());
        QVERIFY(readCommandLine({u"lapidary"_s, u"-h"_s}, u"/"_s)->help);
        QVERIFY(readCommandLine({u"lapidary"_s, u"--version"_s}, u"/"_s)->version);
        for (const char* option : {"--profile", "--model", "--replay", "--speed", "--version"})
            QVERIFY(commandLineHelp().contains(QLatin1StringView(option)));
    }

    void wrongArgumentsAreNamed_data() {
        QTest::addColumn<QStringList>("arguments");
        QTest::addColumn<QString>("part");
        QTest::newRow("unknown") << QStringList{u"--fast"_s} << u"fast"_s;
        QTest::newRow("value missing") << QStringList{u"--model"_s} << u"model"_s;
        QTest::newRow("no number") << QStringList{u"--speed"_s, u"x"_s} << u"--speed"_s;
        QTest::newRow("standing still") << QStringList{u"--speed"_s, u"0"_s} << u"--speed"_s;
    }

    void wrongArgumentsAreNamed() {
        QFETCH(QStringList, arguments);
        QFETCH(QString, part);
        const auto line = readCommandLine(QStringList{u"lapidary"_s} + arguments, u"/"_s);
        QVERIFY(!line.has_value());
        QVERIFY(QString::fromStdString(line.error().sentence).contains(part));
    }
};

const Registered<ProfileTest> registered;

} // namespace

#include "profile_test.moc"
