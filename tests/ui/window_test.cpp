#include "samples.h"
#include "window_under_test.h"

#include <chat/chat_model.h>
#include <chat/view/conversation_view.h>

#include <QAbstractItemModelTester>
#include <QBuffer>
#include <QClipboard>
#include <QGuiApplication>
#include <QMimeData>
#include <QQmlProperty>
#include <QSignalSpy>
#include <QStyleHints>

using namespace lapidary;
using namespace Qt::StringLiterals;

namespace {

QByteArray png(int width, int height) {
    QImage image(width, height, QImage::Format_RGB32);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            image.setPixel(x, y, qRgb(40 + x * 160 / width, 90 + y * 120 / height, 190));
    QByteArray bytes;
    QBuffer buffer(&bytes);
    if (buffer.open(QIODevice::WriteOnly))
        image.save(&buffer, "PNG");
    return bytes;
}

QString writeFile(const QString& folder, const QString& name, const QByteArray& bytes) {
    QFile file(folder + u'/' + name);
    if (file.open(QIODevice::WriteOnly))
        file.write(bytes);
    return file.fileName();
}

} // namespace

/// The tour of issue 2 through the real window: what a person does, in the order they do it.
class WindowTest : public QObject {
    Q_OBJECT

private slots:
    void questionIsTypedSentAndAnswered();
    void stopKeepsTheText();
    void answeringAgainMakesABranch();
    void editingMakesABranchAndLosesNothing();
    void thinkingIsShownLiveAndFoldsAway();
    void aHandOnTheThoughtKeepsItOpen();
    void switchingThinkingOffReachesTheModel();
    void pictureGoesToTheModel();
    void brokenPictureIsSaidAndTheMessageStillGoes();
    void longPasteBecomesAnAttachment();
    void textTooLongForTheFieldStaysBesideIt();
    void nextMessageWaitsAndCanBeWithdrawn();
    void failureIsSaidInItsPlace();
    void stoppedAnswerContinues();
    void eachChatKeepsItsDraft();
    void newChatKeepsItsDraftOverARestart();
    void deletedChatStaysDeletedWithItsDraft();
    void restartFindsTheHistoryAndTheDraft();
    void pictureOpensLargeAndOutlivesItsFile();
    void droppedAndPastedPicturesAreAttached();
    void detailOfPicturesIsChosenWithTheRecipe();
    void copyGivesTheModelsMarkdown();
    void smallWindowCutsNothingOff();
};

void WindowTest::questionIsTypedSentAndAnswered() {
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
    QCOMPARE(window.chat()->title(), u"Hello there"_s);
    QTRY_COMPARE(window.application().chats()->rowCount(), 1);
    QVERIFY(window.find(u"Send"_s) == nullptr); // disabled: there is nothing to send
}

