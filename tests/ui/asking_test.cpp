#include "samples.h"
#include "window_under_test.h"

#include <chat/chat_model.h>

#include <QAbstractItemModelTester>
#include <QClipboard>
#include <QGuiApplication>
#include <QMimeData>

using namespace lapidary;
using namespace Qt::StringLiterals;

/// A question is typed, sent and answered; asked again, edited, queued, stopped and copied.
class AskingTest : public QObject {
    Q_OBJECT

private slots:
    void questionIsTypedSentAndAnswered();
    void stopKeepsTheText();
    void answeringAgainMakesABranch();
    void editingMakesABranchAndLosesNothing();
    void nextMessageWaitsAndCanBeWithdrawn();
    void waitingNamesTheAnswerBefore();
    void failureIsSaidInItsPlace();
    void stoppedAnswerContinues();
    void copyGivesTheModelsMarkdown();
};

void AskingTest::questionIsTypedSentAndAnswered() {
    WindowUnderTest window;
    const QAbstractItemModelTester tester(window.chat()->rows(),
                                          QAbstractItemModelTester::FailureReportingMode::QtTest);
    window.scripts().add({.answer = kRichAnswer, .tokensPerSecond = 2000});
    window.type(u"Hello there"_s);
    QCOMPARE(window.chat()->composer()->text(), u"Hello there"_s);
    window.key(Qt::Key_Return, Qt::ShiftModifier);
    window.type(u"again"_s);
    window.key(Qt::Key_Return);
    QCOMPARE(window.chat()->rowCount(), 2);
    QCOMPARE(window.chat()->composer()->text(), QString());
    QTRY_VERIFY(window.find(u"Stop"_s) != nullptr);
    window.waitUntilStill();
    QCOMPARE(window.message(0)->text(), u"Hello there\nagain"_s);
    QCOMPARE(window.message(1)->record().answer.toStdString(), kRichAnswer);
    QCOMPARE(window.message(1)->record().state, app::MessageState::Complete);
    QVERIFY(window.message(1)->statisticsLine().contains(u"tok/s"_s));
    QVERIFY(window.message(1)->statisticsLine().contains(u"first token 80 ms"_s));
    QCOMPARE(window.chat()->title(), u"Hello there"_s);
    QTRY_COMPARE(window.application().chats()->rowCount(), 1);
    QVERIFY(window.find(u"Send"_s) == nullptr); // disabled: there is nothing to send
}

void AskingTest::stopKeepsTheText() {
    WindowUnderTest window;
    window.scripts().add({.answer = std::string(4000, 'x'), .tokensPerSecond = 100});
    window.chat()->composer()->setText(u"Go"_s);
    window.chat()->send();
    QTRY_VERIFY(window.message(1)->record().answer.size() > 20);
    window.key(Qt::Key_Escape);
    window.waitUntilStill();
    QCOMPARE(window.message(1)->record().state, app::MessageState::Stopped);
    QVERIFY(window.message(1)->record().answer.size() > 20);
    QCOMPARE(window.message(1)->stateLine(), u"Stopped"_s);
}

void AskingTest::answeringAgainMakesABranch() {
    WindowUnderTest window;
    window.scripts().add({.answer = "First."});
    window.scripts().add({.answer = "Second."});
    window.ask(u"Which?"_s);
    window.key(Qt::Key_R, Qt::ControlModifier);
    window.waitUntilStill();
    QCOMPARE(window.chat()->rowCount(), 2);
    QCOMPARE(window.message(1)->record().answer, u"Second."_s);
    QCOMPARE(window.message(1)->branchCount(), 2);
    window.click(u"Version before"_s);
    QTRY_COMPARE(window.message(1)->record().answer, u"First."_s);
    QCOMPARE(window.message(1)->branch(), 1);
}

void AskingTest::editingMakesABranchAndLosesNothing() {
    WindowUnderTest window;
    window.scripts().add({.answer = "First."});
    window.scripts().add({.answer = "Second."});
    window.ask(u"Old question"_s);
    window.key(Qt::Key_Up);
    QTRY_VERIFY(window.find(u"Edit the question"_s) != nullptr);
    window.key(Qt::Key_A, Qt::ControlModifier);
    window.type(u"New question"_s);
    window.key(Qt::Key_Return, Qt::ControlModifier);
    QTRY_COMPARE(window.message(0)->text(), u"New question"_s);
    window.waitUntilStill();
    QCOMPARE(window.message(1)->record().answer, u"Second."_s);
    QCOMPARE(window.message(0)->branchCount(), 2);
    window.chat()->showBranch(window.message(0)->id(), -1);
    QCOMPARE(window.message(0)->text(), u"Old question"_s);
    QCOMPARE(window.message(1)->record().answer, u"First."_s);
}

