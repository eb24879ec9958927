#include "window_under_test.h"

#include <chat/chat_model.h>
#include <chat/documents/document_writer.h>
#include <chat/documents/link_address.h>

#include <QQuickTextDocument>
#include <QSignalSpy>
#include <QTcpServer>
#include <QTextBlock>
#include <QTextDocument>

#include <sys/inotify.h>
#include <unistd.h>

using namespace lapidary;
using namespace Qt::StringLiterals;

/// Model output is untrusted text: nothing in it reaches the network or the disk, hides a
/// character, or opens by itself (experience.md 6.4 and 8, line 6).
class UntrustedTest : public QObject {
    Q_OBJECT

private slots:
    void nothingIsFetched_data();
    void nothingIsFetched();
    void nothingIsOpened();
    void pathologicalTextDoesNotFreeze_data();
    void pathologicalTextDoesNotFreeze();
    void noFormatNamesAPicture();
    void linksSayWhereTheyLead_data();
    void linksSayWhereTheyLead();
    void linkCardOpensBeforeAnything();
    void everyTextOfQmlIsPlain();
};

void UntrustedTest::nothingIsFetched_data() {
    QTest::addColumn<QString>("message");
    QTest::newRow("markdown image") << u"![x](%1/a.png)"_s;
    QTest::newRow("reference image") << u"![x][r]\n\n[r]: %1/a.png"_s;
    QTest::newRow("html image") << u"<img src=\"%1/a.png\"> text"_s;
    QTest::newRow("html block") << u"<div><img src='%1/a.png'></div>"_s;
    QTest::newRow("style")
        << u"<style>@import url(%1/a.css); p{background:url(%1/b.png)}</style>"_s;
    QTest::newRow("svg data")
        << u"![x](data:image/svg+xml;utf8,<svg><image href='%1/a.png'/></svg>)"_s;
    QTest::newRow("image in link") << u"[![x](%1/a.png)](%1/b)"_s;
    QTest::newRow("image in table") << u"| a |\n|---|\n| ![x](%1/a.png) |"_s;
    QTest::newRow("image in code") << u"```html\n<img src=\"%1/a.png\">\n```"_s;
    QTest::newRow("entities") << u"&lt;img src=&quot;%1/a.png&quot;&gt;"_s;
    QTest::newRow("bare address") << u"%1/a.png"_s;
    QTest::newRow("file") << u"![x](file:///etc/hostname) [y](file:///etc/hostname)"_s;
    QTest::newRow("object character") << u"a\uFFFC![x](%1/a.png)\uFFFC"_s;
}

void UntrustedTest::nothingIsFetched() {
    QFETCH(QString, message);
    QTcpServer server;
    QVERIFY(server.listen(QHostAddress::LocalHost));
    QSignalSpy connections(&server, &QTcpServer::newConnection);
    const QString address = u"http://127.0.0.1:%1"_s.arg(server.serverPort());
    WindowUnderTest window;
    const QString text = message.contains(u"%1"_s) ? message.arg(address) : message;
    window.scripts().add({.thought = text.toStdString(), .answer = text.toStdString()});
    window.ask(text);
    window.message(1)->chooseThoughtOpen(true);
    window.grab();
    QTest::qWait(200);
    QCOMPARE(connections.size(), 0);
}

void UntrustedTest::nothingIsOpened() {
    QTemporaryDir folder;
    const QString file = folder.filePath(u"a.png"_s);
    {
        QFile made(file);
        QVERIFY(made.open(QIODevice::WriteOnly));
        made.write("not to be read");
    }
    const int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    QVERIFY(watch >= 0);
    QVERIFY(inotify_add_watch(watch, QFile::encodeName(folder.path()), IN_OPEN | IN_ACCESS) >= 0);
    WindowUnderTest window;
    const QString text = u"![x](file://%1) ![y](%1) <img src=\"file://%1\"> [z](file://%1)\n\n"
                         "![r][q]\n\n[q]: file://%1\n\n| a |\n|---|\n| ![x](%1) |"_s.arg(file);
    window.scripts().add({.thought = text.toStdString(), .answer = text.toStdString()});
    window.ask(text);
    window.message(1)->chooseThoughtOpen(true);
    window.grab();
    QTest::qWait(100);
    char events[256];
    QVERIFY2(read(watch, events, sizeof(events)) < 0, "a file was opened");
    QFile own(file); // the watch does see an opening
    QVERIFY(own.open(QIODevice::ReadOnly));
    QVERIFY(read(watch, events, sizeof(events)) > 0);
    ::close(watch);
}

