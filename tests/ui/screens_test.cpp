#include "samples.h"
#include "window_under_test.h"

#include <chat/chat_model.h>

#include <QBuffer>

using namespace lapidary;
using namespace Qt::StringLiterals;

namespace {

/// How many labels show the title of a chat, and all of it.
int wholeTitles(WindowUnderTest& window, const QString& title) {
    int whole = 0;
    forEachItem(window.window()->contentItem(), [&](QQuickItem* item) {
        const QVariant cut = item->property("truncated");
        if (item->isVisible() && cut.isValid() && !cut.toBool()
            && item->property("text").toString() == title)
            ++whole;
    });
    return whole;
}

} // namespace

/// Shows every state of the window in both themes. With LAPIDARY_SCREENS=FOLDER it writes them as
/// pictures; without, it checks that each draws without a warning of QML.
class ScreensTest : public QObject {
    Q_OBJECT

private slots:
    void init();
    void everyStateDraws_data();
    void everyStateDraws();
    void demoModelDraws_data();
    void demoModelDraws();
    void smallWindowCutsNothingOff();
    void lastMinuteIsDrawnInItsPlace();
};

void ScreensTest::init() {
    QTest::failOnWarning(QRegularExpression(u"qml|QML|conversation:"_s));
}

void ScreensTest::everyStateDraws_data() {
    QTest::addColumn<bool>("dark");
    QTest::newRow("light") << false;
    QTest::newRow("dark") << true;
}

