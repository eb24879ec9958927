#include "application.h"

#include "engine_session/session_factory.h"

#include <utility>

namespace lapidary::app {

Application::Application(const Options& options, std::unique_ptr<SessionFactory> sessions,
                         const EngineQueries& queries, QObject* parent)
    : QObject(parent)
    , options_(options)
    , settings_(options.settingsFile)
    , store_(options.dataFolder)
    , engine_(std::move(sessions))
    , chats_(store_)
    , picker_(queries, options.places, engine_, settings_)
    , memoryGauge_(engine_)
    , speedGauge_(engine_)
    , contextGauge_(engine_)
    , speculationGauge_(engine_)
    , openChats_(store_, engine_, chats_, contextGauge_, settings_)
    , languages_([this] { return engine_.generating(); }) {}

void Application::start() {
    engine_.prepare(settings_.device());
    chats_.reload();
    openChats_.start();
    connect(
        &picker_, &ModelPicker::ready, this,
        [this] {
            if (!options_.model.isEmpty())
                picker_.useFolder(options_.model);
            else
                picker_.use();
        },
        Qt::SingleShotConnection);
    picker_.refresh();
    languages_.start();
}

void Application::open(const QStringList& files, const QString& model) {
    if (!model.isEmpty())
        picker_.useFolder(model);
    if (!files.isEmpty())
        emit filesOpened(files);
    emit raiseRequested();
}

} // namespace lapidary::app
