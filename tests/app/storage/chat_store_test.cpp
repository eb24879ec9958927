#include "storage/chat_store.h"

#include "disk_limits.h"
#include "registry.h"
#include "storage/stream_writer.h"
#include "store_waiting.h"

#include <QDir>
#include <QFile>
#include <QSignalSpy>
#include <QSqlDatabase>
#include <QSqlQuery>
#include <QTemporaryDir>
#include <QTest>

namespace {

using namespace Qt::StringLiterals;
using namespace lapidary;
using namespace lapidary::app;

ChatRecord chatOf(const QString& id, const QString& title) {
    ChatRecord chat;
    chat.id = id;
    chat.title = title;
    chat.systemPrompt = u"Be brief."_s;
    chat.thinking = false;
    return chat;
}

MessageRecord messageOf(const QString& id, const QString& chat, MessageState state) {
    MessageRecord message;
    message.id = id;
    message.chatId = chat;
    message.role = MessageRole::Assistant;
    message.state = state;
    return message;
}

/// Runs a statement on the closed database, as another program would.
void runOutside(const QString& folder, const QString& statement) {
    {
        QSqlDatabase database = QSqlDatabase::addDatabase(u"QSQLITE"_s, u"outside"_s);
        database.setDatabaseName(folder + u"/chats.db"_s);
        QVERIFY(database.open());
        QSqlQuery query(database);
        QVERIFY2(query.exec(statement), qPrintable(statement));
    }
    QSqlDatabase::removeDatabase(u"outside"_s);
}

class ChatStoreTest : public QObject {
    Q_OBJECT

private slots:
    void init() { folder = std::make_unique<QTemporaryDir>(); }

    void keepsChatsAndMessagesOverARestart() {
        MessageRecord answer = messageOf(u"m2"_s, u"a"_s, MessageState::Complete);
        answer.parentId = u"m1"_s;
        answer.thought = u"Hm, 東京."_s;
        answer.answer = u"Größe 👩‍🔬"_s;
        answer.thoughtStartMs = 5;
        answer.thoughtEndMs = 9;
        answer.model = u"Gemma 4 12B"_s;
        answer.recipe = u"Plain"_s;
        answer.statistics = u"{}"_s;
        answer.createdAt = QDateTime::fromMSecsSinceEpoch(1000);
        {
            ChatStore store(folder->path());
            QVERIFY(resultOf(store.createChat(chatOf(u"a"_s, u"First"_s))));
            MessageRecord question = messageOf(u"m1"_s, u"a"_s, MessageState::Complete);
            question.role = MessageRole::User;
            const QString hash = *resultOf(store.storeAttachment("bytes"));
            question.attachments = {{hash, u"cat.png"_s, u"image/png"_s, 4, 3, 280, 5}};
            QVERIFY(resultOf(store.addMessage(question)));
            QVERIFY(resultOf(store.addMessage(answer)));
            ChatRecord chat = chatOf(u"a"_s, u"Renamed"_s);
            chat.currentLeaf = u"m2"_s;
            QVERIFY(resultOf(store.updateChat(chat)));
        }
        ChatStore store(folder->path());
        const QList<ChatRecord> chats = *resultOf(store.chats(100, 0));
        QCOMPARE(chats.size(), 1);
        QCOMPARE(chats[0].title, u"Renamed"_s);
        QCOMPARE(chats[0].currentLeaf, u"m2"_s);
        QVERIFY(!chats[0].thinking);
        const QList<MessageRecord> messages = *resultOf(store.messages(u"a"_s));
        QCOMPARE(messages.size(), 2);
        QCOMPARE(messages[1], answer);
        QCOMPARE(messages[0].attachments.size(), 1);
        QCOMPARE(messages[0].attachments[0].name, u"cat.png"_s);
        QCOMPARE(*resultOf(store.attachment(messages[0].attachments[0].hash)), "bytes");
        QVERIFY(store.recovery().isEmpty());
        QVERIFY(store.trouble().isEmpty());
    }

    void pinnedFirstThenNewest() {
        ChatStore store(folder->path());
        for (int i = 0; i < 5; ++i) {
            ChatRecord chat = chatOf(QString::number(i), QString::number(i));
            chat.updatedAt = QDateTime::fromMSecsSinceEpoch(i * 1000);
            chat.pinned = i == 1;
            store.createChat(chat);
        }
        const auto ids = [](const QList<ChatRecord>& chats) {
            QStringList result;
            for (const ChatRecord& chat : chats)
                result.append(chat.id);
            return result.join(u' ');
        };
        QCOMPARE(ids(*resultOf(store.chats(100, 0))), u"1 4 3 2 0"_s);
        QCOMPARE(ids(*resultOf(store.chats(2, 2))), u"3 2"_s);
    }

