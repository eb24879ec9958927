#include "window_under_test.h"

#include <chat/chat_model.h>
#include <chat/view/conversation_view.h>

#include <QClipboard>
#include <QGuiApplication>

#include <algorithm>

using namespace lapidary;
using namespace Qt::StringLiterals;

/// Text is selected over blocks, messages and the pieces of a long block as if it were one.
class SelectionTest : public QObject {
    Q_OBJECT

private slots:
    void goesOverTheBlocksOfAMessage_data();
    void goesOverTheBlocksOfAMessage();
    void goesFromTheQuestionIntoTheAnswer();
    void piecesOfOneParagraphHangTogether();
    void pageFollowsThePointer();
    void oneFieldSelectsByItself();
    void endsWithAClick();
    void buttonsBeginNone();
    void beginsInBlankSpace_data();
    void beginsInBlankSpace();
    void clickInBlankSpaceEndsIt();
    void shiftMovesItsEnd();
    void shiftSelectsFromTheLastClick();

private:
    /// The field that shows a text which begins so.
    static QQuickItem* field(WindowUnderTest& window, const QString& begin) {
        QQuickItem* found = nullptr;
        forEachItem(window.view(), [&](QQuickItem* item) {
            if (item->isVisible() && item->property("textDocument").isValid()
                && item->property("text").toString().startsWith(begin))
                found = item;
        });
        return found;
    }
    /// The middle of a character's line, in the scene.
    static QPoint placeOf(QQuickItem* field, int character) {
        QRectF place;
        QMetaObject::invokeMethod(field, "positionToRectangle", qReturnArg(place), character);
        return field->mapToScene(place.center()).toPoint();
    }
    static void drag(WindowUnderTest& window, QPoint from, QPoint to, bool lets = true) {
        QTest::mousePress(window.window(), Qt::LeftButton, {}, from);
        for (int step = 1; step <= 10; ++step)
            QTest::mouseMove(window.window(), from + (to - from) * step / 10);
        if (lets)
            QTest::mouseRelease(window.window(), Qt::LeftButton, {}, to);
    }
    static QString copied(WindowUnderTest& window) {
        QGuiApplication::clipboard()->clear();
        window.key(Qt::Key_C, Qt::ControlModifier);
        return QGuiApplication::clipboard()->text();
    }
};

namespace {

const std::string kAnswer = "First paragraph of the answer.\n\n"
                            "- one **bold** item\n- another\n\n"
                            "```python\nprint('code')\n```\n\n"
                            "| a | b |\n|---|---|\n| x | y |\n\n"
                            "Last paragraph of the answer.\n";

/// A window that shows the answer to a question.
struct AnsweredWindow : WindowUnderTest {
    AnsweredWindow() {
        scripts().add({.answer = kAnswer});
        ask(u"Question"_s);
        grab();
    }
};

} // namespace

void SelectionTest::goesOverTheBlocksOfAMessage_data() {
    QTest::addColumn<bool>("upwards");
    QTest::newRow("down") << false;
    QTest::newRow("up") << true;
}

void SelectionTest::goesOverTheBlocksOfAMessage() {
    QFETCH(bool, upwards);
    AnsweredWindow window;
    QQuickItem* first = field(window, u"First"_s);
    QQuickItem* last = field(window, u"Last"_s);
    QVERIFY(first != nullptr && last != nullptr);
    const QPoint begin = placeOf(first, 6);
    const QPoint end = placeOf(last, 4);
    if (upwards)
        drag(window, end, begin);
    else
        drag(window, begin, end);
    QVERIFY(window.view()->selection().isActive());
    QCOMPARE(first->property("selectedText").toString(), u"paragraph of the answer."_s);
    QCOMPARE(last->property("selectedText").toString(), u"Last"_s);
    QCOMPARE(field(window, u"print"_s)->property("selectedText").toString(), u"print('code')"_s);
    QCOMPARE(copied(window), u"paragraph of the answer.\n\n• one bold item\n• another\n\n"
                             "print('code')\n\na\tb\nx\ty\n\nLast"_s);
    window.photograph(u"selection"_s);
}

void SelectionTest::goesFromTheQuestionIntoTheAnswer() {
    WindowUnderTest window;
    window.scripts().add({.answer = kAnswer});
    window.ask(u"What is the question?"_s);
    window.grab();
    drag(window, placeOf(field(window, u"What"_s), 12), placeOf(field(window, u"First"_s), 5));
    QCOMPARE(copied(window), u"question?\n\nFirst"_s);
}

