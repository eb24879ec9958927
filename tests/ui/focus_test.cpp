#include "long_chats.h"
#include "window_under_test.h"

#include <chat/chat_model.h>
#include <chat/view/conversation_view.h>

using namespace lapidary;
using namespace Qt::StringLiterals;

namespace {

QString focusName(const WindowUnderTest& window) {
    QQuickItem* item = window.window()->activeFocusItem();
    return item != nullptr ? accessibleName(item) : QString();
}

} // namespace

/// Where the keyboard is after something was done, and where it goes next (experience.md 6.1, 6.2).
class FocusTest : public QObject {
    Q_OBJECT

private slots:
    void editorGivesTheKeyboardBack();
    void rowsFollowEachOtherAsTheyAreRead();
    void tabGoesThroughTheRowsBeyondThePage();
    void choicesOfThePickerScrollIntoView();
    void listOfChatsIsWalkedByKeys();
    void rowsOfChatsStayWhereThePointerFindsThem();
};

void FocusTest::editorGivesTheKeyboardBack() {
    WindowUnderTest window;
    window.ask(u"First"_s);
    QTRY_COMPARE(focusName(window), u"Message"_s);
    window.key(Qt::Key_Up);
    QTRY_COMPARE(focusName(window), u"Edit the question"_s);
    window.key(Qt::Key_Escape);
    QTRY_COMPARE(focusName(window), u"Message"_s);
    window.key(Qt::Key_Up);
    QTRY_COMPARE(focusName(window), u"Edit the question"_s);
    window.type(u" again"_s);
    window.key(Qt::Key_Return, Qt::ControlModifier);
    window.waitUntilStill();
    QCOMPARE(window.message(0)->text(), u"First again"_s);
    QCOMPARE(focusName(window), u"Message"_s);
}

/// Scrolling up makes the rows from below, of those that others have left.
void FocusTest::rowsFollowEachOtherAsTheyAreRead() {
    QTemporaryDir profile;
    makeLongChat(profile.path(), 60);
    WindowUnderTest window(profile.path());
    QTRY_COMPARE(window.chat()->rowCount(), 60);
    app::ConversationView& view = *window.view();
    for (int step = 0; step < 10; ++step) {
        view.scrollPages(-0.5);
        window.grab();
    }
    // Tab goes through children in their order.
    double before = -1e9;
    int rows = 0;
    for (const QQuickItem* item : view.childItems()) {
        if (!item->isVisible() || !item->property("rowKind").isValid())
            continue;
        QVERIFY(item->y() > before);
        before = item->y();
        ++rows;
    }
    QVERIFY(rows > 3);
}

/// From the first message to the last, each seen when the keyboard comes to it, and back.
void FocusTest::tabGoesThroughTheRowsBeyondThePage() {
    constexpr int kMessages = 16;
    QTemporaryDir profile;
    makeLongChat(profile.path(), kMessages);
    WindowUnderTest window(profile.path());
    QTRY_COMPARE(window.chat()->rowCount(), kMessages);
    app::ConversationView& view = *window.view();
    view.scrollToStart();
    window.grab();
    view.forceActiveFocus(Qt::TabFocusReason);
    const auto messageOfFocus = [&]() -> const app::ChatMessage* {
        const QQuickItem* row = window.window()->activeFocusItem();
        while (row != nullptr && row->parentItem() != &view)
            row = row->parentItem();
        return row != nullptr ? row->property("message").value<app::ChatMessage*>() : nullptr;
    };
    for (const bool forwards : {true, false}) {
        QList<const app::ChatMessage*> met;
        for (int stop = 0; stop < 40 * kMessages; ++stop) {
            window.key(forwards ? Qt::Key_Tab : Qt::Key_Backtab,
                       forwards ? Qt::NoModifier : Qt::ShiftModifier);
            QTest::qWait(1);
            const app::ChatMessage* message = messageOfFocus();
            if (message == nullptr && met.isEmpty() && stop < 4)
                continue; // what lies between the conversation and where the keyboard went
            if (message == nullptr)
                break;
            if (met.isEmpty() || met.last() != message)
                met.append(message);
            const QQuickItem* item = window.window()->activeFocusItem();
            const double top = item->mapToItem(&view, {0, 0}).y();
            QVERIFY2(top >= 0 && top + item->height() <= view.height(),
                     qPrintable(focusName(window)));
        }
        QList<const app::ChatMessage*> all;
        for (int row = 0; row < kMessages; ++row)
            all.insert(forwards ? all.size() : 0, window.message(row));
        QCOMPARE(met, all);
    }
}

void FocusTest::choicesOfThePickerScrollIntoView() {
    WindowUnderTest window;
    window.window()->resize(420, 480);
    window.key(Qt::Key_M, Qt::ControlModifier);
    QTRY_VERIFY(window.find(u"Use"_s) != nullptr);
    int choices = 0;
    bool scrolled = false;
    for (int stop = 0; stop < 12; ++stop) {
        window.key(Qt::Key_Tab);
        const QQuickItem* item = window.window()->activeFocusItem();
        const QQuickItem* pane = item->parentItem();
        while (pane != nullptr && !pane->inherits("QQuickFlickable"))
            pane = pane->parentItem();
        if (pane == nullptr)
            continue;
        const double top = item->mapToItem(pane, {0, 0}).y();
        QVERIFY2(top >= 0 && top + item->height() <= pane->height(), qPrintable(focusName(window)));
        scrolled = scrolled || pane->property("contentY").toDouble() > 0;
        ++choices;
    }
    QVERIFY(choices > 3 && scrolled);
}

void FocusTest::listOfChatsIsWalkedByKeys() {
    QTemporaryDir profile;
    {
        app::ChatStore store(profile.path());
        for (int i = 0; i < 40; ++i) {
            app::ChatRecord chat;
            chat.id = app::ChatStore::newId();
            chat.title = u"Chat %1"_s.arg(i);
            store.createChat(chat);
        }
        store.flush(std::chrono::seconds(30));
    }
    WindowUnderTest window(profile.path());
    QTRY_VERIFY(window.find(u"Chats"_s) != nullptr);
    QQuickItem* list = window.find(u"Chats"_s);
    list->forceActiveFocus(Qt::TabFocusReason);
    const auto at = [list] { return list->property("currentIndex").toInt(); };
    window.key(Qt::Key_End);
    QCOMPARE(at(), 39);
    window.key(Qt::Key_PageUp);
    QVERIFY(at() > 0 && at() < 39);
    window.key(Qt::Key_Home);
    QCOMPARE(at(), 0);
    window.key(Qt::Key_PageDown);
    QVERIFY(at() > 1 && at() < 39);
}

void FocusTest::rowsOfChatsStayWhereThePointerFindsThem() {
    WindowUnderTest window;
    for (const QString& title : {u"First"_s, u"Second"_s}) {
        window.application().openChats()->newChat();
        window.ask(title);
    }
    QTRY_VERIFY(window.find(u"First"_s) != nullptr);
    const QQuickItem* below = window.find(u"First"_s);
    const double top = below->mapToScene({0, 0}).y();
    QQuickItem* above = window.find(u"Second"_s);
    QTest::mouseMove(window.window(), above->mapToScene({20, 10}).toPoint());
    QTRY_VERIFY(above->property("hovered").toBool());
    window.grab();
    QCOMPARE(below->mapToScene({0, 0}).y(), top);
}

QTEST_MAIN(FocusTest)
#include "focus_test.moc"
