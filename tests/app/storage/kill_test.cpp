#include "storage/chat_store.h"

#include "registry.h"
#include "store_waiting.h"

#include <QElapsedTimer>
#include <QFile>
#include <QProcess>
#include <QRandomGenerator>
#include <QSqlDatabase>
#include <QSqlQuery>
#include <QTemporaryDir>
#include <QTest>

#include <chrono>
#include <memory>
#include <vector>

namespace {

using namespace Qt::StringLiterals;
using namespace lapidary;
using namespace lapidary::app;

qint64 nowMs() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

/// One line that the child printed: characters, and when.
struct Mark {
    qsizetype characters = 0;
    qint64 ms = 0;
};

std::vector<Mark> marksOf(const QByteArray& output, const QByteArray& word) {
    std::vector<Mark> marks;
    for (const QByteArray& line : output.split('\n')) {
        const QList<QByteArray> fields = line.split(' ');
        if (fields.size() == 3 && fields[0] == word)
            marks.push_back({fields[1].toLongLong(), fields[2].toLongLong()});
    }
    return marks;
}

struct Child {
    QProcess process;
    QByteArray output;
    qint64 killedMs = 0;

    void start(const QString& folder, const QString& message, int pieceMs) {
        process.start(QStringLiteral(LAPIDARY_STREAMING_WRITER),
                      {folder, message, QString::number(pieceMs)});
    }
    /// Reads until `word` has come; false when the child ended before.
    bool waitFor(const QByteArray& word) {
        while (!output.contains(word)) {
            if (!process.waitForReadyRead(20'000))
                return false;
            output += process.readAllStandardOutput();
        }
        return true;
    }
    void killNow() {
        process.kill(); // SIGKILL
        killedMs = nowMs();
        process.waitForFinished();
        output += process.readAllStandardOutput();
    }
};

QString integrityOf(const QString& folder) {
    const QString name = u"integrity"_s;
    QString result;
    {
        QSqlDatabase database = QSqlDatabase::addDatabase(u"QSQLITE"_s, name);
        database.setDatabaseName(folder + u"/chats.db"_s);
        if (!database.open())
            return u"cannot be opened"_s;
        QSqlQuery query(database);
        query.exec(u"PRAGMA integrity_check"_s);
        result = query.next() ? query.value(0).toString() : u"no answer"_s;
    }
    QSqlDatabase::removeDatabase(name);
    return result;
}

/// Opens the history as the next start does, and returns the message of the killed child.
MessageRecord recoveredMessage(const QString& folder, const QString& message) {
    ChatStore store(folder);
    const Expected<QList<MessageRecord>> messages =
        resultOf(store.messages(u"chat-of-"_s + message));
    return messages && messages->size() == 1 ? messages->front() : MessageRecord();
}

bool isWholeText(const QString& text) {
    for (qsizetype at = 0; at < text.size(); ++at) {
        if (text[at] != QChar(u'0' + static_cast<char16_t>(at % 10)))
            return false;
    }
    return true;
}

class KillTest : public QObject {
    Q_OBJECT

private slots:
    /// A hundred kills, each at a random moment of a fast stream into one and the same file:
    /// whatever the store had confirmed is there, and the file is whole.
    void whatWasStoredSurvivesAHundredKills() {
        const QTemporaryDir folder;
        QRandomGenerator random(20261121); // NOLINT: a stated seed
        constexpr int kKills = 100;
        for (int kill = 0; kill < kKills; ++kill) {
            const QString message = QString::number(kill);
            Child child;
            child.start(folder.path(), message, 0);
            QVERIFY(child.waitFor("stored"));
            QTest::qWait(0);
            const qint64 until = nowMs() + random.bounded(30);
            while (nowMs() < until) {
                child.process.waitForReadyRead(1);
                child.output += child.process.readAllStandardOutput();
            }
            child.killNow();
            const qsizetype stored = marksOf(child.output, "stored").back().characters;
            const MessageRecord recovered = recoveredMessage(folder.path(), message);
            QCOMPARE(recovered.state, MessageState::Interrupted);
            QVERIFY(isWholeText(recovered.answer));
            QVERIFY2(recovered.answer.size() >= stored,
                     qPrintable(u"%1 of %2"_s.arg(recovered.answer.size()).arg(stored)));
        }
        QCOMPARE(integrityOf(folder.path()), u"ok"_s);
    }

    /// At the pace of a model, with the batches of the stream writer: at most a second is missing.
    void atMostASecondIsMissing() {
        constexpr int kChildren = 8;
        constexpr int kPieceMs = 5;
        QRandomGenerator random(7); // NOLINT: a stated seed
        std::vector<std::unique_ptr<QTemporaryDir>> folders;
        std::vector<std::unique_ptr<Child>> children;
        for (int i = 0; i < kChildren; ++i) {
            folders.push_back(std::make_unique<QTemporaryDir>());
            children.push_back(std::make_unique<Child>());
            children.back()->start(folders.back()->path(), u"m"_s, kPieceMs);
        }
        for (const auto& child : children)
            QVERIFY(child->waitFor("streamed"));
        for (int i = 0; i < kChildren; ++i) {
            Child& child = *children[static_cast<std::size_t>(i)];
            const qint64 until = nowMs() + 300 + random.bounded(300);
            while (nowMs() < until) {
                child.process.waitForReadyRead(10);
                child.output += child.process.readAllStandardOutput();
            }
            child.killNow();
            qsizetype olderThanASecond = 0;
            for (const Mark& mark : marksOf(child.output, "streamed")) {
                if (mark.ms <= child.killedMs - 1000)
                    olderThanASecond = mark.characters;
            }
            const MessageRecord recovered =
                recoveredMessage(folders[static_cast<std::size_t>(i)]->path(), u"m"_s);
            QVERIFY(isWholeText(recovered.answer));
            QVERIFY(recovered.answer.size() >= olderThanASecond);
            QCOMPARE(recovered.state, MessageState::Interrupted);
        }
    }
};

const Registered<KillTest> registered;

} // namespace

#include "kill_test.moc"