void SelectionTest::piecesOfOneParagraphHangTogether() {
    WindowUnderTest window;
    std::string text;
    for (int i = 0; text.size() < 9000; ++i)
        text += "sentence" + std::to_string(i) + " ";
    window.scripts().add({.answer = text});
    window.ask(u"Long"_s);
    window.view()->showQuestion();
    window.grab();
    window.view()->scrollBy(600);
    QTest::qWait(200);
    window.grab();
    std::vector<QQuickItem*> pieces;
    forEachItem(window.view(), [&](QQuickItem* item) {
        if (item->isVisible() && item->property("textDocument").isValid()
            && item->property("text").toString().startsWith(u"sentence"))
            pieces.push_back(item);
    });
    QVERIFY2(pieces.size() >= 2, qPrintable(QString::number(pieces.size())));
    std::ranges::sort(pieces, {}, [](const QQuickItem* item) { return item->mapToScene({}).y(); });
    const int length = pieces[0]->property("length").toInt();
    drag(window, placeOf(pieces[0], length - 200), placeOf(pieces[1], 40));
    const QString copy = copied(window);
    QCOMPARE(copy.size(), 241); // with the space at which the paragraph was cut
    QVERIFY2(QString::fromStdString(text).contains(copy), qPrintable(copy));
}

