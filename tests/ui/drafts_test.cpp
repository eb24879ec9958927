#include "sample_files.h"
#include "samples.h"
#include "window_under_test.h"

#include <chat/chat_model.h>

#include <QPointer>

using namespace lapidary;
using namespace Qt::StringLiterals;

/// What is written and not sent stays with its chat: when the chat is left, over a restart, and
/// with what is attached.
class DraftsTest : public QObject {
    Q_OBJECT

private slots:
    void eachChatKeepsItsDraft();
    void whatIsStillReadIsKeptWhenTheChatIsLeft();
    void newChatKeepsItsDraftOverARestart();
    void deletedChatStaysDeletedWithItsDraft();
    void restartFindsTheHistoryAndTheDraft();
};

void DraftsTest::eachChatKeepsItsDraft() {
    WindowUnderTest window;
    const auto shown = [&] { return window.find(u"Message"_s)->property("text").toString(); };
    window.ask(u"First"_s);
    window.type(u"one"_s);
    window.key(Qt::Key_N, Qt::ControlModifier);
    QTRY_COMPARE(window.chat()->rowCount(), 0);
    QCOMPARE(shown(), QString());
    window.type(u"two"_s);
    window.key(Qt::Key_PageDown, Qt::ControlModifier);
    QTRY_COMPARE(window.chat()->rowCount(), 2);
    QCOMPARE(shown(), u"one"_s);
    window.type(u" more"_s);
    window.key(Qt::Key_N, Qt::ControlModifier);
    QTRY_COMPARE(window.chat()->rowCount(), 0);
    QCOMPARE(shown(), u"two"_s);
    window.key(Qt::Key_PageDown, Qt::ControlModifier);
    QTRY_COMPARE(shown(), u"one more"_s);
}

void DraftsTest::whatIsStillReadIsKeptWhenTheChatIsLeft() {
    WindowUnderTest window;
    window.ask(u"First"_s);
    const QString first = window.chat()->chatId();
    const QString file = writeFile(window.profile(), u"sky.png"_s, pngBytes(2400, 1600));
    window.chat()->composer()->attachFiles({QUrl::fromLocalFile(file)});
    QVERIFY(window.chat()->composer()->attachments().first()->isReading());
    const QPointer<app::ChatModel> left = window.chat();
    window.key(Qt::Key_N, Qt::ControlModifier);
    QTRY_VERIFY(window.chat()->isNew());
    QTRY_VERIFY2(left.isNull(), "the chat is kept open no longer than it needs");
    window.application().openChats()->show(first);
    QTRY_COMPARE(window.chat()->chatId(), first);
    QTRY_COMPARE(window.chat()->composer()->attachments().size(), 1);
    QTRY_VERIFY(window.chat()->composer()->canSend());
    QCOMPARE(window.chat()->composer()->attachments().first()->whole().size(), QSize(2400, 1600));
}

void DraftsTest::newChatKeepsItsDraftOverARestart() {
    QTemporaryDir profile;
    {
        WindowUnderTest window(profile.path());
        window.ask(u"First"_s);
        window.key(Qt::Key_N, Qt::ControlModifier);
        window.type(u"half a"_s);
        window.key(Qt::Key_PageDown, Qt::ControlModifier);
        QTRY_COMPARE(window.chat()->rowCount(), 2);
    }
    {
        WindowUnderTest window(profile.path());
        QTRY_COMPARE(window.chat()->title(), u"First"_s);
        window.key(Qt::Key_N, Qt::ControlModifier);
        QTRY_COMPARE(window.chat()->composer()->text(), u"half a"_s);
        window.type(u" thought"_s); // and the window closes at once
    }
    {
        WindowUnderTest window(profile.path());
        QTRY_COMPARE(window.chat()->composer()->text(), u"half a thought"_s);
        QVERIFY(window.chat()->isNew());
        window.chat()->send();
        window.waitUntilStill();
    }
    WindowUnderTest window(profile.path());
    QTRY_COMPARE(window.chat()->title(), u"half a thought"_s);
    window.key(Qt::Key_N, Qt::ControlModifier);
    QTRY_VERIFY(window.chat()->isNew());
    QVERIFY(window.chat()->composer()->isEmpty());
}

void DraftsTest::deletedChatStaysDeletedWithItsDraft() {
    WindowUnderTest window;
    window.ask(u"First"_s);
    window.type(u"not sent"_s);
    window.application().chats()->trash(window.chat()->chatId());
    QTRY_VERIFY(window.chat()->isNew());
    QCOMPARE(window.application().chats()->rowCount(), 0);
    QTest::qWait(600); // in which drafts are stored
    QCOMPARE(window.application().chats()->rowCount(), 0);
}

void DraftsTest::restartFindsTheHistoryAndTheDraft() {
    QTemporaryDir profile;
    {
        WindowUnderTest window(profile.path());
        window.scripts().add({.thought = kThought, .answer = kRichAnswer});
        const QString file = writeFile(profile.path(), u"sky.png"_s, pngBytes(64, 64));
        window.chat()->composer()->attachFiles({QUrl::fromLocalFile(file)});
        QTRY_VERIFY(window.chat()->composer()->canSend());
        window.ask(u"Remember me"_s);
        window.chat()->composer()->setText(u"half a thought"_s);
        QTest::qWait(900);
    }
    WindowUnderTest window(profile.path());
    QTRY_COMPARE(window.chat()->title(), u"Remember me"_s);
    QTRY_COMPARE(window.chat()->rowCount(), 2);
    QCOMPARE(window.message(1)->record().answer.toStdString(), kRichAnswer);
    QCOMPARE(window.message(1)->record().thought.toStdString(), kThought);
    QCOMPARE(window.chat()->composer()->text(), u"half a thought"_s);
    QTRY_VERIFY(!window.message(0)->attachments().first()->thumbnail().isNull());
}

QTEST_MAIN(DraftsTest)
#include "drafts_test.moc"
