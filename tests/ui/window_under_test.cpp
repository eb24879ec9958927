#include "window_under_test.h"

#include <QAccessible>
#include <QDir>
#include <QElapsedTimer>
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QSignalSpy>

#include <ctime>
#include <limits>

using namespace lapidary;
using namespace Qt::StringLiterals;

extern void qml_register_types_Lapidary_App();

WindowUnderTest::WindowUnderTest(const QString& profile, Runs runs)
    : folder_(profile.isEmpty() ? temporary_.path() : profile)
    , scripts_(std::make_shared<Scripts>()) {
    QElapsedTimer clock;
    clock.start();
    qml_register_types_Lapidary_App();
    const bool scripted = runs == Runs::Scripts;
    const QString resources = QStringLiteral(LAPIDARY_RESOURCES);
    application_ = std::make_unique<app::Application>(
        app::Application::Options{
            .dataFolder = folder_,
            .settingsFile = folder_ + u"/settings.ini"_s,
            .places = {.demoFolder =
                           scripted ? u"/models/gemma-4-12b"_s : resources + u"/demo-model"_s,
                       .hubCache = {},
                       .recipeFolder = scripted ? u"/recipes"_s : resources + u"/recipes"_s},
            .model = {}},
        scripted ? scriptedSessions(scripts_) : app::engineSessions(),
        scripted ? scriptedQueries() : app::engineQueries());
    engine_ = std::make_unique<QQmlApplicationEngine>();
    engine_->setInitialProperties({{u"application"_s, QVariant::fromValue(application_.get())}});
    engine_->loadFromModule("Lapidary.Ui", "Main");
    if (engine_->rootObjects().isEmpty())
        qFatal("the window was not made");
    window_ = qobject_cast<QQuickWindow*>(engine_->rootObjects().constFirst());
    QSignalSpy frame(window_, &QQuickWindow::frameSwapped);
    if (frame.isEmpty() && !frame.wait(10'000))
        qFatal("no frame");
    firstFrameMs_ = clock.elapsed();
    window_->requestActivate();
    application_->start();
    const auto ready = [this] {
        return application_->engine()->state() == app::EngineController::State::Ready
               && chat()->isLoaded();
    };
    if (!QTest::qWaitFor(ready, 20'000))
        qFatal("the model was not loaded");
}

WindowUnderTest::~WindowUnderTest() {
    scripts_->release();
    engine_.reset();
    application_->store()->flush();
}

double timeFactor() {
#ifdef __SANITIZE_ADDRESS__
    return std::numeric_limits<double>::infinity();
#else
    bool given = false;
    const double factor = qEnvironmentVariable("LAPIDARY_TIME_FACTOR").toDouble(&given);
    return given ? factor : 1;
#endif
}

void forEachItem(QQuickItem* root, const std::function<void(QQuickItem*)>& visit) {
    visit(root);
    for (QQuickItem* child : root->childItems())
        forEachItem(child, visit);
}

QString accessibleName(QQuickItem* item) {
    QAccessibleInterface* interface = QAccessible::queryAccessibleInterface(item);
    return interface != nullptr ? interface->text(QAccessible::Name) : QString();
}

double threadMilliseconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

app::ConversationView* WindowUnderTest::view() {
    app::ConversationView* found = nullptr;
    forEachItem(window_->contentItem(), [&](QQuickItem* item) {
        if (auto* view = qobject_cast<app::ConversationView*>(item))
            found = view;
    });
    return found;
}

app::ChatMessage* WindowUnderTest::message(int row) {
    const int index = row < 0 ? chat()->rowCount() + row : row;
    return chat()->index(index).data(app::ChatModel::MessageRole).value<app::ChatMessage*>();
}

QQuickItem* WindowUnderTest::find(const QString& name) const {
    QQuickItem* found = nullptr;
    forEachItem(window_->contentItem(), [&](QQuickItem* item) {
        if (item->isVisible() && item->isEnabled() && accessibleName(item) == name)
            found = item;
    });
    return found;
}

void WindowUnderTest::click(const QString& name) {
    QQuickItem* item = nullptr;
    QTRY_VERIFY2((item = find(name)) != nullptr, qPrintable(u"no item named "_s + name));
    QTest::qWait(50); // what just appeared is laid out with the next frame
    const QPointF centre = item->mapToScene({item->width() / 2, item->height() / 2});
    QTest::mouseMove(window_, centre.toPoint());
    QTest::mouseClick(window_, Qt::LeftButton, {}, centre.toPoint());
}

void WindowUnderTest::key(Qt::Key key, Qt::KeyboardModifiers modifiers) {
    QTest::keyClick(window_, key, modifiers);
}

void WindowUnderTest::type(const QString& text) {
    for (const QChar c : text)
        QTest::keyClick(window_, c.toLatin1());
}

void WindowUnderTest::waitUntilStill() {
    QTRY_VERIFY_WITH_TIMEOUT(!chat()->isBusy(), 60'000);
    QTest::qWait(50);
}

void WindowUnderTest::ask(const QString& question) {
    chat()->composer()->setText(question);
    chat()->send();
    waitUntilStill();
}

QImage WindowUnderTest::grab() {
    QTest::qWait(60);
    return window_->grabWindow();
}

void WindowUnderTest::photograph(const QString& name) {
    const QString folder = qEnvironmentVariable("LAPIDARY_SCREENS");
    if (!folder.isEmpty())
        grab().save(QDir(folder).filePath(name + u".png"_s));
}
