#include "window_under_test.h"

#include <chat/chat_model.h>
#include <chat/statistics_text.h>

#include <QElapsedTimer>
#include <QMimeData>

using namespace lapidary;
using namespace Qt::StringLiterals;

namespace {

/// A copy of the demo model that says of itself that it reads 128 k tokens.
void copyWithLongContext(const QString& to) {
    const QDir demo(QStringLiteral(LAPIDARY_RESOURCES "/demo-model"));
    QDir().mkpath(to);
    for (const QString& name : demo.entryList(QDir::Files))
        if (!QFile::copy(demo.filePath(name), to + u'/' + name))
            qFatal("cannot copy %s", qPrintable(name));
    QFile config(to + u"/config.json"_s);
    if (!config.open(QIODevice::ReadWrite))
        qFatal("cannot change config.json");
    QByteArray text = config.readAll();
    text.replace("\"max_position_embeddings\": 4096", "\"max_position_embeddings\": 131072");
    config.resize(0);
    config.seek(0);
    config.write(text);
}

} // namespace

/// The window over the engine and the model that ships: how soon it answers, and how soon it is
/// silent (experience.md 8, lines 1 and 11).
class DemoModelTest : public QObject {
    Q_OBJECT

private slots:
    void windowAndAnswerComeSoon();
    void stopEndsALongPrompt();
    void stopEndsAPromptOf128k();
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
    QVERIFY(static_cast<double>(window.firstFrameMs()) <= 500 * timeFactor());
    QVERIFY(static_cast<double>(answered) <= 2000 * timeFactor());
    window.waitUntilStill();
}

/// Stops the answer with Esc, which must be silent within a second.
static void escape(WindowUnderTest& window) {
    QElapsedTimer clock;
    clock.start();
    window.key(Qt::Key_Escape);
    QTRY_VERIFY(!window.chat()->isBusy());
    qInfo("silent %lld ms after Esc", clock.elapsed());
    QVERIFY(static_cast<double>(clock.elapsed()) < 1000 * timeFactor());
    QCOMPARE(window.message(1)->record().state, app::MessageState::Stopped);
}

void DemoModelTest::stopEndsALongPrompt() {
    WindowUnderTest window({}, WindowUnderTest::Runs::DemoModel);
    QString question;
    for (int i = 0; i < 700; ++i)
        question += u"Stone %1 is grey. "_s.arg(i % 10);
    window.chat()->composer()->setText(question.left(5000));
    window.chat()->send();
    QTRY_VERIFY_WITH_TIMEOUT(window.message(1)->promptFraction() > 0.05, 20'000);
    escape(window);
    if (QTest::currentTestFailed())
        return;
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

/// In the first thousands of its tokens: reading them all takes minutes here. Near their end the
/// engine is tested alone (tests/engine/generation/long_prompt_test.cpp).
void DemoModelTest::stopEndsAPromptOf128k() {
    const QTemporaryDir folder;
    copyWithLongContext(folder.path() + u"/long"_s);
    WindowUnderTest window({}, WindowUnderTest::Runs::DemoModel);
    app::ModelPicker& picker = *window.application().picker();
    picker.setRecipeRow(picker.recipes()->rowOf(u"long-context"_s));
    window.application().open({}, folder.path() + u"/long"_s);
    QTRY_COMPARE_WITH_TIMEOUT(window.application().engine()->contextLimit(), 131'072, 20'000);
    QMimeData text;
    text.setText(u"one two three "_s.repeated(40'000));
    QVERIFY(window.chat()->composer()->take(text, false).isEmpty());
    window.chat()->composer()->setText(u"What is this?"_s);
    QTRY_VERIFY(window.chat()->composer()->canSend());
    window.chat()->send();
    QTRY_VERIFY_WITH_TIMEOUT(window.message(1)->promptFraction() > 0.01, 60'000);
    escape(window);
    if (QTest::currentTestFailed())
        return;
    const QString stopped = window.message(1)->record().statistics;
    QVERIFY2(app::statisticsFromJson(stopped).promptTokens > 100'000, qPrintable(stopped));
    QCOMPARE(window.message(0)->text(), u"What is this?"_s);
    QCOMPARE(window.message(0)->attachments().size(), 1);

    // The next question begins with what was read.
    window.chat()->regenerate();
    QTRY_VERIFY_WITH_TIMEOUT(window.message(1)->promptFraction() > 0, 20'000);
    window.chat()->stop();
    window.waitUntilStill();
    const int reused = app::statisticsFromJson(window.message(1)->record().statistics).reusedTokens;
    QVERIFY2(reused > 1000, qPrintable(QString::number(reused)));
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