void WindowTest::stopKeepsTheText() {
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

void WindowTest::answeringAgainMakesABranch() {
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

void WindowTest::editingMakesABranchAndLosesNothing() {
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

void WindowTest::thinkingIsShownLiveAndFoldsAway() {
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

void WindowTest::aHandOnTheThoughtKeepsItOpen() {
    WindowUnderTest window;
    window.scripts().add({.thought = kThought, .answer = "Done.", .tokensPerSecond = 200});
    window.chat()->composer()->setText(u"Think"_s);
    window.chat()->send();
    QTRY_VERIFY(window.message(1)->isThinking());
    window.message(1)->chooseThoughtOpen(true);
    window.waitUntilStill();
    QVERIFY(window.message(1)->thoughtOpen());
}

void WindowTest::switchingThinkingOffReachesTheModel() {
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

void WindowTest::pictureGoesToTheModel() {
    WindowUnderTest window;
    const QString file = writeFile(window.profile(), u"sky.png"_s, png(320, 200));
    window.chat()->composer()->attachFiles({QUrl::fromLocalFile(file)});
    QTRY_VERIFY(window.chat()->composer()->canSend());
    const app::Attachment* chip = window.chat()->composer()->attachments().first();
    QVERIFY(!chip->isBad());
    QVERIFY(chip->detail().contains(u"tokens"_s));
    window.ask(u"What is this?"_s);
    const auto requests = window.scripts().requests();
    const auto* picture =
        std::get_if<engine::ImagePart>(&requests.back().messages.back().parts.front());
    QVERIFY(picture != nullptr && picture->image->width == 320 && picture->image->height == 200);
    QCOMPARE(window.message(0)->attachments().size(), 1);

    // The picture is part of later turns too, and of the chat after a restart.
    window.ask(u"And now?"_s);
    QVERIFY(std::holds_alternative<engine::ImagePart>(
        window.scripts().requests().back().messages.front().parts[0]));
}

void WindowTest::brokenPictureIsSaidAndTheMessageStillGoes() {
    WindowUnderTest window;
    const QString file =
        writeFile(window.profile(), u"broken.png"_s, QByteArray("\x89PNG\r\n\x1a\n garbage"));
    window.chat()->composer()->attachFiles({QUrl::fromLocalFile(file)});
    QTRY_VERIFY(!window.chat()->composer()->attachments().first()->isReading());
    const app::Attachment* chip = window.chat()->composer()->attachments().first();
    QVERIFY(chip->isBad());
    QVERIFY2(chip->detail().size() > 20, qPrintable(chip->detail()));
    QVERIFY(!window.chat()->composer()->canSend());
    window.ask(u"Without it"_s);
    QCOMPARE(window.scripts().requests().back().messages.back().parts.size(), std::size_t{1});
}

void WindowTest::longPasteBecomesAnAttachment() {
    WindowUnderTest window;
    app::Composer& composer = *window.chat()->composer();
    QMimeData shortText;
    shortText.setText(u"short"_s);
    QCOMPARE(composer.take(shortText, false), u"short"_s);
    QMimeData both; // office programs offer a picture of the text beside it
    both.setText(u"cell"_s);
    both.setImageData(QImage(8, 8, QImage::Format_RGB32));
    QCOMPARE(composer.take(both, false), u"cell"_s);
    QVERIFY(composer.attachments().isEmpty());
    QMimeData longText;
    longText.setText(u"line\n"_s.repeated(212));
    QCOMPARE(composer.take(longText, false), QString());
    QTRY_COMPARE(composer.attachments().size(), 1);
    QTRY_VERIFY(composer.canSend());
    QCOMPARE(composer.attachments().first()->detail(), u"212 lines"_s);
    QCOMPARE(composer.take(longText, true).size(), 5 * 212);
    QMimeData picture;
    picture.setImageData(QImage(8, 8, QImage::Format_RGB32));
    QCOMPARE(composer.take(picture, false), QString());
    QCOMPARE(composer.attachments().size(), 2);
    QCOMPARE(composer.takeInline(0).size(), 5 * 212);
    QCOMPARE(composer.attachments().size(), 1);
}

void WindowTest::textTooLongForTheFieldStaysBesideIt() {
    WindowUnderTest window;
    app::Composer& composer = *window.chat()->composer();
    QMimeData endless;
    endless.setText(QString(500'000, u'x'));
    const double start = threadMilliseconds();
    QCOMPARE(composer.take(endless, true), QString());
    QTRY_COMPARE(composer.attachments().size(), 1);
    QTRY_VERIFY(composer.canSend());
    QVERIFY(!composer.attachments().first()->canBeInline());
    QVERIFY(window.find(u"Put inline"_s) == nullptr);
    QCOMPARE(composer.takeInline(0), QString());
    composer.setText(u"What is this?"_s);
    window.chat()->send();
    window.waitUntilStill();
    window.grab();
    const double spent = threadMilliseconds() - start;
    QVERIFY2(spent < 500, qPrintable(u"%1 ms"_s.arg(spent)));
    QCOMPARE(window.message(0)->attachments().size(), 1);

    QMimeData lines;
    lines.setText(u"a line\n"_s.repeated(500));
    QCOMPARE(composer.take(lines, true).size(), 3500);
    QCOMPARE(composer.take(lines, false), QString());
    QTRY_VERIFY(composer.attachments().size() == 1
                && composer.attachments().first()->canBeInline());
    QTRY_VERIFY(window.find(u"Put inline"_s) != nullptr);
}

void WindowTest::nextMessageWaitsAndCanBeWithdrawn() {
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

void WindowTest::failureIsSaidInItsPlace() {
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

void WindowTest::stoppedAnswerContinues() {
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

void WindowTest::eachChatKeepsItsDraft() {
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

void WindowTest::newChatKeepsItsDraftOverARestart() {
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

void WindowTest::deletedChatStaysDeletedWithItsDraft() {
    WindowUnderTest window;
    window.ask(u"First"_s);
    window.type(u"not sent"_s);
    window.application().chats()->trash(window.chat()->chatId());
    QTRY_VERIFY(window.chat()->isNew());
    QCOMPARE(window.application().chats()->rowCount(), 0);
    QTest::qWait(600); // in which drafts are stored
    QCOMPARE(window.application().chats()->rowCount(), 0);
}

void WindowTest::restartFindsTheHistoryAndTheDraft() {
    QTemporaryDir profile;
    {
        WindowUnderTest window(profile.path());
        window.scripts().add({.thought = kThought, .answer = kRichAnswer});
        const QString file = writeFile(profile.path(), u"sky.png"_s, png(64, 64));
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

void WindowTest::pictureOpensLargeAndOutlivesItsFile() {
    QTemporaryDir profile;
    const auto look = [](WindowUnderTest& window) {
        window.click(u"Show sky.png"_s);
        QTRY_VERIFY(window.find(u"Close the picture"_s) != nullptr);
        QTRY_VERIFY(window.find(u"sky.png, 320 × 200 pixels"_s) != nullptr);
        const QQuickItem* picture = window.find(u"sky.png, 320 × 200 pixels"_s);
        QTRY_COMPARE(picture->property("image").value<QImage>().size(), QSize(320, 200));
        window.key(Qt::Key_Escape);
        QTRY_VERIFY(window.find(u"Close the picture"_s) == nullptr);
    };
    {
        WindowUnderTest window(profile.path());
        const QString file = writeFile(profile.path(), u"sky.png"_s, png(320, 200));
        window.chat()->composer()->attachFiles({QUrl::fromLocalFile(file)});
        QTRY_VERIFY(window.chat()->composer()->canSend());
        look(window); // from its chip
        window.ask(u"What is this?"_s);
        QVERIFY(QFile::remove(file));
        QCOMPARE(window.message(0)->attachments().first()->detail(),
                 u"%1 tokens"_s.arg(engine::imageTokens(320, 200, 280)));
        look(window); // from the message
    }
    WindowUnderTest window(profile.path());
    QTRY_COMPARE(window.chat()->rowCount(), 2);
    look(window);
}

void WindowTest::droppedAndPastedPicturesAreAttached() {
    WindowUnderTest window;
    const QString file = writeFile(window.profile(), u"sky.png"_s, png(64, 64));
    QMimeData files;
    files.setUrls({QUrl::fromLocalFile(file)});
    const QPoint place(window.window()->width() / 2, window.window()->height() / 2);
    QDragEnterEvent enter(place, Qt::CopyAction, &files, Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(window.window(), &enter);
    QTRY_VERIFY(window.find(u"Message"_s) != nullptr);
    QDropEvent drop(place, Qt::CopyAction, &files, Qt::LeftButton, Qt::NoModifier);
    QCoreApplication::sendEvent(window.window(), &drop);
    QTRY_COMPARE(window.chat()->composer()->attachments().size(), 1);

    QImage image;
    QVERIFY(image.loadFromData(png(48, 48)));
    QGuiApplication::clipboard()->setImage(image);
    window.key(Qt::Key_V, Qt::ControlModifier);
    QTRY_COMPARE(window.chat()->composer()->attachments().size(), 2);
    QTRY_VERIFY(window.chat()->composer()->canSend());
    for (const app::Attachment* chip : window.chat()->composer()->attachments())
        QVERIFY(chip->isPicture() && !chip->isBad());
}

void WindowTest::detailOfPicturesIsChosenWithTheRecipe() {
    WindowUnderTest window;
    const QString file = writeFile(window.profile(), u"sky.png"_s, png(320, 200));
    window.chat()->composer()->attachFiles({QUrl::fromLocalFile(file)});
    QTRY_VERIFY(window.chat()->composer()->canSend());
    window.ask(u"What is this?"_s);
    const int before = window.message(0)->attachments().first()->tokens();
    window.key(Qt::Key_M, Qt::ControlModifier);
    window.click(u"At most 1120 tokens a picture"_s);
    QTRY_VERIFY(window.application().picker()->canUse());
    window.click(u"Use"_s);
    QTRY_COMPARE(window.application().engine()->state(), app::EngineController::State::Ready);
    QTRY_COMPARE(window.application().engine()->choice().recipe.imageBudget, 1120);
    QTRY_VERIFY(window.message(0)->attachments().first()->tokens() > 3 * before);
    QCOMPARE(window.application().settings()->imageBudget(), 1120);
}

void WindowTest::copyGivesTheModelsMarkdown() {
    WindowUnderTest window;
    window.scripts().add({.answer = kRichAnswer});
    window.ask(u"Copy"_s);
    window.key(Qt::Key_C, Qt::ControlModifier | Qt::ShiftModifier);
    QCOMPARE(QGuiApplication::clipboard()->text().toStdString(), kRichAnswer);
    QVERIFY(!QGuiApplication::clipboard()->mimeData()->hasHtml());
    window.key(Qt::Key_K, Qt::ControlModifier | Qt::ShiftModifier);
    QVERIFY(QGuiApplication::clipboard()->text().startsWith(u"def common_prefix"_s));
}

void WindowTest::smallWindowCutsNothingOff() {
    WindowUnderTest window;
    window.scripts().add({.answer = kRichAnswer});
    window.ask(u"Small"_s);
    window.window()->resize(420, 480);
    QTest::qWait(100);
    for (const char* name : {"Message", "Attach files", "Show the side bar", "Show the gauges"}) {
        QQuickItem* item = window.find(QString::fromLatin1(name));
        QVERIFY2(item != nullptr, name);
        const QRectF place = item->mapRectToScene({0, 0, item->width(), item->height()});
        QVERIFY2(QRectF(0, 0, 420, 480).contains(place), name);
    }
    window.click(u"Show the side bar"_s);
    QTRY_VERIFY(window.find(u"Fold the side bar"_s) != nullptr);
    window.key(Qt::Key_Escape);
    QTRY_VERIFY(window.find(u"Fold the side bar"_s) == nullptr);
}

QTEST_MAIN(WindowTest)
#include "window_test.moc"
