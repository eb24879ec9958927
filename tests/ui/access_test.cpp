#include "samples.h"
#include "window_under_test.h"

#include <chat/chat_model.h>
#include <chat/view/conversation_view.h>

#include <QAccessible>
#include <QColor>
#include <QPointer>
#include <QQmlComponent>
#include <QQmlEngine>
#include <QSet>

#include <algorithm>
#include <cmath>

using namespace lapidary;
using namespace Qt::StringLiterals;

namespace {

double luminance(const QColor& colour) {
    const auto linear = [](double v) {
        return v <= 0.03928 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4);
    };
    return 0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF())
           + 0.0722 * linear(colour.blueF());
}

double contrast(const QColor& a, const QColor& b) {
    const double high = std::max(luminance(a), luminance(b));
    const double low = std::min(luminance(a), luminance(b));
    return (high + 0.05) / (low + 0.05);
}

/// Fails for every control without a name, or with one that another control beside it has too.
void checkNames(QQuickItem* root) {
    int controls = 0;
    forEachItem(root, [&](QQuickItem* item) {
        QAccessibleInterface* access = QAccessible::queryAccessibleInterface(item);
        const bool control = access != nullptr && item->isVisible()
                             && (item->activeFocusOnTab() || access->role() == QAccessible::Button
                                 || access->role() == QAccessible::CheckBox
                                 || access->role() == QAccessible::EditableText);
        if (!control || !item->isEnabled())
            return;
        ++controls;
        const QString name = access->text(QAccessible::Name);
        const QString what = QString::fromLatin1(item->metaObject()->className());
        QVERIFY2(!name.trimmed().isEmpty(), qPrintable(u"no name: "_s + what));
        QVERIFY2(!name.endsWith(u" button"_s, Qt::CaseInsensitive), qPrintable(name));
        QSet<QString> beside;
        for (QQuickItem* sibling : item->parentItem()->childItems()) {
            if (!sibling->isVisible() || sibling == item
                || QAccessible::queryAccessibleInterface(sibling) == nullptr)
                continue;
            beside.insert(accessibleName(sibling));
        }
        QVERIFY2(!beside.contains(name), qPrintable(u"twice beside each other: "_s + name));
    });
    QVERIFY2(controls > 8, "the walk found no controls");
}

struct Stop {
    QPointer<QQuickItem> item;
    QString name;
    QRect place; ///< in the window
    QImage picture;
};

QRect placeOf(const QQuickItem* item) {
    return item->mapRectToScene(QRectF(0, 0, item->width(), item->height())).toAlignedRect();
}

/// Presses the key until the focus comes where it was: the stops of the round.
QList<Stop> stopsOf(WindowUnderTest& window, Qt::Key key, Qt::KeyboardModifiers modifiers = {}) {
    QList<Stop> stops;
    for (int presses = 0; presses < 200; ++presses) {
        QTest::qWait(1); // rows make their buttons, pages scroll
        QQuickItem* item = window.window()->activeFocusItem();
        const auto before =
            std::ranges::find_if(stops, [&](const Stop& stop) { return stop.item == item; });
        if (before != stops.end()) {
            stops.erase(stops.begin(), before); // a popup itself is no stop
            break;
        }
        if (item == nullptr)
            break;
        stops.append({item, accessibleName(item), placeOf(item), window.grab()});
        window.key(key, modifiers);
    }
    return stops;
}

bool looksTheSame(const QImage& a, const QImage& b, QRect part) {
    part &= a.rect();
    return a.copy(part) == b.copy(part);
}

