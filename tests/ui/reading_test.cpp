#include "samples.h"
#include "window_under_test.h"

#include <chat/chat_model.h>
#include <chat/view/conversation_view.h>

#include <QQuickTextDocument>
#include <QRandomGenerator>
#include <QSignalSpy>
#include <QTextBlock>
#include <QTextDocument>
#include <QTextLayout>
#include <QTextTable>
#include <QTimer>
#include <QWheelEvent>

#include <algorithm>
#include <cmath>

using namespace lapidary;
using namespace Qt::StringLiterals;

namespace {

/// About `characters` of mixed prose, lists, code and tables.
std::string mixedText(std::size_t characters, quint32 seed) {
    QRandomGenerator random(seed);
    std::string text;
    while (text.size() < characters) {
        switch (random.bounded(6)) {
        case 0:
            text += "## A heading\n\n";
            break;
        case 1:
            text += "- one **item**\n- another `item`\n- a third\n\n";
            break;
        case 2:
            text += "```cpp\nint main() {\n    return 0; // done\n}\n```\n\n";
            break;
        case 3:
            text += "| a | b |\n|---|--:|\n| x | 12 |\n| y | 3 |\n\n";
            break;
        default:
            for (int words = 20 + random.bounded(80); words > 0; --words)
                text += std::string(static_cast<std::size_t>(2 + random.bounded(8)), 'e') + ' ';
            text += "with a [link](https://example.org) at its end.\n\n";
        }
    }
    return text;
}

/// A chat of `count` messages, written into the profile before the window opens.
QString makeLongChat(const QString& profile, int count) {
    app::ChatStore store(profile);
    app::ChatRecord chat;
    chat.id = app::ChatStore::newId();
    chat.title = u"Long"_s;
    store.createChat(chat);
    QString parent;
    for (int i = 0; i < count; ++i) {
        app::MessageRecord message;
        message.id = app::ChatStore::newId();
        message.chatId = chat.id;
        message.parentId = parent;
        message.role = i % 2 == 0 ? app::MessageRole::User : app::MessageRole::Assistant;
        message.answer =
            i % 2 == 0 ? u"Question %1?"_s.arg(i)
                       : QString::fromStdString(mixedText(
                             300 + 97 * static_cast<std::size_t>(i % 23), static_cast<quint32>(i)));
        store.addMessage(message);
        parent = message.id;
    }
    chat.currentLeaf = parent;
    store.updateChat(chat);
    store.setSetting(u"openChat"_s, chat.id);
    store.flush(std::chrono::seconds(30));
    return chat.id;
}

/// Where the delegates of the page are: by message and block, so that they can be found again.
QHash<QString, double> places(app::ConversationView& view) {
    QHash<QString, double> found;
    for (int row = 0; row < view.rows()->rowCount(); ++row)
        if (const QQuickItem* item = view.itemAt(row); item != nullptr && item->isVisible())
            found.insert(u"%1/%2/%3"_s.arg(view.rows()->message(row)->id())
                             .arg(static_cast<int>(view.rows()->kind(row)))
                             .arg(view.rows()->block(row)),
                         item->y());
    return found;
}

/// Turns the wheel over the middle of the window; up is positive.
void wheel(WindowUnderTest& window, double pixels) {
    const QPointF middle(window.window()->width() * 0.6, window.window()->height() * 0.5);
    QWheelEvent event(middle, window.window()->mapToGlobal(middle), QPoint(0, qRound(pixels)),
                      QPoint(0, qRound(pixels)), Qt::NoButton, Qt::NoModifier, Qt::NoScrollPhase,
                      false);
    QCoreApplication::sendEvent(window.window(), &event);
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values.empty() ? 0 : values[values.size() / 2];
}

/// The field of a row that shows text.
const QQuickItem* textOf(const QQuickItem* row) {
    for (const QQuickItem* child : row->childItems())
        if (child->property("textDocument").isValid())
            return child;
    return nullptr;
}

/// What each turn of the event loop costs this thread until the answer is complete, sorted.
std::vector<double> ticksUntilStill(WindowUnderTest& window, double& share) {
    std::vector<double> ticks;
    QElapsedTimer clock;
    clock.start();
    const double start = threadMilliseconds();
    double before = start;
    while (window.chat()->isBusy()) {
        QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
        const double now = threadMilliseconds();
        ticks.push_back(now - before);
        before = now;
    }
    share = (before - start) / std::max(1.0, static_cast<double>(clock.elapsed()));
    std::ranges::sort(ticks);
    return ticks;
}

} // namespace

