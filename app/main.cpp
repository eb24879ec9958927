#include "application.h"
#include "command_line.h"
#include "engine_session/replay_session.h"
#include "error_text.h"
#include "library/model_folders.h"
#include "library/replay_queries.h"
#include "quit_signals.h"
#include "refusing_network.h"
#include "settings/profile.h"
#include "settings/single_instance.h"

#include <QDir>
#include <QFileInfo>
#include <QGuiApplication>
#include <QQmlApplicationEngine>
#include <QQuickWindow>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>

/// Generated with the module Lapidary.App, which is part of this program and has no plugin.
extern void qml_register_types_Lapidary_App();

namespace {

using namespace Qt::StringLiterals;
using namespace lapidary;

/// For the terminate handler alone, which takes no argument.
std::atomic<app::ChatStore*> storeToFlush = nullptr; // NOLINT(*-avoid-non-const-global-variables)

[[noreturn]] void flushAndAbort() {
    if (app::ChatStore* store = storeToFlush.exchange(nullptr))
        store->flush();
    std::abort();
}

void say(const QString& text) {
    std::fputs(qPrintable(text), stdout);
}

int complain(const QString& sentence) {
    std::fputs(qPrintable(sentence + u'\n'), stderr);
    return EXIT_FAILURE;
}

/// PREFIX/bin/lapidary has its data in PREFIX/share/lapidary; before installing, it lies in the
/// source tree.
QString resourceFolder() {
    const QString installed = QGuiApplication::applicationDirPath() + u"/../share/lapidary"_s;
    return QFileInfo::exists(installed) ? QDir::cleanPath(installed)
                                        : QStringLiteral(LAPIDARY_RESOURCES);
}

/// Where models and recipes come from.
struct Source {
    std::unique_ptr<app::SessionFactory> sessions;
    app::EngineQueries queries;
    app::ModelPicker::Places places;
};

Source engineSource() {
    const QString resources = resourceFolder();
    const QString demo = resources + u"/demo-model"_s;
    return {.sessions = app::engineSessions(),
            .queries = app::engineQueries(),
            .places = {.demoFolder = QFileInfo::exists(demo) ? demo : QString(),
                       .hubCache = app::hubCacheFolder(),
                       .recipeFolder = resources + u"/recipes"_s}};
}

Expected<Source> sourceFor(const app::CommandLine& line) {
    if (line.replay.isEmpty())
        return engineSource();
    Expected<app::Recording> recording = app::readRecording(line.replay);
    if (!recording)
        return std::unexpected(recording.error());
    if (recording->model.isEmpty())
        recording->model = QFileInfo(line.replay).completeBaseName();
    app::EngineQueries queries = app::replayQueries(*recording, line.speed);
    return Source{
        .sessions = app::replaySessions(std::move(*recording), line.speed),
        .queries = std::move(queries),
        .places = {
            .demoFolder = line.replay, .hubCache = {}, .recipeFolder = {}, .keepsChoice = false}};
}

int runWindow(const app::CommandLine& line) {
    const app::Profile profile = app::profileAt(line.profile);
    app::SingleInstance instance(profile);
    switch (instance.begin(QGuiApplication::arguments())) {
    case app::SingleInstance::Role::First:
        break;
    case app::SingleInstance::Role::Second:
        return EXIT_SUCCESS;
    case app::SingleInstance::Role::Refused:
        return complain(QGuiApplication::translate(
            "Main", "The chats are used by another Lapidary that does not answer. End it, or start "
                    "with --profile and another folder."));
    }
    Expected<Source> source = sourceFor(line);
    if (!source)
        return complain(app::errorText(source.error()));

    app::Application application({.dataFolder = profile.dataFolder,
                                  .settingsFile = profile.settingsFile,
                                  .places = source->places,
                                  .model = line.model},
                                 std::move(source->sessions), source->queries);
    storeToFlush = application.store();
    std::set_terminate(flushAndAbort);
    QObject::connect(&instance, &app::SingleInstance::argumentsReceived, &application,
                     [&application](const QString& folder, const QStringList& arguments) {
                         const auto again = app::readCommandLine(arguments, folder);
                         application.open(again ? again->files : QStringList(),
                                          again ? again->model : QString());
                     });

    qml_register_types_Lapidary_App();
    app::RefusingNetwork network;
    int status = EXIT_FAILURE;
    {
        QQmlApplicationEngine engine;
        engine.setNetworkAccessManagerFactory(&network);
        engine.setInitialProperties({{u"application"_s, QVariant::fromValue(&application)}});
        engine.loadFromModule("Lapidary.Ui", "Main");
        auto* window = engine.rootObjects().isEmpty()
                           ? nullptr
                           : qobject_cast<QQuickWindow*>(engine.rootObjects().constFirst());
        if (window == nullptr)
            return complain(QGuiApplication::translate(
                "Main", "The window cannot be made; install Lapidary again."));
        QObject::connect(
            window, &QQuickWindow::frameSwapped, &application,
            [&application, &line] {
                application.start();
                if (!line.files.isEmpty())
                    application.open(line.files, {});
            },
            // Flags and types of connections are one enumeration.
            // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange)
            static_cast<Qt::ConnectionType>(Qt::QueuedConnection | Qt::SingleShotConnection));
        const app::QuitSignals quitSignals;
        QObject::connect(&quitSignals, &app::QuitSignals::quitRequested, &application,
                         &QCoreApplication::quit, Qt::QueuedConnection);
        status = QGuiApplication::exec();
    }
    storeToFlush = nullptr;
    return status;
}

} // namespace

int main(int argc, char** argv) {
    // The arguments are read first, so that --help needs no display.
    QStringList arguments;
    for (int i = 0; i < argc; ++i)
        arguments.append(QString::fromLocal8Bit(argv[i]));
    const Expected<app::CommandLine> line = app::readCommandLine(arguments, QDir::currentPath());
    if (!line)
        return complain(QString::fromStdString(line.error().sentence));
    if (line->help) {
        const QCoreApplication program(argc, argv);
        say(app::commandLineHelp());
        return EXIT_SUCCESS;
    }
    if (line->version) {
        say(u"Lapidary %1\n"_s.arg(QStringLiteral(LAPIDARY_VERSION)));
        return EXIT_SUCCESS;
    }
    const QGuiApplication program(argc, argv);
    QGuiApplication::setApplicationName(u"lapidary"_s);
    QGuiApplication::setApplicationDisplayName(u"Lapidary"_s);
    QGuiApplication::setApplicationVersion(QStringLiteral(LAPIDARY_VERSION));
    QGuiApplication::setDesktopFileName(u"lapidary"_s);
    return runWindow(*line);
}