/// Every control below `root` is reached by Tab, has a name, lies in the window and shows that it
/// has the focus; Shift+Tab goes the same way back.
void checkTour(WindowUnderTest& window, QQuickItem* root) {
    const QList<Stop> stops = stopsOf(window, Qt::Key_Tab);
    QVERIFY2(stops.size() > 1 && stops.size() < 200, "a trap");
    QSet<QQuickItem*> reached;
    for (qsizetype i = 0; i < stops.size(); ++i) {
        const Stop& stop = stops[i];
        const QString what =
            stop.name + u" "_s
            + (stop.item ? QString::fromLatin1(stop.item->metaObject()->className()) : u"gone"_s);
        reached.insert(stop.item);
        QVERIFY2(!stop.name.trimmed().isEmpty(), qPrintable(what));
        QVERIFY2(
            window.window()->contentItem()->boundingRect().toRect().contains(stop.place.center()),
            qPrintable(u"out of sight: "_s + what));
        // The ring lies around a control; the frame of a field lies around what belongs to it.
        const bool field = stop.item && stop.item->inherits("QQuickTextEdit");
        const QRect around =
            stop.place.adjusted(-4, -4, 4, 4)
                .adjusted(field ? -12 : 0, field ? -12 : 0, field ? 12 : 0, field ? 12 : 0);
        QVERIFY2(!looksTheSame(stop.picture, stops[(i + 1) % stops.size()].picture, around),
                 qPrintable(u"the focus does not show: "_s + what));
    }
    // A list hands the focus to its row.
    const auto wasReached = [&](const QQuickItem* item) {
        return std::ranges::any_of(reached, [&](const QQuickItem* stop) {
            return stop == item || item->isAncestorOf(stop);
        });
    };
    forEachItem(root, [&](QQuickItem* item) {
        if (item->isVisible() && item->isEnabled() && item->activeFocusOnTab())
            QVERIFY2(wasReached(item), qPrintable(u"not reached: "_s + accessibleName(item)));
    });
    QSet<QQuickItem*> back;
    for (const Stop& stop : stopsOf(window, Qt::Key_Backtab, Qt::ShiftModifier))
        back.insert(stop.item);
    QCOMPARE(back, reached);
}

} // namespace

/// Names for all controls, contrast of all themes, a tour by keyboard (experience.md 8, line 8).
class AccessTest : public QObject {
    Q_OBJECT

private slots:
    void everyControlHasAName();
    void contrastHolds_data();
    void contrastHolds();
    void zonesAreReachedByKeyboard();
    void tourOfANewChat();
    void tourOfAConversation();
    void whatHasTheFocusIsScrolledIntoView();
    void tourOfWhatIsAttached();
    void popupsAreLeftWithEscape_data();
    void popupsAreLeftWithEscape();
    void enterPressesWhatHasTheFocus();
    void chatsAreRenamedPinnedAndDeletedByKeys();
    void menuOfAChatOpensByThePointer();
    void linksAreReachedByKeys();
};

void AccessTest::everyControlHasAName() {
    WindowUnderTest window;
    checkNames(window.window()->contentItem());
    window.scripts().add({.thought = kThought, .answer = kRichAnswer});
    window.ask(u"Names"_s);
    window.grab();
    checkNames(window.window()->contentItem());
    window.key(Qt::Key_M, Qt::ControlModifier);
    QTest::qWait(100);
    checkNames(window.window()->contentItem());
}

void AccessTest::contrastHolds_data() {
    QTest::addColumn<int>("theme");
    QTest::newRow("light") << static_cast<int>(app::Settings::Theme::Light);
    QTest::newRow("dark") << static_cast<int>(app::Settings::Theme::Dark);
}

void AccessTest::contrastHolds() {
    QFETCH(int, theme);
    QQmlEngine engine;
    auto* tokens = engine.singletonInstance<QObject*>("Lapidary.Components", "Theme");
    QVERIFY(tokens != nullptr);
    tokens->setProperty("choice", theme);
    const auto colour = [&](const char* name) {
        const auto value = tokens->property(name).value<QColor>();
        if (!value.isValid())
            qFatal("no token %s", name);
        return value;
    };
    struct Pair {
        const char* front;
        const char* back;
        double least;
    };
    // Text 4.5:1 on everything it stands on; edges of controls and the focus ring 3:1.
    const Pair pairs[] = {
        {"text", "page", 4.5},     {"text", "side", 4.5},         {"text", "raised", 4.5},
        {"text", "tint", 4.5},     {"text", "code", 4.5},         {"text", "codeSpan", 4.5},
        {"text", "hover", 4.5},    {"text", "pressed", 4.5},      {"text", "selection", 4.5},
        {"dim", "page", 4.5},      {"dim", "side", 4.5},          {"dim", "raised", 4.5},
        {"dim", "code", 4.5},      {"dim", "hover", 4.5},         {"accent", "page", 4.5},
        {"accent", "raised", 4.5}, {"accentText", "accent", 4.5}, {"fault", "page", 4.5},
        {"fault", "raised", 4.5},  {"care", "page", 4.5},         {"care", "side", 4.5},
        {"ok", "side", 3.0},       {"edge", "page", 3.0},         {"edge", "raised", 3.0},
        {"accent", "side", 3.0},   {"accent", "tint", 3.0},
    };
    for (const Pair& pair : pairs) {
        const double ratio = contrast(colour(pair.front), colour(pair.back));
        QVERIFY2(
            ratio >= pair.least,
            qPrintable(u"%1 on %2: %3"_s.arg(QLatin1String(pair.front), QLatin1String(pair.back))
                           .arg(ratio)));
    }
}

