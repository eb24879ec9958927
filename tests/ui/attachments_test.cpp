#include "sample_files.h"
#include "window_under_test.h"

#include <chat/chat_model.h>

#include <QClipboard>
#include <QDropEvent>
#include <QGuiApplication>
#include <QMimeData>

using namespace lapidary;
using namespace Qt::StringLiterals;

/// Pictures and long text go with a message: by file, drop and paste.
class AttachmentsTest : public QObject {
    Q_OBJECT

private slots:
    void pictureGoesToTheModel();
    void brokenPictureIsSaidAndTheMessageStillGoes();
    void longPasteBecomesAnAttachment();
    void textTooLongForTheFieldStaysBesideIt();
    void pictureOpensLargeAndOutlivesItsFile();
    void droppedAndPastedPicturesAreAttached();
    void detailOfPicturesIsChosenWithTheRecipe();
};

void AttachmentsTest::pictureGoesToTheModel() {
    WindowUnderTest window;
    const QString file = writeFile(window.profile(), u"sky.png"_s, pngBytes(320, 200));
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

void AttachmentsTest::brokenPictureIsSaidAndTheMessageStillGoes() {
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

void AttachmentsTest::longPasteBecomesAnAttachment() {
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

void AttachmentsTest::textTooLongForTheFieldStaysBesideIt() {
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

void AttachmentsTest::pictureOpensLargeAndOutlivesItsFile() {
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
        const QString file = writeFile(profile.path(), u"sky.png"_s, pngBytes(320, 200));
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

void AttachmentsTest::droppedAndPastedPicturesAreAttached() {
    WindowUnderTest window;
    const QString file = writeFile(window.profile(), u"sky.png"_s, pngBytes(64, 64));
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
    QVERIFY(image.loadFromData(pngBytes(48, 48)));
    QGuiApplication::clipboard()->setImage(image);
    window.key(Qt::Key_V, Qt::ControlModifier);
    QTRY_COMPARE(window.chat()->composer()->attachments().size(), 2);
    QTRY_VERIFY(window.chat()->composer()->canSend());
    for (const app::Attachment* chip : window.chat()->composer()->attachments())
        QVERIFY(chip->isPicture() && !chip->isBad());
}

void AttachmentsTest::detailOfPicturesIsChosenWithTheRecipe() {
    WindowUnderTest window;
    const QString file = writeFile(window.profile(), u"sky.png"_s, pngBytes(320, 200));
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

QTEST_MAIN(AttachmentsTest)
#include "attachments_test.moc"