void AskingTest::nextMessageWaitsAndCanBeWithdrawn() {
    WindowUnderTest window;
    window.scripts().add({.answer = "One.", .holds = true});
    window.scripts().add({.answer = "Two."});
    window.chat()->composer()->setText(u"First"_s);
    window.chat()->send();
    QTRY_VERIFY(!window.message(1)->record().answer.isEmpty());
    window.type(u"Second"_s);
    window.key(Qt::Key_Return);
    QVERIFY(window.chat()->hasQueued());
    QCOMPARE(window.chat()->rowCount(), 2);
    window.click(u"Edit the next message"_s);
    QTRY_COMPARE(window.chat()->composer()->text(), u"Second"_s);
    window.chat()->send();
    QVERIFY(window.chat()->hasQueued());
    window.scripts().release();
    QTRY_COMPARE(window.chat()->rowCount(), 4);
    window.waitUntilStill();
    QCOMPARE(window.message(3)->record().answer, u"Two."_s);
}

void AskingTest::waitingNamesTheAnswerBefore() {
    WindowUnderTest window;
    const auto askInNewChat = [&](const QString& question) {
        window.application().openChats()->newChat();
        window.chat()->composer()->setText(question);
        window.chat()->send();
    };
    window.scripts().add({.answer = "One.", .holds = true});
    askInNewChat(u"Rivers"_s);
    QTRY_VERIFY(!window.message(1)->record().answer.isEmpty());
    const QString rivers = window.chat()->chatId();
    askInNewChat(u"Lakes"_s);
    const app::ChatMessage* lakes = window.message(1);
    QTRY_COMPARE(lakes->stateLine(), u"Waiting for the answer in “Rivers”"_s);
    askInNewChat(u"Seas"_s);
    const QString third = window.chat()->chatId();
    const app::ChatMessage* seas = window.message(1);
    QTRY_COMPARE(seas->stateLine(),
                 u"Waiting for 2 answers before this one, now the one in “Rivers”"_s);
    window.application().chats()->rename(rivers, u"Streams"_s);
    QCOMPARE(lakes->stateLine(), u"Waiting for the answer in “Streams”"_s);
    window.scripts().add({.answer = "Two.", .holds = true});
    window.scripts().add({.answer = "Three."});
    window.application().openChats()->show(rivers);
    QTRY_COMPARE(window.chat()->chatId(), rivers);
    window.chat()->stop();
    QTRY_COMPARE(seas->stateLine(), u"Waiting for the answer in “Lakes”"_s);
    QTRY_COMPARE(lakes->record().answer, u"Two."_s);
    window.application().openChats()->show(third);
    window.scripts().release();
    QTRY_VERIFY(!seas->isBusy());
    QCOMPARE(seas->record().answer, u"Three."_s);
}

void AskingTest::failureIsSaidInItsPlace() {
    WindowUnderTest window;
    window.scripts().add({.answer = "So far",
                          .reason = engine::FinishReason::Failed,
                          .error = "Memory ran out after 2 tokens; the text so far is kept."});
    window.ask(u"Fail"_s);
    QVERIFY(window.message(1)->hasFailed());
    QCOMPARE(window.message(1)->stateLine(),
             u"Memory ran out after 2 tokens; the text so far is kept."_s);
    QCOMPARE(window.message(1)->record().answer, u"So far"_s);
    QTRY_VERIFY(window.find(u"Try again"_s) != nullptr);
}

void AskingTest::stoppedAnswerContinues() {
    WindowUnderTest window;
    window.scripts().add({.answer = "Begun ", .reason = engine::FinishReason::Length});
    window.scripts().add({.answer = "and ended."});
    window.ask(u"Long"_s);
    QCOMPARE(window.message(1)->record().state, app::MessageState::LengthLimit);
    window.click(u"Continue"_s);
    window.waitUntilStill();
    QVERIFY(window.scripts().requests().back().continueLast);
    QCOMPARE(window.message(1)->record().answer, u"Begun and ended."_s);
    QCOMPARE(window.message(1)->record().state, app::MessageState::Complete);
}

void AskingTest::copyGivesTheModelsMarkdown() {
    WindowUnderTest window;
    window.scripts().add({.answer = kRichAnswer});
    window.ask(u"Copy"_s);
    window.key(Qt::Key_C, Qt::ControlModifier | Qt::ShiftModifier);
    QCOMPARE(QGuiApplication::clipboard()->text().toStdString(), kRichAnswer);
    QVERIFY(!QGuiApplication::clipboard()->mimeData()->hasHtml());
    window.key(Qt::Key_K, Qt::ControlModifier | Qt::ShiftModifier);
    QVERIFY(QGuiApplication::clipboard()->text().startsWith(u"def common_prefix"_s));
}

QTEST_MAIN(AskingTest)
#include "asking_test.moc"