void ScreensTest::everyStateDraws() {
    QFETCH(bool, dark);
    const QString theme = dark ? u"dark-"_s : u"light-"_s;
    WindowUnderTest window;
    window.application().settings()->setTheme(dark ? app::Settings::Theme::Dark
                                                   : app::Settings::Theme::Light);
    window.photograph(theme + u"1-empty"_s);

    QImage picture(640, 420, QImage::Format_RGB32);
    for (int y = 0; y < 420; ++y)
        for (int x = 0; x < 640; ++x)
            picture.setPixel(x, y, qRgb(80 + y / 4, 120 + y / 5, 230 - y / 3));
    QByteArray bytes;
    QBuffer buffer(&bytes);
    QVERIFY(buffer.open(QIODevice::WriteOnly) && picture.save(&buffer, "PNG"));
    const auto write = [&](const QString& name, const QByteArray& content) {
        QFile file(window.profile() + u'/' + name);
        if (file.open(QIODevice::WriteOnly))
            file.write(content);
        return QUrl::fromLocalFile(file.fileName());
    };
    app::Composer& composer = *window.chat()->composer();
    composer.attachFiles({write(u"evening sky.png"_s, bytes),
                          write(u"broken.png"_s, "\x89PNG broken"),
                          write(u"notes.txt"_s, "one\ntwo\nthree\n")});
    QTRY_VERIFY(!composer.attachments().last()->isReading()
                && !composer.attachments().first()->isReading());
    composer.setText(u"Write a Python function that finds the longest common prefix of a list of "
                     u"words, with tests.\nExplain it in a table."_s);
    window.photograph(theme + u"2-composer"_s);

    window.scripts().add({.thought = kThought, .answer = kRichAnswer, .tokensPerSecond = 90});
    composer.remove(1);
    window.chat()->send();
    QTRY_VERIFY(window.message(1)->isThinking() && window.message(1)->thoughtTail().size() > 300);
    window.photograph(theme + u"3-thinking"_s);
    QTRY_VERIFY_WITH_TIMEOUT(window.message(1)->record().answer.size() > 500, 20'000);
    window.photograph(theme + u"4-writing"_s);
    window.chat()->stop();
    window.waitUntilStill();
    window.photograph(theme + u"5-stopped"_s);

    window.scripts().add({.thought = kThought, .answer = kRichAnswer});
    window.ask(u"And the whole answer at once?"_s);
    window.photograph(theme + u"6-answer-top"_s);
    window.view()->scrollPages(0.9);
    window.photograph(theme + u"7-answer-middle"_s);
    window.view()->followEnd();
    window.photograph(theme + u"8-answer-end"_s);
    window.message(3)->chooseThoughtOpen(true);
    window.view()->showQuestion();
    window.photograph(theme + u"9-thought-open"_s);

    window.key(Qt::Key_M, Qt::ControlModifier);
    window.photograph(theme + u"10-picker"_s);
    window.key(Qt::Key_Escape);
    window.key(Qt::Key_Slash, Qt::ControlModifier);
    window.photograph(theme + u"11-keys"_s);
    window.key(Qt::Key_Escape);

    window.scripts().add({.answer = "The text so far.",
                          .reason = engine::FinishReason::Failed,
                          .error = "Memory ran out after 812 tokens; the text so far is kept."});
    window.ask(u"Something that fails"_s);
    window.photograph(theme + u"12-failed"_s);

    window.window()->resize(640, 620);
    window.photograph(theme + u"13-middle-size"_s);
    window.window()->resize(420, 480);
    window.photograph(theme + u"14-small"_s);
    window.key(Qt::Key_B, Qt::ControlModifier);
    window.photograph(theme + u"15-small-side-bar"_s);
    window.window()->resize(1180, 780);
    window.application().settings()->setZoom(1.5);
    window.view()->showQuestion();
    window.photograph(theme + u"16-zoom"_s);
}

void ScreensTest::demoModelDraws_data() {
    QTest::addColumn<bool>("dark");
    QTest::addColumn<QSize>("size");
    for (const bool dark : {false, true})
        for (const QSize size : {QSize(800, 600), QSize(1600, 1000)})
            QTest::addRow("demo-%s-%d", dark ? "dark" : "light", size.width()) << dark << size;
}

void ScreensTest::demoModelDraws() {
    QFETCH(bool, dark);
    QFETCH(QSize, size);
    const QString name = QString::fromLatin1(QTest::currentDataTag()) + u'-';
    WindowUnderTest window({}, WindowUnderTest::Runs::DemoModel);
    window.application().settings()->setTheme(dark ? app::Settings::Theme::Dark
                                                   : app::Settings::Theme::Light);
    window.window()->resize(size);
    QTest::mouseMove(window.window(), QPoint(size.width() / 2, size.height() / 2));
    window.photograph(name + u"1-first-run"_s);
    window.key(Qt::Key_M, Qt::ControlModifier);
    QTest::qWait(300);
    window.photograph(name + u"2-picker"_s);
    window.key(Qt::Key_Escape);
    window.ask(u"What is Lapidary?"_s);
    window.message(1)->chooseThoughtOpen(true);
    window.photograph(name + u"3-answer"_s);
    QCOMPARE(wholeTitles(window, u"What is Lapidary?"_s), 2); // the side bar's and the header's
    window.ask(u"Write a Python function that adds two numbers."_s);
    window.photograph(name + u"4-code"_s);
    window.ask(u"Compare cats and dogs in a table."_s);
    window.photograph(name + u"5-table"_s);

    QImage picture(900, 600, QImage::Format_RGB32);
    picture.fill(QColor(200, 40, 40));
    const QString file = window.profile() + u"/red.png"_s;
    QVERIFY(picture.save(file));
    window.chat()->composer()->attachFiles({QUrl::fromLocalFile(file)});
    QTRY_VERIFY(!window.chat()->composer()->attachments().first()->isReading());
    window.ask(u"What colour is this?"_s);
    window.photograph(name + u"6-picture"_s);
    window.click(u"Show red.png"_s);
    QTRY_VERIFY(window.find(u"Close the picture"_s) != nullptr);
    window.photograph(name + u"7-viewer"_s);
    window.key(Qt::Key_Escape);
    QTRY_VERIFY(window.find(u"Close the picture"_s) == nullptr);
    window.application().open({}, window.profile() + u"/no-model"_s);
    QTRY_VERIFY(!window.application().engine()->errorSentence().isEmpty());
    window.photograph(name + u"8-error"_s);
}

void ScreensTest::smallWindowCutsNothingOff() {
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

/// Each answer adds a bar to those that are there.
void ScreensTest::lastMinuteIsDrawnInItsPlace() {
    WindowUnderTest window;
    window.application().settings()->setTheme(app::Settings::Theme::Light);
    const QQuickItem* bars = nullptr;
    window.ask(u"First"_s);
    QTRY_VERIFY((bars = window.find(u"Tokens per second, last minute"_s)) != nullptr);
    const QRect place =
        bars->mapRectToScene({0, 0, bars->width(), bars->height() - 2}).toAlignedRect();
    const auto painted = [&] {
        const QImage image = window.grab();
        int pixels = 0;
        for (int y = place.top(); y < place.bottom(); ++y)
            for (int x = place.left(); x < place.right(); ++x)
                pixels += image.pixelColor(x, y) == QColor(u"#2a4db8"_s) ? 1 : 0;
        return pixels;
    };
    const int one = painted();
    QVERIFY(one > 0);
    window.ask(u"Second"_s);
    QVERIFY(painted() > one * 3 / 2);
}

QTEST_MAIN(ScreensTest)
#include "screens_test.moc"
