#include "window_under_test.h"

#include <chat/chat_model.h>

#include <QElapsedTimer>

using namespace lapidary;
using namespace Qt::StringLiterals;

/// The window over the engine and the model that ships: how soon it answers, and how soon it is
/// silent (experience.md 8, lines 1 and 11).
class DemoModelTest : public QObject {
    Q_OBJECT

private slots:
    void windowAndAnswerComeSoon();
    void stopEndsALongPrompt();
    void promptsLongerThanTheContextAreHeldBack();
};

void DemoModelTest::windowAndAnswerComeSoon() {
    const WindowUnderTest warm({}, WindowUnderTest::Runs::DemoModel);
    QElapsedTimer clock;
    clock.start();
    WindowUnderTest window({}, WindowUnderTest::Runs::DemoModel);
    window.chat()->composer()->setText(u"What is Lapidary?"_s);
    window.chat()->send();
    QTRY_VERIFY_WITH_TIMEOUT(!window.message(1)->record().answer.isEmpty(), 10'000);
    const qint64 answered = clock.elapsed();
    qInfo("window after %lld ms, answer text after %lld ms", window.firstFrameMs(), answered);
    QVERIFY(window.firstFrameMs() <= 500);
    QVERIFY(answered <= 2000);
    window.waitUntilStill();
}

void DemoModelTest::stopEndsALongPrompt() {
    WindowUnderTest window({}, WindowUnderTest::Runs::DemoModel);
    QString question;
    for (int i = 0; i < 700; ++i)
        question += u"Stone %1 is grey. "_s.arg(i % 10);
    window.chat()->composer()->setText(question.left(5000));
    window.chat()->send();
    QTRY_VERIFY_WITH_TIMEOUT(window.message(1)->promptFraction() > 0.05, 20'000);
    QElapsedTimer clock;
    clock.start();
    window.key(Qt::Key_Escape);
    QTRY_VERIFY(!window.chat()->isBusy());
    qInfo("silent %lld ms after Esc", clock.elapsed());
    QVERIFY(clock.elapsed() < 1000);
    QCOMPARE(window.message(1)->record().state, app::MessageState::Stopped);
    QCOMPARE(window.message(0)->text(), question.left(5000).trimmed());

    // What was read before the stop is not read again.
    window.chat()->regenerate();
    QTRY_VERIFY_WITH_TIMEOUT(
        !window.message(1)->record().answer.isEmpty() || window.message(1)->isThinking(), 60'000);
    window.chat()->stop();
    window.waitUntilStill();
    const QString statistics = window.message(1)->record().statistics;
    QVERIFY2(!statistics.contains(u"\"reusedTokens\":0"_s), qPrintable(statistics));
}

void DemoModelTest::promptsLongerThanTheContextAreHeldBack() {
    WindowUnderTest window({}, WindowUnderTest::Runs::DemoModel);
    window.chat()->composer()->setText(u"one two three "_s.repeated(3000));
    QTRY_VERIFY_WITH_TIMEOUT(window.chat()->overflows(), 10'000);
    QVERIFY2(window.chat()->line().contains(u"4,096 tokens"_s), qPrintable(window.chat()->line()));
    QVERIFY(window.find(u"Send"_s) == nullptr);
    window.chat()->send();
    QCOMPARE(window.chat()->rowCount(), 0);
    QVERIFY(!window.chat()->composer()->isEmpty());
}

QTEST_MAIN(DemoModelTest)
#include "demo_model_test.moc"
