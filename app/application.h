#pragma once

#include "chat/documents/language_warming.h"
#include "chat/open_chats.h"
#include "engine_session/engine_controller.h"
#include "gauges/context_gauge.h"
#include "gauges/memory_gauge.h"
#include "gauges/speculation_gauge.h"
#include "gauges/speed_gauge.h"
#include "library/model_picker.h"
#include "settings/settings.h"
#include "storage/chat_list_model.h"
#include "storage/chat_store.h"

#include <QObject>
#include <QtQml/qqmlregistration.h>

#include <memory>

namespace lapidary::app {

class SessionFactory;

/// Everything behind the window, made once on the UI thread and handed to Main as its required
/// property `application`. The constructor touches no file that takes time; `start`, called after
/// the first frame, reads the history and the library and loads the model used last.
class Application final : public QObject {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("The program makes it")
    Q_PROPERTY(lapidary::app::EngineController* engine READ engine CONSTANT FINAL)
    Q_PROPERTY(lapidary::app::ChatStore* store READ store CONSTANT FINAL)
    Q_PROPERTY(lapidary::app::ChatListModel* chats READ chats CONSTANT FINAL)
    Q_PROPERTY(lapidary::app::OpenChats* openChats READ openChats CONSTANT FINAL)
    Q_PROPERTY(lapidary::app::ModelPicker* picker READ picker CONSTANT FINAL)
    Q_PROPERTY(lapidary::app::MemoryGauge* memoryGauge READ memoryGauge CONSTANT FINAL)
    Q_PROPERTY(lapidary::app::SpeedGauge* speedGauge READ speedGauge CONSTANT FINAL)
    Q_PROPERTY(lapidary::app::ContextGauge* contextGauge READ contextGauge CONSTANT FINAL)
    Q_PROPERTY(
        lapidary::app::SpeculationGauge* speculationGauge READ speculationGauge CONSTANT FINAL)
    Q_PROPERTY(lapidary::app::Settings* settings READ settings CONSTANT FINAL)

public:
    struct Options {
        QString dataFolder;   ///< chats.db and attachments
        QString settingsFile; ///< INI
        ModelPicker::Places places;
        QString model; ///< folder to load at start instead of the one used last; or ""
    };

    Application(const Options& options, std::unique_ptr<SessionFactory> sessions,
                const EngineQueries& queries, QObject* parent = nullptr);

    [[nodiscard]] EngineController* engine() { return &engine_; }
    [[nodiscard]] ChatStore* store() { return &store_; }
    [[nodiscard]] ChatListModel* chats() { return &chats_; }
    [[nodiscard]] OpenChats* openChats() { return &openChats_; }
    [[nodiscard]] ModelPicker* picker() { return &picker_; }
    [[nodiscard]] MemoryGauge* memoryGauge() { return &memoryGauge_; }
    [[nodiscard]] SpeedGauge* speedGauge() { return &speedGauge_; }
    [[nodiscard]] ContextGauge* contextGauge() { return &contextGauge_; }
    [[nodiscard]] SpeculationGauge* speculationGauge() { return &speculationGauge_; }
    [[nodiscard]] Settings* settings() { return &settings_; }
    [[nodiscard]] const LanguageWarming& languages() const { return languages_; }

    /// After the first frame.
    void start();

    /// What a second start of the program hands over: files to attach, a model to load.
    void open(const QStringList& files, const QString& model);

signals:
    /// The window comes to the front.
    void raiseRequested();
    /// Files from the command line, to be attached to the message being written.
    void filesOpened(const QStringList& files);

private:
    Options options_;
    Settings settings_;
    ChatStore store_;
    EngineController engine_;
    ChatListModel chats_;
    ModelPicker picker_;
    MemoryGauge memoryGauge_;
    SpeedGauge speedGauge_;
    ContextGauge contextGauge_;
    SpeculationGauge speculationGauge_;
    OpenChats openChats_;
    LanguageWarming languages_;
};

} // namespace lapidary::app