void AccessTest::zonesAreReachedByKeyboard() {
    WindowUnderTest window;
    window.ask(u"Keys"_s);
    QSet<QString> reached;
    for (int i = 0; i < 60; ++i) {
        window.key(Qt::Key_Tab);
        if (QQuickItem* item = window.window()->activeFocusItem())
            reached.insert(accessibleName(item));
    }
    for (const char* name : {"Message", "Keys", "Attach files", "New chat"})
        QVERIFY2(reached.contains(QString::fromLatin1(name)), name);
    window.key(Qt::Key_F6);
    QVERIFY(window.window()->activeFocusItem() != nullptr);
}

void AccessTest::tourOfANewChat() {
    WindowUnderTest window;
    checkTour(window, window.window()->contentItem());
}

void AccessTest::tourOfAConversation() {
    WindowUnderTest window;
    window.scripts().add({.answer = "One."});
    window.scripts().add(
        {.thought = kThought, .answer = "Two.\n\n```c\nint x;\n```\n\n| a |\n|---|\n| b |\n"});
    window.ask(u"First"_s);
    window.ask(u"Keys"_s);
    window.view()->scrollToStart();
    window.grab();
    checkTour(window, window.window()->contentItem());
}

void AccessTest::whatHasTheFocusIsScrolledIntoView() {
    WindowUnderTest window;
    window.scripts().add({.answer = kRichAnswer});
    window.ask(u"Long"_s);
    window.view()->followEnd();
    window.grab();
    bool outside = false;
    for (const Stop& stop : stopsOf(window, Qt::Key_Backtab, Qt::ShiftModifier)) {
        const QRect view = placeOf(window.view());
        outside = outside || stop.name == u"Copy code"_s;
        if (stop.item && window.view()->isAncestorOf(stop.item))
            QVERIFY2(view.contains(stop.place), qPrintable(stop.name));
    }
    QVERIFY2(outside, "the code was never reached");
}

void AccessTest::tourOfWhatIsAttached() {
    WindowUnderTest window;
    QImage image(60, 40, QImage::Format_RGB32);
    image.fill(Qt::darkGreen);
    const QString file = window.profile() + u"/green.png"_s;
    QVERIFY(image.save(file));
    window.chat()->composer()->attachFiles({QUrl::fromLocalFile(file)});
    QTRY_VERIFY(window.find(u"Remove green.png"_s) != nullptr);
    window.chat()->composer()->setText(u"What is this?"_s);
    checkTour(window, window.window()->contentItem());
}

void AccessTest::popupsAreLeftWithEscape_data() {
    QTest::addColumn<QString>("opens");
    QTest::addColumn<QString>("holds");
    QTest::newRow("picker") << u"Ctrl+M"_s << u"Use"_s;
    QTest::newRow("keys") << u"Ctrl+/"_s << u"Keys of the program"_s;
}

void AccessTest::popupsAreLeftWithEscape() {
    QFETCH(QString, opens);
    QFETCH(QString, holds);
    WindowUnderTest window;
    const QPointer<QQuickItem> before = window.window()->activeFocusItem();
    const QKeyCombination keys = QKeySequence(opens)[0];
    window.key(keys.key(), keys.keyboardModifiers());
    QTRY_VERIFY2(window.find(holds) != nullptr, qPrintable(holds));
    QTest::qWait(100);
    QVERIFY(window.window()->activeFocusItem() != before);
    if (holds == u"Use"_s) {
        // The focus goes round within the popup.
        const QList<Stop> stops = stopsOf(window, Qt::Key_Tab);
        QVERIFY2(stops.size() >= 5 && stops.size() < 100,
                 qPrintable(QString::number(stops.size())));
        bool use = false;
        for (const Stop& stop : stops) {
            QVERIFY2(stop.name != u"Message"_s, "the focus left the popup");
            use = use || stop.name == u"Use"_s;
        }
        QVERIFY(use);
    }
    window.key(Qt::Key_Escape);
    QTRY_VERIFY(window.find(holds) == nullptr);
    QCOMPARE(window.window()->activeFocusItem(), before.data());
}

