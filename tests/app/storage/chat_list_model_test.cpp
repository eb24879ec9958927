#include "storage/chat_list_model.h"

#include "registry.h"
#include "storage/chat_store.h"
#include "store_waiting.h"

#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

namespace {

using namespace Qt::StringLiterals;
using namespace lapidary::app;

ChatRecord chatOf(const QString& id, const QDateTime& updated) {
    ChatRecord chat;
    chat.id = id;
    chat.title = u"Chat "_s + id;
    chat.model = u"/models/gemma-4-12b"_s;
    chat.createdAt = updated;
    chat.updatedAt = updated;
    return chat;
}

class ChatListModelTest : public QObject {
    Q_OBJECT

private slots:
    void init() {
        folder = std::make_unique<QTemporaryDir>();
        store = std::make_unique<ChatStore>(folder->path());
        model = std::make_unique<ChatListModel>(*store);
        tester = std::make_unique<QAbstractItemModelTester>(
            model.get(), QAbstractItemModelTester::FailureReportingMode::QtTest);
    }
    void cleanup() {
        tester.reset();
        model.reset();
        store.reset();
    }

    void comesInPagesOfAHundred() {
        const QDateTime now = QDateTime::currentDateTime();
        for (int i = 0; i < 250; ++i)
            store->createChat(chatOf(QString::number(i), now.addSecs(-i)));
        ChatListModel pages(*store); // nobody but this test asks it for more
        QSignalSpy loaded(&pages, &ChatListModel::loaded);
        pages.reload();
        for (const int expected : {100, 200, 250}) {
            QTRY_COMPARE(loaded.count(), 1);
            QCOMPARE(pages.count(), expected);
            loaded.clear();
            pages.fetchMore({});
        }
        QVERIFY(!pages.canFetchMore({}));
        QCOMPARE(pages.index(249).data(ChatListModel::ChatIdRole).toString(), u"249"_s);
    }

    void groupsByAge() {
        const QDateTime now = QDateTime::currentDateTime();
        const QDateTime noon(now.date(), QTime(12, 0));
        ChatRecord pinned = chatOf(u"p"_s, noon.addDays(-400));
        pinned.pinned = true;
        store->createChat(pinned);
        store->createChat(chatOf(u"a"_s, now));
        store->createChat(chatOf(u"b"_s, noon.addDays(-1)));
        store->createChat(chatOf(u"c"_s, noon.addDays(-5)));
        store->createChat(chatOf(u"d"_s, QDateTime(QDate(2024, 11, 3), QTime(12, 0))));
        load();
        const QStringList groups = {u"Pinned"_s, u"Today"_s, u"Yesterday"_s, u"Previous 7 days"_s,
                                    QLocale().toString(QDate(2024, 11, 3), u"MMMM yyyy"_s)};
        for (int row = 0; row < groups.size(); ++row)
            QCOMPARE(text(row, ChatListModel::GroupRole), groups[row]);
        QVERIFY(text(1, ChatListModel::DetailRole).startsWith(u"gemma-4-12b · "_s));
    }

    void aChangedChatMovesToTheTop() {
        const QDateTime now = QDateTime::currentDateTime();
        for (int i = 0; i < 4; ++i)
            store->createChat(chatOf(QString::number(i), now.addSecs(-60 * (i + 1))));
        load();
        QSignalSpy moved(model.get(), &ChatListModel::rowsMoved);
        QSignalSpy reset(model.get(), &ChatListModel::modelReset);
        ChatRecord chat = model->record(u"2"_s);
        chat.updatedAt = now;
        model->noteChanged(chat);
        QCOMPARE(order(), u"2 0 1 3"_s);
        QCOMPARE(moved.count(), 1);
        model->setPinned(u"3"_s, true);
        QCOMPARE(order(), u"3 2 0 1"_s);
        model->setPinned(u"3"_s, false);
        QCOMPARE(order(), u"2 0 1 3"_s);
        model->noteChanged(chatOf(u"new"_s, now.addSecs(1)));
        QCOMPARE(order(), u"new 2 0 1 3"_s);
        QCOMPARE(reset.count(), 0);
    }

    void renamingIsStored() {
        store->createChat(chatOf(u"a"_s, QDateTime::currentDateTime()));
        load();
        model->rename(u"a"_s, u"  Own title "_s);
        QCOMPARE(text(0, ChatListModel::TitleRole), u"Own title"_s);
        model->rename(u"a"_s, u"  "_s);
        const ChatRecord chat = *resultOf(store->chat(u"a"_s));
        QCOMPARE(chat.title, u"Own title"_s);
        QVERIFY(chat.titleIsOwn);
    }

    void trashCanBeUndone() {
        const QDateTime now = QDateTime::currentDateTime();
        for (int i = 0; i < 3; ++i)
            store->createChat(chatOf(QString::number(i), now.addSecs(-i)));
        load();
        QSignalSpy trashed(model.get(), &ChatListModel::trashed);
        model->trash(u"1"_s);
        QCOMPARE(order(), u"0 2"_s);
        QCOMPARE(trashed.count(), 1);
        QCOMPARE(model->undoTitle(), u"Chat 1"_s);
        QCOMPARE(resultOf(store->chats(10, 0))->size(), 2);
        model->undoTrash();
        QCOMPARE(order(), u"0 1 2"_s);
        QVERIFY(model->undoTitle().isEmpty());
        QCOMPARE(resultOf(store->chats(10, 0))->size(), 3);
    }

    void marksChangeOneRole() {
        store->createChat(chatOf(u"a"_s, QDateTime::currentDateTime()));
        load();
        QSignalSpy changed(model.get(), &ChatListModel::dataChanged);
        model->setMark(u"a"_s, ChatListModel::Mark::Writing);
        QCOMPARE(changed.count(), 1);
        QCOMPARE(changed.first().at(2).value<QList<int>>(), QList<int>{ChatListModel::MarkRole});
        QCOMPARE(model->index(0).data(ChatListModel::MarkRole).value<ChatListModel::Mark>(),
                 ChatListModel::Mark::Writing);
        model->setMark(u"a"_s, ChatListModel::Mark::Writing);
        QCOMPARE(changed.count(), 1);
    }

private:
    void load() {
        QSignalSpy loaded(model.get(), &ChatListModel::loaded);
        model->reload();
        QTRY_COMPARE(loaded.count(), 1);
    }
    QString text(int row, int role) const { return model->index(row).data(role).toString(); }
    QString order() const {
        QStringList ids;
        for (int row = 0; row < model->count(); ++row)
            ids.append(text(row, ChatListModel::ChatIdRole));
        return ids.join(u' ');
    }

    std::unique_ptr<QTemporaryDir> folder;
    std::unique_ptr<ChatStore> store;
    std::unique_ptr<ChatListModel> model;
    std::unique_ptr<QAbstractItemModelTester> tester;
};

const Registered<ChatListModelTest> registered;

} // namespace

#include "chat_list_model_test.moc"
