#include "samples.h"
#include "window_under_test.h"

#include <chat/chat_model.h>

#include <QAccessible>
#include <QColor>
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

} // namespace

/// Names for all controls, contrast of all themes, a tour by keyboard (experience.md 8, line 8).
class AccessTest : public QObject {
    Q_OBJECT

private slots:
    void everyControlHasAName();
    void contrastHolds_data();
    void contrastHolds();
    void zonesAreReachedByKeyboard();
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

QTEST_MAIN(AccessTest)
#include "access_test.moc"
