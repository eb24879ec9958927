#pragma once

#include "scripted_sessions.h"

#include <application.h>
#include <chat/view/conversation_view.h>

#include <QQmlApplicationEngine>
#include <QQmlNetworkAccessManagerFactory>
#include <QQuickItem>
#include <QQuickWindow>
#include <QTemporaryDir>
#include <QTest>

#include <functional>
#include <memory>

/// The real window over the real view-models, with scripts in the place of a model and a profile in
/// a temporary folder.
class WindowUnderTest {
public:
    enum class Runs { Scripts, DemoModel };

    explicit WindowUnderTest(const QString& profile = {}, Runs runs = Runs::Scripts);
    ~WindowUnderTest();

    [[nodiscard]] QQuickWindow* window() const { return window_; }
    [[nodiscard]] lapidary::app::Application& application() { return *application_; }
    [[nodiscard]] Scripts& scripts() { return *scripts_; }
    [[nodiscard]] lapidary::app::ChatModel* chat() { return application_->openChats()->current(); }
    [[nodiscard]] lapidary::app::ConversationView* view();
    [[nodiscard]] lapidary::app::ChatMessage* message(int row);
    [[nodiscard]] QString profile() const { return folder_; }
    /// From the first line of the constructor to the first frame.
    [[nodiscard]] qint64 firstFrameMs() const { return firstFrameMs_; }

    /// Items by the name that assistive programs are told, visible ones only.
    [[nodiscard]] QQuickItem* find(const QString& name) const;
    void click(const QString& name);
    void key(Qt::Key key, Qt::KeyboardModifiers modifiers = Qt::NoModifier);
    void type(const QString& text);
    /// Types the question, sends it and waits until the answer is complete.
    void ask(const QString& question);
    void waitUntilStill();
    QImage grab();
    /// Writes a picture when LAPIDARY_SCREENS names a folder.
    void photograph(const QString& name);

private:
    QTemporaryDir temporary_;
    QString folder_;
    std::shared_ptr<Scripts> scripts_;
    std::unique_ptr<lapidary::app::Application> application_;
    std::unique_ptr<QQmlNetworkAccessManagerFactory> network_;
    std::unique_ptr<QQmlApplicationEngine> engine_;
    QQuickWindow* window_ = nullptr;
    qint64 firstFrameMs_ = 0;
};

/// What budgets of time are multiplied by: 1, what LAPIDARY_TIME_FACTOR says (a machine that is
/// shared with others), or under the sanitizers, which take several times as long, more than any.
[[nodiscard]] double timeFactor();

/// All items below one, those of popups included.
void forEachItem(QQuickItem* root, const std::function<void(QQuickItem*)>& visit);

/// The name that assistive programs are told; "" when there is none.
[[nodiscard]] QString accessibleName(QQuickItem* item);

/// Milliseconds of processor time that this thread has used.
[[nodiscard]] double threadMilliseconds();