    void trashAndRestore() {
        ChatStore store(folder->path());
        store.createChat(chatOf(u"a"_s, u"A"_s));
        QVERIFY(resultOf(store.trashChat(u"a"_s)));
        QCOMPARE(resultOf(store.chats(10, 0))->size(), 0);
        QVERIFY(resultOf(store.chat(u"a"_s))->deletedAt.isValid());
        QVERIFY(resultOf(store.restoreChat(u"a"_s)));
        QCOMPARE(resultOf(store.chats(10, 0))->size(), 1);
    }

    void oldTrashGoesWithItsAttachments() {
        QString hash;
        {
            ChatStore store(folder->path());
            store.createChat(chatOf(u"a"_s, u"A"_s));
            hash = *resultOf(store.storeAttachment("picture"));
            MessageRecord message = messageOf(u"m"_s, u"a"_s, MessageState::Complete);
            message.attachments = {{hash, {}, {}, 0, 0, 0, 7}};
            store.addMessage(message);
            QVERIFY(resultOf(store.trashChat(u"a"_s)));
        }
        runOutside(folder->path(), u"UPDATE chat SET deleted_at = deleted_at - 31 * 86400000"_s);
        ChatStore store(folder->path());
        QCOMPARE(resultOf(store.chat(u"a"_s)).error().kind, ErrorKind::NotFound);
        QCOMPARE(resultOf(store.attachment(hash)).error().kind, ErrorKind::NotFound);
    }

    void streamsInPartsAndFinishes() {
        ChatStore store(folder->path());
        store.createChat(chatOf(u"a"_s, u"A"_s));
        MessageRecord message = messageOf(u"m"_s, u"a"_s, MessageState::Streaming);
        store.addMessage(message);
        {
            StreamWriter writer(store, u"m"_s);
            writer.append(TextChannel::Thought, u"one "_s);
            writer.append(TextChannel::Thought, u"two"_s);
            writer.append(TextChannel::Answer, u"three"_s);
        }
        // A reader in between sees what has come by now.
        MessageRecord read = resultOf(store.messages(u"a"_s))->front();
        QCOMPARE(read.thought, u"one two"_s);
        QCOMPARE(read.answer, u"three"_s);
        QCOMPARE(read.state, MessageState::Streaming);
        message.thought = u"one two"_s;
        message.answer = u"three and four"_s;
        message.state = MessageState::Complete;
        QVERIFY(resultOf(store.finishMessage(message)));
        read = resultOf(store.messages(u"a"_s))->front();
        QCOMPARE(read.thought, u"one two"_s);
        QCOMPARE(read.answer, u"three and four"_s);
        QCOMPARE(read.state, MessageState::Complete);
    }

    void theWriterPassesOnAtTwoKilobytesAndAfterAQuarterSecond() {
        ChatStore store(folder->path());
        store.createChat(chatOf(u"a"_s, u"A"_s));
        store.addMessage(messageOf(u"m"_s, u"a"_s, MessageState::Streaming));
        StreamWriter writer(store, u"m"_s);
        const auto stored = [&] { return resultOf(store.messages(u"a"_s))->front().answer.size(); };
        writer.append(TextChannel::Answer, QString(2047, u'x'));
        QCOMPARE(stored(), 0);
        writer.append(TextChannel::Answer, u"x"_s);
        QCOMPARE(stored(), 2048);
        writer.append(TextChannel::Answer, u"y"_s);
        QTRY_COMPARE_WITH_TIMEOUT(stored(), 2049, 2000);
    }

    void leftoversBecomeInterrupted() {
        {
            ChatStore store(folder->path());
            store.createChat(chatOf(u"a"_s, u"A"_s));
            store.addMessage(messageOf(u"m"_s, u"a"_s, MessageState::Streaming));
            store.addMessage(messageOf(u"q"_s, u"a"_s, MessageState::Queued));
            store.appendPart(u"m"_s, TextChannel::Thought, u"why "_s);
            store.appendPart(u"m"_s, TextChannel::Answer, u"be"_s);
            store.appendPart(u"m"_s, TextChannel::Answer, u"cause"_s);
            QVERIFY(store.flush());
        }
        runOutside(folder->path(), u"UPDATE setting SET value = '1' WHERE key = 'running'"_s);
        ChatStore store(folder->path());
        const QList<MessageRecord> messages = *resultOf(store.messages(u"a"_s));
        QCOMPARE(messages[0].state, MessageState::Interrupted);
        QCOMPARE(messages[0].thought, u"why "_s);
        QCOMPARE(messages[0].answer, u"because"_s);
        QCOMPARE(messages[1].state, MessageState::Interrupted);
        QTRY_VERIFY(store.recovery().contains(u"ended unexpectedly"_s));
    }

