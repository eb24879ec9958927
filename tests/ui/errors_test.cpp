#include "disk_limits.h"
#include "window_under_test.h"

#include <chat/chat_model.h>

#include <QBuffer>
#include <QDirIterator>

using namespace lapidary;
using namespace Qt::StringLiterals;

namespace {

void writeFile(const QString& path, const QByteArray& bytes) {
    QFile file(path);
    if (!file.open(QIODevice::WriteOnly) || file.write(bytes) != bytes.size())
        qFatal("cannot write %s", qPrintable(path));
}

QByteArray png(const QImage& image) {
    QByteArray bytes;
    QBuffer buffer(&bytes);
    if (!buffer.open(QIODevice::WriteOnly) || !image.save(&buffer, "PNG"))
        qFatal("no picture");
    return bytes;
}

/// A copy of the demo model without its drafters, to be broken.
void copyDemoModel(const QString& to) {
    const QDir demo(QStringLiteral(LAPIDARY_RESOURCES "/demo-model"));
    QDir().mkpath(to);
    for (const QString& name : demo.entryList(QDir::Files))
        if (!QFile::copy(demo.filePath(name), to + u'/' + name))
            qFatal("cannot copy %s", qPrintable(name));
}

/// The sentences that the window shows.
QStringList sentencesOf(const WindowUnderTest& window) {
    QStringList sentences;
    forEachItem(window.window()->contentItem(), [&](QQuickItem* item) {
        const QVariant text = item->property("text");
        if (item->inherits("QQuickText") && item->isVisible() && !text.toString().isEmpty())
            sentences.append(text.toString());
    });
    return sentences;
}

bool says(const WindowUnderTest& window, const QString& words) {
    return !sentencesOf(window).filter(words).isEmpty();
}

} // namespace

/// What goes wrong is said in one clear sentence in the window, and nothing is lost
/// (experience.md 5.14).
class ErrorsTest : public QObject {
    Q_OBJECT

private slots:
    void fullDiskKeepsTheChatAndSaysSo();
    void readOnlyHistoryIsReadAndSaidSo();
    void brokenModelIsNamedAndTheOldOneStays_data();
    void brokenModelIsNamedAndTheOldOneStays();
    void modelThatFailsWhileLoadingLeavesTheOldOne();
    void picturesThatCannotBeShown_data();
    void picturesThatCannotBeShown();
    void unusualPicturesAreTaken_data();
    void unusualPicturesAreTaken();
    void longPromptIsHeldBackUntilItFits();
};

