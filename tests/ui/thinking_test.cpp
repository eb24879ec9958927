#include "samples.h"
#include "window_under_test.h"

#include <chat/chat_model.h>

using namespace lapidary;
using namespace Qt::StringLiterals;

/// The reasoning pane and the switch that reaches the model.
class ThinkingTest : public QObject {
    Q_OBJECT

private slots:
    void thinkingIsShownLiveAndFoldsAway();
    void aHandOnTheThoughtKeepsItOpen();
    void switchingThinkingOffReachesTheModel();
};

void ThinkingTest::thinkingIsShownLiveAndFoldsAway() {
    WindowUnderTest window;
    window.scripts().add({.thought = kThought, .answer = "Done.", .tokensPerSecond = 150});
    window.chat()->composer()->setText(u"Think"_s);
    window.chat()->send();
    QTRY_VERIFY(window.message(1)->isThinking() && window.message(1)->thoughtTail().size() > 60);
    QVERIFY(window.message(1)->thoughtHeader().startsWith(u"Thinking…"_s));
    QVERIFY(!window.message(1)->thoughtOpen());
    window.waitUntilStill();
    QVERIFY2(window.message(1)->thoughtHeader().startsWith(u"Thought "_s),
             qPrintable(window.message(1)->thoughtHeader()));
    QVERIFY(!window.message(1)->thoughtOpen());
    const int folded = window.chat()->rows()->rowCount();
    window.click(window.message(1)->thoughtHeader() + u", show the thought"_s);
    QVERIFY(window.chat()->rows()->rowCount() > folded);
}

void ThinkingTest::aHandOnTheThoughtKeepsItOpen() {
    WindowUnderTest window;
    window.scripts().add({.thought = kThought, .answer = "Done.", .tokensPerSecond = 200});
    window.chat()->composer()->setText(u"Think"_s);
    window.chat()->send();
    QTRY_VERIFY(window.message(1)->isThinking());
    window.message(1)->chooseThoughtOpen(true);
    window.waitUntilStill();
    QVERIFY(window.message(1)->thoughtOpen());
}

void ThinkingTest::switchingThinkingOffReachesTheModel() {
    WindowUnderTest window;
    window.scripts().add({.promptChunks = 50});
    window.ask(u"One"_s);
    window.key(Qt::Key_T, Qt::ControlModifier);
    QVERIFY(window.find(u"Thinking off"_s) != nullptr);
    QVERIFY2(window.chat()->line().startsWith(u"The chat is read again: 5,"_s),
             qPrintable(window.chat()->line()));
    window.ask(u"Two"_s);
    const auto requests = window.scripts().requests();
    QCOMPARE(requests.size(), std::size_t{2});
    QVERIFY(requests[0].thinking);
    QVERIFY(!requests[1].thinking);
    QCOMPARE(requests[1].messages.size(), std::size_t{3});
}

QTEST_MAIN(ThinkingTest)
#include "thinking_test.moc"