/// What a reader feels: nothing moves that they look at, and nothing takes long
/// (experience.md 8, lines 2, 3 and 4).
class ReadingTest : public QObject {
    Q_OBJECT

private slots:
    void nothingMovesWhileTextStreamsBelow();
    void questionStaysAtTheTopWhileItsAnswerGrows();
    void endIsFollowedWhenWanted();
    void thousandMessagesOpenAtOnce();
    void scrollingThereAndBackEndsAtTheSamePixel_data();
    void scrollingThereAndBackEndsAtTheSamePixel();
    void longParagraphReadsAsOne();
    void longCodeIsWholeAndColoured();
    void longTableIsSetAsOne();
    void sendingTakesNoLongTurn();
    void streamingLeavesTheThreadFree_data();
    void streamingLeavesTheThreadFree();
};

void ReadingTest::nothingMovesWhileTextStreamsBelow() {
    QTemporaryDir profile;
    makeLongChat(profile.path(), 60);
    WindowUnderTest window(profile.path());
    QTRY_COMPARE(window.chat()->rowCount(), 60);
    app::ConversationView& view = *window.view();
    window.scripts().add({.answer = mixedText(3000, 5), .tokensPerSecond = 300});
    window.chat()->composer()->setText(u"More"_s);
    window.chat()->send();
    QTRY_VERIFY(window.chat()->isBusy());
    for (int i = 0; i < 12; ++i)
        view.scrollPages(-1);
    QTest::qWait(300);
    const QHash<QString, double> before = places(view);
    QVERIFY(before.size() >= 3);
    const double offset = view.offset();
    int looks = 0;
    while (window.chat()->isBusy()) {
        QTest::qWait(15);
        ++looks;
        QCOMPARE(places(view), before);
        QCOMPARE(view.offset(), offset);
    }
    QVERIFY2(looks > 20, "the text streamed before anyone looked");
    QCOMPARE(view.follow(), app::ConversationView::Follow::None);
}

void ReadingTest::questionStaysAtTheTopWhileItsAnswerGrows() {
    WindowUnderTest window;
    for (int i = 0; i < 3; ++i) {
        window.scripts().add({.answer = mixedText(1500, 7)});
        window.ask(u"Before"_s);
    }
    window.scripts().add({.answer = mixedText(4000, 8), .tokensPerSecond = 600});
    window.chat()->composer()->setText(u"The question"_s);
    window.chat()->send();
    app::ConversationView& view = *window.view();
    QTest::qWait(100);
    const int row = view.rows()->lastQuestionRow();
    QVERIFY(view.itemAt(row) != nullptr);
    const double top = view.itemAt(row)->y();
    QVERIFY2(top < 40, "the question is at the top");
    while (window.chat()->isBusy()) {
        QTest::qWait(20);
        QCOMPARE(view.itemAt(row)->y(), top);
    }
    QVERIFY(!view.endVisible());
}

void ReadingTest::endIsFollowedWhenWanted() {
    WindowUnderTest window;
    window.scripts().add({.answer = mixedText(6000, 9), .tokensPerSecond = 600});
    window.chat()->composer()->setText(u"The question"_s);
    window.chat()->send();
    app::ConversationView& view = *window.view();
    QTRY_VERIFY(!view.endVisible());
    window.click(u"New text"_s);
    QTest::qWait(100);
    while (window.chat()->isBusy()) {
        QTest::qWait(30);
        QVERIFY(!window.window()->grabWindow().isNull()); // what a frame shows is what counts
        QVERIFY(view.endVisible());
    }
    view.scrollBy(-200);
    QCOMPARE(view.follow(), app::ConversationView::Follow::None);
    view.scrollBy(400);
    QCOMPARE(view.follow(), app::ConversationView::Follow::End);
}

void ReadingTest::thousandMessagesOpenAtOnce() {
    QTemporaryDir profile;
    const QString id = makeLongChat(profile.path(), 1000);
    WindowUnderTest window(profile.path());
    QTRY_COMPARE(window.chat()->rowCount(), 1000);
    std::vector<double> spent;
    for (int round = 0; round < 3; ++round) {
        window.application().openChats()->newChat();
        QTest::qWait(200);
        const double start = threadMilliseconds();
        window.application().openChats()->show(id);
        QTRY_COMPARE(window.chat()->rowCount(), 1000);
        QVERIFY(!window.window()->grabWindow().isNull());
        spent.push_back(threadMilliseconds() - start);
        QVERIFY2(window.view()->itemCount() < 60, "delegates for the page only");
        QVERIFY(window.view()->endVisible());
    }
    qInfo("opened in %.0f ms of the UI thread", median(spent));
    QVERIFY2(median(spent) <= 100 * timeFactor(), "experience.md 6.3");
}