void ErrorsTest::fullDiskKeepsTheChatAndSaysSo() {
    const QTemporaryDir profile;
    const std::string answer(400'000, 'x');
    {
        WindowUnderTest window(profile.path());
        window.ask(u"Before"_s);
        window.scripts().add(
            {.answer = answer, .tokensPerSecond = 300, .charactersPerToken = 4000});
        {
            const FileSizeLimit full(250'000);
            window.ask(u"A long one"_s);
            QTRY_VERIFY(says(window, u"kept in memory"_s));
            QCOMPARE(window.message(3)->record().answer.size(), qsizetype{400'000});
            window.photograph(u"error_disk_full"_s);
        }
        // There is room again: the line goes away by itself.
        QTRY_VERIFY_WITH_TIMEOUT(!says(window, u"kept in memory"_s), 30'000);
    }
    WindowUnderTest again(profile.path());
    QTRY_COMPARE(again.chat()->rowCount(), 4);
    QCOMPARE(again.message(3)->record().answer.size(), qsizetype{400'000});
    QCOMPARE(again.message(3)->record().state, app::MessageState::Complete);
}

void ErrorsTest::readOnlyHistoryIsReadAndSaidSo() {
    const QTemporaryDir profile;
    {
        WindowUnderTest window(profile.path());
        window.ask(u"Before"_s);
    }
    constexpr auto kRead = QFile::ReadOwner | QFile::ReadGroup | QFile::ReadOther;
    constexpr auto kEnter = QFile::ExeOwner | QFile::ExeGroup | QFile::ExeOther;
    QDirIterator files(profile.path(), {u"chats.db*"_s}, QDir::Files);
    while (files.hasNext())
        QFile::setPermissions(files.next(), kRead);
    QFile::setPermissions(profile.path(), kRead | kEnter);
    {
        const OrdinaryUser ordinary;
        if (QFileInfo(profile.path()).isWritable())
            QSKIP("this user may write everywhere");
        WindowUnderTest window(profile.path());
        QTRY_VERIFY(says(window, u"cannot be written"_s));
        QCOMPARE(window.application().chats()->rowCount(), 1);
        window.ask(u"Still answered"_s);
        QCOMPARE(window.message(-1)->record().answer, u"Fine."_s);
        window.photograph(u"error_read_only"_s);
    }
    QFile::setPermissions(profile.path(), kRead | kEnter | QFile::WriteOwner);
}

void ErrorsTest::brokenModelIsNamedAndTheOldOneStays_data() {
    QTest::addColumn<QString>("broken");
    QTest::addColumn<QString>("words");
    QTest::newRow("missing folder") << u"folder"_s << u"config.json"_s;
    QTest::newRow("no tokenizer") << u"tokenizer"_s << u"tokenizer"_s;
    QTest::newRow("no weights") << u"weights"_s << u"safetensors"_s;
    QTest::newRow("cut weights") << u"cut"_s << u"model.safetensors"_s;
    QTest::newRow("not JSON") << u"json"_s << u"config.json"_s;
    QTest::newRow("another model") << u"llama"_s << u"Gemma 4"_s;
    QTest::newRow("tokens that collide") << u"tokens"_s << u"boi_token_id and image_token_id"_s;
}

void ErrorsTest::brokenModelIsNamedAndTheOldOneStays() {
    QFETCH(QString, broken);
    QFETCH(QString, words);
    const QTemporaryDir folder;
    const QString model = folder.path() + u"/broken-model"_s;
    if (broken != u"folder"_s)
        copyDemoModel(model);
    if (broken == u"tokenizer"_s) {
        QFile::remove(model + u"/tokenizer.json"_s);
        QFile::remove(model + u"/tokenizer.model"_s);
    } else if (broken == u"weights"_s) {
        QFile::remove(model + u"/model.safetensors"_s);
    } else if (broken == u"cut"_s) {
        QFile::resize(model + u"/model.safetensors"_s, 1'000'000);
    } else if (broken == u"json"_s) {
        writeFile(model + u"/config.json"_s, "{\"model_type\": \"gemma4");
    } else if (broken == u"llama"_s) {
        writeFile(model + u"/config.json"_s, "{\"model_type\": \"llama\", \"hidden_size\": 64}");
    } else if (broken == u"tokens"_s) {
        QFile config(model + u"/config.json"_s);
        QVERIFY(config.open(QIODevice::ReadOnly));
        QByteArray text = config.readAll();
        config.close();
        QVERIFY(text.contains("\"boi_token_id\": 8185"));
        QFile::remove(config.fileName());
        writeFile(config.fileName(),
                  text.replace("\"boi_token_id\": 8185", "\"boi_token_id\": 8187"));
    }
    WindowUnderTest window({}, WindowUnderTest::Runs::DemoModel);
    window.chat()->composer()->setText(u"What is Lapidary?"_s);
    const QString before = window.application().engine()->modelName();
    window.application().open({}, model);
    QTRY_VERIFY2_WITH_TIMEOUT(says(window, words), qPrintable(sentencesOf(window).join(u'\n')),
                              10'000);
    window.photograph(u"error_model_"_s + broken);
    QTRY_COMPARE(window.application().engine()->state(), app::EngineController::State::Ready);
    QCOMPARE(window.application().engine()->modelName(), before);
    QCOMPARE(window.chat()->composer()->text(), u"What is Lapidary?"_s);
    window.chat()->send();
    window.waitUntilStill();
    QCOMPARE(window.message(1)->record().state, app::MessageState::Complete);
}

void ErrorsTest::modelThatFailsWhileLoadingLeavesTheOldOne() {
    const QTemporaryDir folder;
    const QString model = folder.path() + u"/broken-model"_s;
    copyDemoModel(model);
    writeFile(model + u"/tokenizer.json"_s, "{\"model\": {\"type\": \"BPE\"");
    WindowUnderTest window({}, WindowUnderTest::Runs::DemoModel);
    window.ask(u"What is Lapidary?"_s);
    window.chat()->composer()->setText(u"And how do I use it?"_s);
    window.application().open({}, model);
    QString sentence;
    QTRY_VERIFY(!(sentence = window.application().engine()->errorSentence()).isEmpty());
    QVERIFY2(sentence.contains(u"tokenizer.json"_s), qPrintable(sentence));
    QTRY_COMPARE(sentencesOf(window).filter(sentence).size(), 1); // said once
    QCOMPARE(window.application().engine()->state(), app::EngineController::State::Ready);
    QVERIFY(window.application().memoryGauge()->active());
    window.photograph(u"error_in_load"_s);
    QCOMPARE(window.chat()->composer()->text(), u"And how do I use it?"_s);
    QCOMPARE(window.chat()->rowCount(), 2);

    window.chat()->send();
    window.waitUntilStill();
    QCOMPARE(window.chat()->rowCount(), 4);
    QCOMPARE(window.message(3)->record().state, app::MessageState::Complete);
    window.click(u"Dismiss the error"_s);
    QTRY_VERIFY(!says(window, sentence));
}

void ErrorsTest::picturesThatCannotBeShown_data() {
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QString>("name");
    QImage picture(64, 64, QImage::Format_RGB32);
    picture.fill(Qt::red);
    QImage wide(30'000, 3000, QImage::Format_Mono);
    wide.fill(0);
    const QByteArray whole = png(picture);
    QTest::newRow("no picture") << QByteArray("this is text") << u"photo.png"_s;
    QTest::newRow("cut") << whole.left(whole.size() / 2) << u"cut.png"_s;
    QTest::newRow("empty") << QByteArray() << u"empty.png"_s;
    QTest::newRow("90 megapixels") << png(wide) << u"wide.png"_s;
    QTest::newRow("binary") << QByteArray("\0\1\2\3", 4) << u"data.bin"_s;
}

void ErrorsTest::picturesThatCannotBeShown() {
    QFETCH(QByteArray, bytes);
    QFETCH(QString, name);
    WindowUnderTest window;
    const QString path = window.profile() + u'/' + name;
    writeFile(path, bytes);
    window.chat()->composer()->setText(u"What is this?"_s);
    window.chat()->composer()->attachFiles({QUrl::fromLocalFile(path)});
    QCOMPARE(window.chat()->composer()->attachments().size(), 1);
    app::Attachment* chip = window.chat()->composer()->attachments().constFirst();
    QTRY_VERIFY(chip->isBad());
    QVERIFY2(chip->detail().size() > 20 && chip->detail().endsWith(u'.'),
             qPrintable(chip->detail()));
    QTRY_VERIFY(says(window, chip->detail()));
    qInfo("%s", qPrintable(chip->detail()));
    window.photograph(u"error_picture_"_s + QString::fromLatin1(QTest::currentDataTag()));
    // The message goes without it.
    window.key(Qt::Key_Return);
    window.waitUntilStill();
    QCOMPARE(window.chat()->rowCount(), 2);
    QCOMPARE(window.message(0)->attachments().size(), 0);
    QCOMPARE(window.message(1)->record().state, app::MessageState::Complete);
}

void ErrorsTest::unusualPicturesAreTaken_data() {
    QTest::addColumn<QImage>("image");
    QImage wide(30'000, 40, QImage::Format_RGB32);
    wide.fill(Qt::blue);
    QTest::newRow("30 000 wide") << wide;
    QImage grey(200, 100, QImage::Format_Grayscale16);
    for (int y = 0; y < grey.height(); ++y)
        for (int x = 0; x < grey.width(); ++x)
            reinterpret_cast<quint16*>(grey.scanLine(y))[x] = static_cast<quint16>(x * 300);
    QTest::newRow("16-bit grey") << grey;
    QImage clear(50, 50, QImage::Format_ARGB32);
    clear.fill(QColor(255, 0, 0, 40));
    QTest::newRow("transparent") << clear;
    QImage dot(1, 1, QImage::Format_RGB32);
    dot.fill(Qt::white);
    QTest::newRow("one pixel") << dot;
}

void ErrorsTest::unusualPicturesAreTaken() {
    QFETCH(QImage, image);
    WindowUnderTest window({}, WindowUnderTest::Runs::DemoModel);
    const QString path = window.profile() + u"/picture.png"_s;
    writeFile(path, png(image));
    window.chat()->composer()->setText(u"What colour is this?"_s);
    window.chat()->composer()->attachFiles({QUrl::fromLocalFile(path)});
    app::Attachment* chip = window.chat()->composer()->attachments().constFirst();
    QTRY_VERIFY(chip->detail().contains(u"tokens"_s));
    QVERIFY2(!chip->isBad(), qPrintable(chip->detail()));
    window.photograph(u"picture_"_s + QString::fromLatin1(QTest::currentDataTag()));
    window.key(Qt::Key_Return);
    QTRY_COMPARE(window.chat()->rowCount(), 2);
    window.waitUntilStill();
    QCOMPARE(window.message(0)->attachments().size(), 1);
    QCOMPARE(window.message(1)->record().state, app::MessageState::Complete);
}

void ErrorsTest::longPromptIsHeldBackUntilItFits() {
    WindowUnderTest window({}, WindowUnderTest::Runs::DemoModel);
    const QString text = u"one two three "_s.repeated(3000);
    window.chat()->composer()->setText(text);
    QTRY_VERIFY_WITH_TIMEOUT(window.chat()->overflows(), 10'000);
    QVERIFY(says(window, u"4,096 tokens"_s));
    window.photograph(u"error_too_long"_s);
    window.key(Qt::Key_Return);
    QCOMPARE(window.chat()->rowCount(), 0);
    QCOMPARE(window.chat()->composer()->text(), text);
    window.chat()->composer()->setText(u"What is Lapidary?"_s);
    QTRY_VERIFY_WITH_TIMEOUT(!window.chat()->overflows(), 10'000);
    window.key(Qt::Key_Return);
    QTRY_COMPARE(window.chat()->rowCount(), 2);
    window.waitUntilStill();
    QCOMPARE(window.message(1)->record().state, app::MessageState::Complete);
}

QTEST_MAIN(ErrorsTest)
#include "errors_test.moc"
