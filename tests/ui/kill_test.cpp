#include "samples.h"
#include "window_under_test.h"

#include <chat/chat_model.h>

#include <QGuiApplication>
#include <QProcess>
#include <QRandomGenerator>
#include <QSqlDatabase>
#include <QSqlQuery>

#include <chrono>
#include <cstdio>

using namespace lapidary;
using namespace Qt::StringLiterals;

namespace {

constexpr auto kStream = "--stream";
constexpr auto kQuestion = "What can you do, and how do I use it? Show me code and a table.";

qint64 nowMs() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

std::string longAnswer() {
    std::string text;
    while (text.size() < 40'000)
        text += kRichAnswer;
    return text;
}

/// The program that is killed: asks one question, and says on its standard output what the window
/// has received and when, one line a look: milliseconds, thought and answer in base 64.
int stream(const QString& profile, WindowUnderTest::Runs runs) {
    WindowUnderTest window(profile, runs);
    window.scripts().add({.thought = kThought, .answer = longAnswer(), .tokensPerSecond = 300});
    window.chat()->composer()->setText(QString::fromLatin1(kQuestion));
    window.chat()->send();
    const app::MessageRecord* record = &window.message(1)->record();
    while (window.chat()->isBusy()) {
        QTest::qWait(10);
        std::printf("%lld %s. %s.\n", static_cast<long long>(nowMs()),
                    record->thought.toUtf8().toBase64().constData(),
                    record->answer.toUtf8().toBase64().constData());
        std::fflush(stdout);
    }
    std::puts("done");
    std::fflush(stdout);
    QTest::qWait(60'000); // until it is killed
    return EXIT_SUCCESS;
}

struct Received {
    QString thought;
    QString answer;
};

/// What the killed program had received at `ms`.
Received receivedAt(const QByteArray& output, qint64 ms) {
    Received received;
    for (const QByteArray& line : output.split('\n')) {
        const QList<QByteArray> fields = line.split(' ');
        if (fields.size() != 3 || !fields[2].endsWith('.') || fields[0].toLongLong() > ms)
            continue;
        received.thought = QString::fromUtf8(QByteArray::fromBase64(fields[1].chopped(1)));
        received.answer = QString::fromUtf8(QByteArray::fromBase64(fields[2].chopped(1)));
    }
    return received;
}

QString integrityOf(const QString& folder) {
    QString result = u"cannot be opened"_s;
    {
        QSqlDatabase database = QSqlDatabase::addDatabase(u"QSQLITE"_s, u"integrity"_s);
        database.setDatabaseName(folder + u"/chats.db"_s);
        if (database.open()) {
            QSqlQuery query(database);
            query.exec(u"PRAGMA integrity_check"_s);
            result = query.next() ? query.value(0).toString() : u"no answer"_s;
        }
    }
    QSqlDatabase::removeDatabase(u"integrity"_s);
    return result;
}

} // namespace

/// SIGKILL at random moments while the window streams (experience.md 8, line 5). LAPIDARY_KILLS
/// says how many.
class KillTest : public QObject {
    Q_OBJECT

private slots:
    void restartFindsAllButTheLastSecond_data();
    void restartFindsAllButTheLastSecond();
};

void KillTest::restartFindsAllButTheLastSecond_data() {
    QTest::addColumn<QString>("model");
    QTest::addColumn<quint32>("seed");
    const int kills = std::max(2, qEnvironmentVariableIntValue("LAPIDARY_KILLS"));
    for (int i = 0; i < kills; ++i) {
        const QString model = i % 2 == 0 ? u"demo"_s : u"scripts"_s;
        QTest::addRow("%s %d", qPrintable(model), i) << model << static_cast<quint32>(i);
    }
}

void KillTest::restartFindsAllButTheLastSecond() {
    QFETCH(QString, model);
    QFETCH(quint32, seed);
    const QTemporaryDir profile;
    QProcess program;
    program.start(QCoreApplication::applicationFilePath(),
                  {QString::fromLatin1(kStream), profile.path(), model});
    QByteArray output;
    const auto read = [&](int ms) {
        program.waitForReadyRead(ms);
        output += program.readAllStandardOutput();
    };
    const qint64 patience = nowMs() + 30'000;
    while (receivedAt(output, nowMs()).thought.isEmpty()
           && receivedAt(output, nowMs()).answer.isEmpty() && nowMs() < patience)
        read(20);
    QRandomGenerator random(seed);
    const qint64 end = nowMs() + random.bounded(model == u"demo"_s ? 700 : 2500); // short answers
    while (nowMs() < end)
        read(10);
    program.kill();
    const qint64 killed = nowMs();
    program.waitForFinished();
    output += program.readAllStandardOutput();
    const Received all = receivedAt(output, killed);
    const Received old = receivedAt(output, killed - 1000);
    const bool wasDone = output.contains("done");
    QVERIFY(!all.thought.isEmpty() || !all.answer.isEmpty());
    QCOMPARE(integrityOf(profile.path()), u"ok"_s);

    WindowUnderTest window(profile.path(), model == u"demo"_s ? WindowUnderTest::Runs::DemoModel
                                                              : WindowUnderTest::Runs::Scripts);
    QTRY_COMPARE(window.chat()->rowCount(), 2);
    QCOMPARE(window.message(0)->text(), QString::fromLatin1(kQuestion));
    const app::MessageRecord found = window.message(1)->record();
    QVERIFY2(found.thought.size() >= old.thought.size(), "more than a second of thought is gone");
    QVERIFY2(found.answer.size() >= old.answer.size(), "more than a second of text is gone");
    QVERIFY(all.thought.startsWith(found.thought) || found.thought.startsWith(all.thought));
    QVERIFY(all.answer.startsWith(found.answer) || found.answer.startsWith(all.answer));
    qInfo("received %lld + %lld characters, found %lld + %lld", all.thought.size(),
          all.answer.size(), found.thought.size(), found.answer.size());
    if (wasDone) // between the last text and its state the kill may still come
        return;
    QCOMPARE(found.state, app::MessageState::Interrupted);
    QVERIFY(window.message(1)->stateLine().startsWith(u"Interrupted"_s));

    window.scripts().add({.answer = " And so on."});
    window.click(u"Continue"_s);
    QTRY_VERIFY(window.chat()->isBusy() || window.message(1)->record().state != found.state);
    window.waitUntilStill();
    const app::MessageRecord& after = window.message(1)->record();
    QCOMPARE(after.state, app::MessageState::Complete);
    QVERIFY(after.thought.startsWith(found.thought));
    QVERIFY(after.answer.startsWith(found.answer));
    QVERIFY(!after.answer.isEmpty());
}

int main(int argc, char** argv) {
    const QGuiApplication application(argc, argv);
    if (argc == 4 && qstrcmp(argv[1], kStream) == 0)
        return stream(QString::fromLocal8Bit(argv[2]), qstrcmp(argv[3], "demo") == 0
                                                           ? WindowUnderTest::Runs::DemoModel
                                                           : WindowUnderTest::Runs::Scripts);
    KillTest test;
    return QTest::qExec(&test, argc, argv);
}
#include "kill_test.moc"