void UntrustedTest::pathologicalTextDoesNotFreeze_data() {
    QTest::addColumn<QString>("text");
    QTest::newRow("backticks") << u"`"_s.repeated(1'000'000);
    QTest::newRow("brackets") << u"["_s.repeated(50'000) + u"a"_s + u"]"_s.repeated(50'000);
    QTest::newRow("links") << u"[a](<b"_s.repeated(20'000);
    QTest::newRow("quotes") << u">"_s.repeated(50'000) + u"a"_s;
    QTest::newRow("lists") << u"- "_s.repeated(20'000) + u"a"_s;
    QTest::newRow("emphasis") << u"**a *a "_s.repeated(20'000);
    QTest::newRow("one line") << u"x"_s.repeated(100'000);
}

void UntrustedTest::pathologicalTextDoesNotFreeze() {
    QFETCH(QString, text);
    WindowUnderTest window;
    // As a fast model sends it: in pieces, not in one.
    window.scripts().add({.answer = text.toStdString(), .charactersPerToken = 20'000});
    const double before = threadMilliseconds();
    window.ask(u"Long"_s);
    window.grab();
    const double spent = threadMilliseconds() - before;
    qInfo("%.0f ms of the UI thread", spent);
    QVERIFY(spent < 5000);
}

void UntrustedTest::noFormatNamesAPicture() {
    WindowUnderTest window;
    window.scripts().add({.answer = "![x](http://127.0.0.1/a.png) and [l](javascript:alert(1)) and "
                                    "[ok](https://example.org) [f](file:///etc/passwd)"});
    window.ask(u"Picture"_s);
    window.grab();
    int documents = 0;
    QStringList anchors;
    forEachItem(window.window()->contentItem(), [&](QQuickItem* item) {
        const auto* quick = item->property("textDocument").value<QQuickTextDocument*>();
        if (quick == nullptr)
            return;
        ++documents;
        for (QTextBlock block = quick->textDocument()->begin(); block.isValid();
             block = block.next())
            for (auto part = block.begin(); part != block.end(); ++part) {
                const QTextCharFormat format = part.fragment().charFormat();
                QVERIFY(!format.isImageFormat());
                if (format.isAnchor())
                    anchors.append(format.anchorHref());
            }
    });
    QVERIFY(documents >= 2);
    QCOMPARE(anchors, QStringList{u"https://example.org"_s});
}

void UntrustedTest::linksSayWhereTheyLead_data() {
    QTest::addColumn<QString>("address");
    QTest::addColumn<QString>("shown");
    QTest::addColumn<QString>("warning");
    QTest::addColumn<bool>("openable");
    QTest::newRow("plain") << u"https://example.org/a?b=c"_s << u"https://example.org/a?b=c"_s
                           << QString() << true;
    QTest::newRow("umlaut") << u"https://bücher.example/"_s << u"https://xn--bcher-kva.example/"_s
                            << u"bücher"_s << true;
    QTest::newRow("mixed scripts")
        << u"https://p\u0430ypal.com/"_s << u"https://xn--pypal-4ve.com/"_s << u"mixes"_s << true;
    QTest::newRow("user name") << u"https://google.com@evil.example/"_s
                               << u"https://google.com@evil.example/"_s << u"evil.example"_s
                               << true;
    QTest::newRow("script") << u"javascript:alert(1)"_s << u"javascript:alert(1)"_s << QString()
                            << false;
    QTest::newRow("file") << u"file:///etc/passwd"_s << u"file:///etc/passwd"_s << QString()
                          << false;
}

void UntrustedTest::linksSayWhereTheyLead() {
    QFETCH(QString, address);
    QFETCH(QString, shown);
    QFETCH(QString, warning);
    QFETCH(bool, openable);
    app::LinkAddress link;
    link.setAddress(address);
    QCOMPARE(link.property("shown").toString(), shown);
    QCOMPARE(link.property("openable").toBool(), openable);
    const QString said = link.property("warning").toString();
    QVERIFY2(warning.isEmpty() ? said.isEmpty() : said.contains(warning), qPrintable(said));
}

void UntrustedTest::linkCardOpensBeforeAnything() {
    WindowUnderTest window;
    window.scripts().add({.answer = "[click](https://example.org/page)"});
    window.ask(u"Link"_s);
    window.grab();
    QQuickItem* text = nullptr;
    forEachItem(window.window()->contentItem(), [&](QQuickItem* item) {
        if (item->isVisible() && item->property("text").toString() == u"click"_s
            && item->property("textDocument").isValid())
            text = item;
    });
    QVERIFY(text != nullptr);
    const QPoint place = text->mapToScene({12, text->height() / 2}).toPoint();
    QTest::mouseClick(window.window(), Qt::LeftButton, {}, place);
    QTRY_VERIFY(window.find(u"https://example.org/page"_s) != nullptr);
    QTRY_VERIFY(window.find(u"Copy address"_s) != nullptr);
}

void UntrustedTest::everyTextOfQmlIsPlain() {
    WindowUnderTest window;
    window.scripts().add({.thought = "Hm.", .answer = "One\n\n```c\nint x;\n```"});
    window.ask(u"All items"_s);
    window.key(Qt::Key_M, Qt::ControlModifier);
    QTest::qWait(100);
    int texts = 0;
    forEachItem(window.window()->contentItem(), [&](QQuickItem* item) {
        const QVariant format = item->property("textFormat");
        if (!format.isValid())
            return;
        ++texts;
        QVERIFY2(format.toInt() == Qt::PlainText,
                 qPrintable(QString::fromLatin1(item->metaObject()->className()) + u' '
                            + item->property("text").toString().left(40)));
    });
    QVERIFY(texts > 30);
}

QTEST_MAIN(UntrustedTest)
#include "untrusted_test.moc"