    void aFullDiskKeepsTheTextInMemory() {
        ChatStore store(folder->path(), {.retryInterval = std::chrono::milliseconds(50)});
        QVERIFY(resultOf(store.createChat(chatOf(u"a"_s, u"A"_s))));
        store.addMessage(messageOf(u"m"_s, u"a"_s, MessageState::Streaming));
        const QString piece(20'000, u'x');
        QFuture<Expected<void>> last;
        QString hash;
        {
            // No file of this process may grow beyond what it takes to get going.
            const FileSizeLimit limit(200'000);
            for (int i = 0; i < 20; ++i)
                last = store.appendPart(u"m"_s, TextChannel::Answer, piece);
            QTRY_VERIFY(store.trouble().contains(u"kept in memory"_s));
            hash = *resultOf(store.storeAttachment(QByteArray(300'000, 'y')));
            QCOMPARE(resultOf(store.attachment(hash))->size(), 300'000);
            QVERIFY(store.flush());
            QVERIFY(!last.isFinished());
        }
        QVERIFY(resultOf(last));
        QTRY_VERIFY(store.trouble().isEmpty());
        QCOMPARE(resultOf(store.messages(u"a"_s))->front().answer.size(), 20 * piece.size());
        QVERIFY(QFile::exists(folder->filePath(u"attachments/"_s + hash.first(2) + u'/' + hash)));
    }

    void aReadOnlyFolderIsReadAndSaidSo() {
        {
            ChatStore store(folder->path());
            QVERIFY(resultOf(store.createChat(chatOf(u"a"_s, u"A"_s))));
        }
        const QString database = folder->filePath(u"chats.db"_s);
        // The process keeps its group when it becomes somebody else.
        constexpr auto kRead = QFile::ReadOwner | QFile::ReadGroup | QFile::ReadOther;
        constexpr auto kEnter = QFile::ExeOwner | QFile::ExeGroup | QFile::ExeOther;
        QFile::setPermissions(folder->path(), kRead | kEnter);
        QFile::setPermissions(database, kRead);
        auto ordinary = std::make_unique<OrdinaryUser>();
        if (QFileInfo(folder->path()).isWritable())
            QSKIP("this user may write everywhere");
        ChatStore store(folder->path(), {.retryInterval = std::chrono::milliseconds(50)});
        QCOMPARE(resultOf(store.chats(10, 0))->size(), 1);
        QTRY_VERIFY(store.trouble().contains(u"cannot be written"_s));
        const auto waiting = store.createChat(chatOf(u"b"_s, u"B"_s));
        QVERIFY(store.flush());
        QVERIFY(!waiting.isFinished());
        ordinary.reset();
        QFile::setPermissions(folder->path(),
                              QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
        QFile::setPermissions(database, QFile::ReadOwner | QFile::WriteOwner);
        QVERIFY(resultOf(waiting));
        QTRY_VERIFY(store.trouble().isEmpty());
        QCOMPARE(resultOf(store.chats(10, 0))->size(), 2);
    }

    void aFolderThatCannotBeMadeKeepsChatsInMemory() {
        QFile file(folder->filePath(u"file"_s));
        QVERIFY(file.open(QIODevice::WriteOnly));
        ChatStore store(folder->filePath(u"file/below"_s));
        QVERIFY(resultOf(store.createChat(chatOf(u"a"_s, u"A"_s))));
        QCOMPARE(resultOf(store.chats(10, 0))->size(), 1);
        QTRY_VERIFY(store.trouble().contains(u"gone when Lapidary ends"_s));
    }

    void aNewerVersionIsOnlyRead() {
        {
            ChatStore store(folder->path());
            QVERIFY(resultOf(store.createChat(chatOf(u"a"_s, u"A"_s))));
        }
        runOutside(folder->path(), u"UPDATE schema_version SET version = 999"_s);
        {
            ChatStore store(folder->path());
            QCOMPARE(resultOf(store.chats(10, 0))->size(), 1);
            QTRY_VERIFY(store.trouble().contains(u"newer Lapidary"_s));
            const auto refused = store.createChat(chatOf(u"b"_s, u"B"_s));
            QVERIFY(store.flush());
            QVERIFY(!refused.isFinished());
        }
        runOutside(folder->path(), u"UPDATE schema_version SET version = 1"_s);
        ChatStore store(folder->path());
        QCOMPARE(resultOf(store.chats(10, 0))->size(), 1);
    }

    void aDamagedFileIsKeptAside_data() {
        QTest::addColumn<bool>("middle");
        QTest::newRow("no database at all") << false;
        QTest::newRow("torn in the middle") << true;
    }

    void aDamagedFileIsKeptAside() {
        QFETCH(bool, middle);
        {
            ChatStore store(folder->path());
            for (int i = 0; i < 50; ++i)
                store.createChat(chatOf(QString::number(i), QString(2000, u'x')));
            QVERIFY(store.flush());
        }
        QFile file(folder->filePath(u"chats.db"_s));
        QVERIFY(file.open(QIODevice::ReadWrite));
        const QByteArray rubbish(8192, '\x5a');
        QVERIFY(file.seek(middle ? 5 * 4096 : 0));
        QCOMPARE(file.write(rubbish), rubbish.size());
        file.close();
        ChatStore store(folder->path());
        QVERIFY(resultOf(store.createChat(chatOf(u"new"_s, u"New"_s))));
        QCOMPARE(resultOf(store.chats(10, 0))->size(), 1);
        QTRY_VERIFY(store.trouble().contains(u"damaged"_s));
        const QStringList kept = QDir(folder->path()).entryList({u"chats.damaged-*.db"_s});
        QCOMPARE(kept.size(), 1);
        QFile aside(folder->filePath(kept.front()));
        QVERIFY(aside.open(QIODevice::ReadOnly));
        QVERIFY(aside.readAll().contains(rubbish));
    }

    void attachmentsAreNamedByTheirBytes() {
        ChatStore store(folder->path());
        const QString hash = *resultOf(store.storeAttachment("abc"));
        QCOMPARE(hash, u"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"_s);
        QCOMPARE(*resultOf(store.storeAttachment("abc")), hash);
        const QString path = folder->filePath(u"attachments/ba/"_s + hash);
        QVERIFY(QFile::exists(path));
        QFile file(path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write("changed");
        file.close();
        QCOMPARE(resultOf(store.attachment(hash)).error().kind, ErrorKind::Corrupt);
        for (const QString& wrong : {u"../../chats.db"_s, u""_s, u"x"_s, QString(64, u'.')})
            QCOMPARE(resultOf(store.attachment(wrong)).error().kind, ErrorKind::NotFound);
    }

    void settingsOfTheHistory() {
        ChatStore store(folder->path());
        QVERIFY(resultOf(store.setting(u"lastChat"_s))->isEmpty());
        store.setSetting(u"lastChat"_s, u"a"_s);
        store.setSetting(u"lastChat"_s, u"b"_s);
        QCOMPARE(*resultOf(store.setting(u"lastChat"_s)), u"b"_s);
    }

    void whatIsNotThereIsSaid() {
        ChatStore store(folder->path());
        QCOMPARE(resultOf(store.chat(u"no"_s)).error().kind, ErrorKind::NotFound);
        QCOMPARE(resultOf(store.updateChat(chatOf(u"no"_s, {}))).error().kind, ErrorKind::NotFound);
        QCOMPARE(resultOf(store.finishMessage(messageOf(u"no"_s, u"no"_s, MessageState::Complete)))
                     .error()
                     .kind,
                 ErrorKind::NotFound);
    }

    /// experience.md 8, line 3, the part of the history: a chat of 1,000 messages.
    void aThousandMessagesAreReadInAFrameOrSo() {
        ChatStore store(folder->path());
        store.createChat(chatOf(u"a"_s, u"A"_s));
        for (int i = 0; i < 1000; ++i) {
            MessageRecord message = messageOf(QString::number(i), u"a"_s, MessageState::Complete);
            message.answer = QString(1000, u'x');
            store.addMessage(message);
        }
        QVERIFY(store.flush(std::chrono::seconds(60)));
        QElapsedTimer time;
        time.start();
        QCOMPARE(resultOf(store.messages(u"a"_s))->size(), 1000);
        qInfo() << "1,000 messages in" << time.elapsed() << "ms";
        QVERIFY(time.elapsed() < 1000);
    }

private:
    std::unique_ptr<QTemporaryDir> folder;
};

const Registered<ChatStoreTest> registered;

} // namespace

#include "chat_store_test.moc"