void AccessTest::enterPressesWhatHasTheFocus() {
    WindowUnderTest window;
    window.scripts().add({.thought = kThought, .answer = "Done."});
    window.ask(u"Think"_s);
    const auto focus = [&](const QString& name) {
        QQuickItem* item = nullptr;
        QTRY_VERIFY2((item = window.find(name)) != nullptr, qPrintable(name));
        item->forceActiveFocus(Qt::TabFocusReason);
        QVERIFY(item->hasActiveFocus());
    };
    const QString header = window.message(1)->thoughtHeader();
    focus(header + u", show the thought"_s);
    window.key(Qt::Key_Return);
    QVERIFY(window.message(1)->thoughtOpen());
    window.key(Qt::Key_Space);
    QVERIFY(!window.message(1)->thoughtOpen());
    const bool thinking = window.chat()->thinking();
    focus(thinking ? u"Thinking on"_s : u"Thinking off"_s);
    window.key(Qt::Key_Return);
    QCOMPARE(window.chat()->thinking(), !thinking);
    window.key(Qt::Key_Escape);
    QCOMPARE(accessibleName(window.window()->activeFocusItem()), u"Message"_s);
}

void AccessTest::chatsAreRenamedPinnedAndDeletedByKeys() {
    WindowUnderTest window;
    window.ask(u"First"_s);
    QTRY_COMPARE(window.application().chats()->rowCount(), 1);
    QQuickItem* list = nullptr;
    QTRY_VERIFY((list = window.find(u"Chats"_s)) != nullptr);
    list->forceActiveFocus(Qt::TabFocusReason);
    window.key(Qt::Key_Menu);
    QTRY_VERIFY(window.find(u"Pin"_s) != nullptr);
    window.key(Qt::Key_Down);
    window.key(Qt::Key_Down);
    window.key(Qt::Key_Return);
    QTRY_VERIFY(
        window.application().chats()->index(0).data(app::ChatListModel::PinnedRole).toBool());
    list->forceActiveFocus(Qt::TabFocusReason);
    window.key(Qt::Key_F2);
    QTRY_COMPARE(accessibleName(window.window()->activeFocusItem()), u"New name"_s);
    window.type(u"Named"_s);
    window.key(Qt::Key_Return);
    QTRY_COMPARE(window.chat()->title(), u"Named"_s);
    list->forceActiveFocus(Qt::TabFocusReason);
    window.key(Qt::Key_Delete);
    QTRY_COMPARE(window.application().chats()->rowCount(), 0);
    window.key(Qt::Key_Z, Qt::ControlModifier);
    QTRY_COMPARE(window.application().chats()->rowCount(), 1);
}

void AccessTest::menuOfAChatOpensByThePointer() {
    WindowUnderTest window;
    window.ask(u"First"_s);
    QQuickItem* row = nullptr;
    QTRY_VERIFY((row = window.find(u"First"_s)) != nullptr);
    const QPoint middle = row->mapToScene({row->width() / 2, row->height() / 2}).toPoint();
    QTest::mouseMove(window.window(), middle);
    window.click(u"Actions for First"_s);
    QTRY_VERIFY(window.find(u"Rename"_s) != nullptr);
    window.key(Qt::Key_Escape);
    QTRY_VERIFY(window.find(u"Rename"_s) == nullptr);
    QTest::mouseClick(window.window(), Qt::RightButton, {}, middle);
    window.click(u"Rename"_s);
    QTRY_COMPARE(accessibleName(window.window()->activeFocusItem()), u"New name"_s);
    window.key(Qt::Key_Escape);
    QTRY_VERIFY(window.find(u"New name"_s) == nullptr);
    QCOMPARE(window.chat()->title(), u"First"_s);
}

void AccessTest::linksAreReachedByKeys() {
    WindowUnderTest window;
    window.scripts().add({.answer = "See [one](https://example.org/one), [two](https://example.org/"
                                    "two), [one](https://example.org/one) and [not "
                                    "this](javascript:alert(1))."});
    window.ask(u"Where?"_s);
    QCOMPARE(window.message(1)->links(),
             (QStringList{u"https://example.org/one"_s, u"https://example.org/two"_s}));
    QQuickItem* button = nullptr;
    QTRY_VERIFY((button = window.find(u"Links"_s)) != nullptr);
    button->forceActiveFocus(Qt::TabFocusReason);
    window.key(Qt::Key_Return);
    QTRY_VERIFY(window.find(u"https://example.org/two"_s) != nullptr);
    window.key(Qt::Key_Down);
    window.key(Qt::Key_Down);
    window.key(Qt::Key_Return);
    QTRY_VERIFY(window.find(u"Copy address"_s) != nullptr);
    QVERIFY(window.find(u"https://example.org/two"_s) != nullptr);
    window.key(Qt::Key_Escape);
    QTRY_VERIFY(window.find(u"Copy address"_s) == nullptr);
}

QTEST_MAIN(AccessTest)
#include "access_test.moc"