void SelectionTest::pageFollowsThePointer() {
    WindowUnderTest window;
    std::string text;
    for (int i = 0; i < 120; ++i)
        text += "Paragraph number " + std::to_string(i) + ".\n\n";
    window.scripts().add({.answer = text});
    window.ask(u"Long"_s);
    window.view()->showQuestion();
    window.grab();
    QQuickItem* first = field(window, u"Paragraph number 0."_s);
    QVERIFY(first != nullptr);
    const double before = window.view()->offset();
    const QPoint begin = placeOf(first, 10);
    const QPoint below(begin.x(), window.window()->height() - 5);
    drag(window, begin, below, false);
    QTRY_VERIFY_WITH_TIMEOUT(window.view()->offset() > before + 2500, 20'000);
    QTest::mouseRelease(window.window(), Qt::LeftButton, {}, below);
    // The first paragraphs have left the page, and are part of it.
    const QString copy = copied(window);
    QVERIFY2(copy.startsWith(u"number 0.\n\nParagraph number 1.\n\n"_s), qPrintable(copy.left(60)));
    QVERIFY(copy.contains(u"Paragraph number 30.\n\nParagraph number 31."_s));
    // It stays while the reader looks around.
    window.view()->scrollToStart();
    QTest::qWait(100);
    window.view()->scrollPages(1);
    QCOMPARE(copied(window).right(60), copy.right(60));
    QCOMPARE(copied(window), copy);
}

void SelectionTest::oneFieldSelectsByItself() {
    AnsweredWindow window;
    QQuickItem* first = field(window, u"First"_s);
    drag(window, placeOf(first, 6), placeOf(first, 15));
    QVERIFY(!window.view()->selection().isActive());
    QCOMPARE(copied(window), u"paragraph"_s);
    // Out of it and back.
    const QPoint begin = placeOf(first, 6);
    drag(window, begin, placeOf(field(window, u"Last"_s), 4), false);
    QVERIFY(window.view()->selection().isActive());
    QTest::mouseMove(window.window(), placeOf(first, 15));
    QTest::mouseRelease(window.window(), Qt::LeftButton, {}, placeOf(first, 15));
    QCOMPARE(copied(window), u"paragraph"_s);
}

void SelectionTest::endsWithAClick() {
    AnsweredWindow window;
    QQuickItem* first = field(window, u"First"_s);
    QQuickItem* last = field(window, u"Last"_s);
    drag(window, placeOf(first, 6), placeOf(last, 4));
    QVERIFY(window.view()->selection().isActive());
    QTest::mouseClick(window.window(), Qt::LeftButton, {}, placeOf(last, 10));
    QVERIFY(!window.view()->selection().isActive());
    QVERIFY(first->property("selectedText").toString().isEmpty());
    QVERIFY(last->property("selectedText").toString().isEmpty());
    drag(window, placeOf(first, 6), placeOf(last, 4));
    window.click(u"Message"_s); // the keyboard goes to the composer
    QVERIFY(!window.view()->selection().isActive());
    QVERIFY(field(window, u"print"_s)->property("selectedText").toString().isEmpty());
}

void SelectionTest::buttonsBeginNone() {
    AnsweredWindow window;
    QQuickItem* button = window.find(u"Copy code"_s);
    QVERIFY(button != nullptr);
    const QPoint place = button->mapToScene({8, 8}).toPoint();
    drag(window, place, placeOf(field(window, u"First"_s), 3));
    QVERIFY(!window.view()->selection().isActive());
}

void SelectionTest::beginsInBlankSpace_data() {
    QTest::addColumn<QString>("beside");
    QTest::addColumn<QPoint>("from");
    QTest::addColumn<QString>("copy");
    // Left of the column, the line's begin; right of it, its end; above the block, the block's
    // begin.
    QTest::newRow("left") << u"First"_s << QPoint(-12, 8) << u"First paragraph of the answer."_s;
    QTest::newRow("above") << u"print"_s << QPoint(40, -32) << u"print('code')"_s;
}

void SelectionTest::beginsInBlankSpace() {
    QFETCH(QString, beside);
    QFETCH(QPoint, from);
    QFETCH(QString, copy);
    AnsweredWindow window;
    QQuickItem* block = field(window, beside);
    const QPoint begin = block->mapToScene({0, 0}).toPoint() + from;
    QPoint end = placeOf(block, block->property("length").toInt()) + QPoint(4, 0);
    drag(window, begin, end);
    QVERIFY(window.view()->selection().isActive());
    QCOMPARE(block->property("selectedText").toString(), copy);
    QCOMPARE(copied(window), copy);
    // And on over other blocks.
    drag(window, begin, placeOf(field(window, u"Last"_s), 4));
    const QString longer = copied(window);
    QVERIFY2(longer.startsWith(copy) && longer.endsWith(u"x\ty\n\nLast"_s), qPrintable(longer));
}

void SelectionTest::clickInBlankSpaceEndsIt() {
    AnsweredWindow window;
    QQuickItem* first = field(window, u"First"_s);
    const QPoint blank = first->mapToScene({-12, 8}).toPoint();
    drag(window, placeOf(first, 6), placeOf(field(window, u"Last"_s), 4));
    QVERIFY(window.view()->selection().isActive());
    QTest::mouseClick(window.window(), Qt::LeftButton, {}, blank);
    QVERIFY(!window.view()->selection().isActive());
    QVERIFY(first->property("selectedText").toString().isEmpty());
    drag(window, placeOf(first, 6), placeOf(first, 15)); // the field's own
    QCOMPARE(first->property("selectedText").toString(), u"paragraph"_s);
    QTest::mouseClick(window.window(), Qt::LeftButton, {}, blank);
    QVERIFY(first->property("selectedText").toString().isEmpty());
}

void SelectionTest::shiftMovesItsEnd() {
    AnsweredWindow window;
    QQuickItem* first = field(window, u"First"_s);
    QQuickItem* last = field(window, u"Last"_s);
    const auto shiftClick = [&](QPoint place) {
        QTest::mouseClick(window.window(), Qt::LeftButton, Qt::ShiftModifier, place);
    };
    drag(window, placeOf(first, 6), placeOf(first, 15));
    shiftClick(placeOf(last, 4)); // from one field's own selection to another field
    QVERIFY2(copied(window).startsWith(u"paragraph of the answer.\n\n• one"_s)
                 && copied(window).endsWith(u"Last"_s),
             qPrintable(copied(window)));
    shiftClick(placeOf(last, 14)); // on
    QVERIFY2(copied(window).endsWith(u"Last paragraph"_s), qPrintable(copied(window)));
    shiftClick(placeOf(first, 9)); // back into the field where it began
    QCOMPARE(copied(window), u"par"_s);
    shiftClick(placeOf(first, 0)); // and beyond its begin
    QCOMPARE(copied(window), u"First "_s);
}

void SelectionTest::shiftSelectsFromTheLastClick() {
    AnsweredWindow window;
    QQuickItem* first = field(window, u"First"_s);
    QTest::mouseClick(window.window(), Qt::LeftButton, {}, placeOf(first, 6));
    QTest::mouseClick(window.window(), Qt::LeftButton, Qt::ShiftModifier, placeOf(first, 15));
    QCOMPARE(copied(window), u"paragraph"_s); // within a field, the field's own
    QTest::mouseClick(window.window(), Qt::LeftButton, {}, placeOf(field(window, u"Last"_s), 4));
    QTest::mouseClick(window.window(), Qt::LeftButton, Qt::ShiftModifier, placeOf(first, 19));
    QVERIFY2(copied(window).startsWith(u"the answer.\n\n"_s)
                 && copied(window).endsWith(u"x\ty\n\nLast"_s),
             qPrintable(copied(window)));
}

QTEST_MAIN(SelectionTest)
#include "selection_test.moc"