/// The wheel, from the end of a thousand messages to their start and back the same way: at each
/// notch what was there before is at the same pixel.
void ReadingTest::scrollingThereAndBackEndsAtTheSamePixel_data() {
    QTest::addColumn<double>("pixels"); // a frame
    QTest::addColumn<double>("share");  // of the frames that are in time
    // A wheel that spins freely brings a hundred notches a second.
    QTest::addRow("spinning wheel") << 240.0 << 0.999;
    QTest::addRow("a page a frame") << 700.0 << 0.98;
}
void ReadingTest::scrollingThereAndBackEndsAtTheSamePixel() {
    QFETCH(const double, pixels);
    QFETCH(const double, share);
    QTemporaryDir profile;
    makeLongChat(profile.path(), 1000);
    WindowUnderTest window(profile.path());
    QTRY_COMPARE(window.chat()->rowCount(), 1000);
    app::ConversationView& view = *window.view();
    QTest::qWait(100);
    QVERIFY(view.endVisible());
    std::vector<double> frames;
    const auto turn = [&](double way) {
        const double start = threadMilliseconds();
        const QSignalSpy swapped(window.window(), &QQuickWindow::frameSwapped);
        wheel(window, way);
        while (swapped.isEmpty())
            QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
        frames.push_back(threadMilliseconds() - start);
    };
    std::vector<QHash<QString, double>> before;
    double last = pixels; // the way of the last turn, which the start cuts short
    while (view.offset() > 0 && before.size() < 6000) {
        before.push_back(places(view));
        turn(pixels);
        for (const auto& [key, y] : places(view).asKeyValueRange())
            if (before.back().contains(key))
                last = y - before.back().value(key);
    }
    QCOMPARE(view.offset(), 0.0);
    QCOMPARE(view.firstVisibleRow(), 0);
    const std::size_t turns = before.size();
    for (; !before.empty(); before.pop_back()) {
        turn(-last);
        last = pixels;
        const QHash<QString, double> after = places(view);
        for (const auto& [key, y] : before.back().asKeyValueRange())
            QCOMPARE(after.value(key, -1e9), y);
    }
    QVERIFY(view.endVisible());
    std::ranges::sort(frames);
    const auto late = frames.end() - std::ranges::upper_bound(frames, 16.7);
    qInfo("%zu turns each way: a frame takes %.1f ms, 99 %% %.1f ms, worst %.1f ms; %td above 16.7",
          turns, median(frames), frames[frames.size() * 99 / 100], frames.back(), late);
    // A busy machine makes single frames slow.
    const auto lastInTime =
        static_cast<std::size_t>(share * static_cast<double>(frames.size() - 1));
    QVERIFY2(frames[lastInTime] <= 16.7 * timeFactor(), "experience.md 6.3");
}

void ReadingTest::longParagraphReadsAsOne() {
    WindowUnderTest window;
    std::string text;
    while (text.size() < 20'000)
        text += "A sentence of the one paragraph that never ends. ";
    window.scripts().add({.answer = text, .charactersPerToken = 700});
    window.ask(u"Long"_s);
    window.view()->followEnd();
    window.grab();
    const app::ConversationView& view = *window.view();
    int pieces = 0;
    double end = -1;
    for (int row = 0; row < view.rows()->rowCount(); ++row) {
        const QQuickItem* item = view.itemAt(row);
        if (item == nullptr || view.rows()->kind(row) != app::ConversationRows::Kind::Text)
            continue;
        const QQuickItem* body = textOf(item);
        QVERIFY(body != nullptr);
        const double top = body->mapToScene({0, 0}).y();
        if (end >= 0)
            QCOMPARE(top, end); // line under line, with no gap
        end = top + body->height();
        ++pieces;
    }
    QVERIFY(pieces > 1);
    QCOMPARE(window.message(1)->answer()->rowCount(), 11);
}

void ReadingTest::longCodeIsWholeAndColoured() {
    WindowUnderTest window;
    std::string code = "int first;\n";
    for (int line = 2; line <= 350; ++line)
        code += line == 95    ? "/* a comment begins\n"
                : line == 105 ? "and ends */\n"
                              : "int value" + std::to_string(line) + " = 1;\n";
    window.scripts().add({.answer = "```cpp\n" + code + "```\n",
                          .tokensPerSecond = 3000,
                          .charactersPerToken = 7,
                          .holds = true});
    window.chat()->composer()->setText(u"Code"_s);
    window.chat()->send();
    QTRY_VERIFY_WITH_TIMEOUT(window.message(1)->record().answer.endsWith(u"```\n"_s), 20'000);
    window.grab();
    QString shown;
    QColor inComment;
    QColor inCode;
    forEachItem(window.view(), [&](QQuickItem* item) {
        const auto* quick = item->property("textDocument").value<QQuickTextDocument*>();
        if (quick == nullptr || item->property("blocks").value<QObject*>() == nullptr
            || item->property("blocks").value<app::BlockListModel*>()
                   != window.message(1)->answer())
            return;
        const QTextDocument& document = *quick->textDocument();
        QVERIFY2(document.blockCount() <= 100, "one field grows to any length");
        for (QTextBlock line = document.begin(); line.isValid(); line = line.next()) {
            shown += line.text() + u'\n';
            const QList<QTextLayout::FormatRange> formats = line.layout()->formats();
            if (line.text() == u"int value102 = 1;"_s && !formats.isEmpty())
                inComment = formats.front().format.foreground().color();
            if (line.text() == u"int value152 = 1;"_s && !formats.isEmpty())
                inCode = formats.front().format.foreground().color();
        }
    });
    QCOMPARE(shown.toStdString(), code);
    QVERIFY(inComment.isValid() && inCode.isValid());
    QVERIFY2(inComment != inCode, "the comment goes on in the next field");
    window.chat()->stop();
    window.waitUntilStill();
}

/// Its fields have the same columns, though the widest cell comes when the first are full.
void ReadingTest::longTableIsSetAsOne() {
    WindowUnderTest window;
    std::string table = "| number | text |\n|---|---|\n";
    for (int row = 1; row <= 40; ++row)
        table += "| " + std::to_string(row)
                 + (row == 35 ? " | the widest of all cells |\n" : " | short |\n");
    window.scripts().add({.answer = table, .tokensPerSecond = 3000});
    window.ask(u"Table"_s);
    const auto fields = [&] {
        std::vector<const QTextTable*> found;
        forEachItem(window.view(), [&](QQuickItem* item) {
            const auto* quick = item->property("textDocument").value<QQuickTextDocument*>();
            if (quick == nullptr
                || item->property("blocks").value<app::BlockListModel*>()
                       != window.message(1)->answer())
                return;
            for (const QTextFrame* frame : quick->textDocument()->rootFrame()->childFrames())
                found.push_back(qobject_cast<const QTextTable*>(frame));
        });
        return found;
    };
    const auto widths = [](const QTextTable* part) {
        return part->format().columnWidthConstraints();
    };
    QCOMPARE(fields().size(), std::size_t{3});
    // The third field has the widest cell, and no wider column than the first.
    QTRY_VERIFY(widths(fields()[0]) == widths(fields()[1])
                && widths(fields()[0]) == widths(fields()[2]));
    QVERIFY(widths(fields()[0])[1].rawValue() > 2 * widths(fields()[0])[0].rawValue());
    int rows = 0;
    for (const QTextTable* part : fields())
        rows += part->rows();
    QCOMPARE(rows, 41);
    window.photograph(u"long-table"_s);
}

/// From Send until the answer begins: the rows of the question and of its answer are made, and the
/// page is drawn anew with the question at its top. Processor time of this thread.
void ReadingTest::sendingTakesNoLongTurn() {
    WindowUnderTest window;
    QTRY_VERIFY_WITH_TIMEOUT(window.application().languages().isDone(), 30'000);
    std::vector<double> worst;
    for (int round = 0; round < 8; ++round) {
        window.scripts().add({.answer = mixedText(1500, 7)});
        window.ask(u"A question of one line?"_s);
        window.scripts().add({.answer = "Short.", .holds = true});
        window.chat()->composer()->setText(u"And another one?"_s);
        window.grab();
        worst.push_back(0);
        double before = threadMilliseconds();
        const auto endTurn = [&] {
            const double now = threadMilliseconds();
            worst.back() = std::max(worst.back(), now - before);
            before = now;
        };
        window.chat()->send();
        endTurn();
        bool over = false;
        QTimer::singleShot(200, window.window(), [&over] { over = true; });
        while (!over) {
            QCoreApplication::processEvents(QEventLoop::WaitForMoreEvents);
            endTurn();
        }
        window.chat()->stop();
        window.waitUntilStill();
    }
    std::ranges::sort(worst);
    qInfo("the longest turn takes %.2f ms, best of %zu %.2f ms", median(worst), worst.size(),
          worst.front());
    // What else runs on the machine makes a turn slower, never faster.
    QVERIFY2(worst.front() <= 4 * timeFactor(), "experience.md 8, line 2");
}

void ReadingTest::streamingLeavesTheThreadFree_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<double>("tokensPerSecond");
    QTest::addColumn<int>("charactersPerToken");
    QTest::addColumn<bool>("followed");
    QTest::addColumn<double>("worstTick");
    QTest::addColumn<double>("busy");
    const QByteArray mixed = QByteArray::fromStdString(mixedText(16000, 3));
    QTest::newRow("300 tok/s") << mixed << 300.0 << 4 << false << 4.0 << 0.15;
    // The whole page moves with each line: the processor draws all of it.
    QTest::newRow("300 tok/s, followed") << mixed.left(6000) << 300.0 << 4 << true << 8.0 << 0.25;
    QTest::newRow("3000 tok/s") << mixed << 3000.0 << 4 << false << 8.0 << 1.0;
    const QByteArray words = QByteArray("one long paragraph of many words. ").repeated(15000);
    QTest::newRow("paragraph of 500 000") << words << 1000.0 << 200 << true << 12.0 << 0.6;
    QTest::newRow("word of 500 000")
        << QByteArray(500'000, 'x') << 1000.0 << 200 << true << 12.0 << 0.6;
    QByteArray code = "```cpp\n";
    code += QByteArray("    const int value = compute(a, b) + 17; // done\n").repeated(600);
    QTest::newRow("code of 600 lines") << code << 1000.0 << 8 << true << 12.0 << 0.6;
    QByteArray table = "| a | b | c |\n|---|---|---|\n";
    table += QByteArray("| some text | 12 | **bold** |\n").repeated(25);
    QTest::newRow("table") << table << 300.0 << 4 << true << 8.0 << 0.3;
    table += QByteArray("| some text | 12 | **bold** |\n").repeated(300);
    QTest::newRow("table of 325 rows") << table << 1000.0 << 8 << true << 12.0 << 0.6;
}

/// Processor time of this thread, and the best of
/// three: what else runs on the machine makes a tick slower, never faster.
void ReadingTest::streamingLeavesTheThreadFree() {
    QFETCH(QByteArray, text);
    QFETCH(double, tokensPerSecond);
    QFETCH(int, charactersPerToken);
    QFETCH(bool, followed);
    QFETCH(double, worstTick);
    QFETCH(double, busy);
    WindowUnderTest window;
    QTRY_VERIFY_WITH_TIMEOUT(window.application().languages().isDone(), 30'000);
    window.ask(u"First"_s);
    double worst = 0;
    double share = 0;
    const double allowedTick = worstTick * timeFactor(), allowedShare = busy * timeFactor();
    for (int round = 0; round < 3 && (round == 0 || worst > allowedTick || share > allowedShare);
         ++round) {
        window.scripts().add({.answer = text.toStdString(),
                              .tokensPerSecond = tokensPerSecond,
                              .charactersPerToken = charactersPerToken});
        window.chat()->composer()->setText(u"Stream"_s);
        window.chat()->send();
        if (followed)
            window.view()->followEnd();
        QTRY_VERIFY(!window.message(-1)->record().answer.isEmpty());
        window.grab(); // the page that the question opened
        const std::vector<double> ticks = ticksUntilStill(window, share);
        worst = ticks.back();
        qInfo("%zu turns, median %.2f ms, 99 %% %.2f ms, worst %.2f ms, thread busy %.1f %%",
              ticks.size(), median(ticks), ticks[ticks.size() * 99 / 100], worst, share * 100);
    }
    QVERIFY2(worst <= allowedTick, "experience.md 8, line 2");
    QVERIFY(share <= allowedShare);
}

QTEST_MAIN(ReadingTest)
#include "reading_test.moc"
