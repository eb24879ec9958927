#pragma once

#include <kernels/error.h>

#include <QString>
#include <QStringList>

namespace lapidary::app {

/// What a person wrote behind `lapidary`.
struct CommandLine {
    bool help = false;
    bool version = false;
    QString profile; ///< folder; "": the places of the system
    QString replay;  ///< recording to play; "": run models
    double speed = 1;
    QString model;     ///< folder; "": the one used last
    QStringList files; ///< to attach

    bool operator==(const CommandLine&) const = default;
};

/// Reads the arguments, the program's name first. Paths are made absolute from `folder`.
/// Unsupported, with a sentence that names the argument.
[[nodiscard]] Expected<CommandLine> readCommandLine(const QStringList& arguments,
                                                    const QString& folder);

/// What `--help` prints.
[[nodiscard]] QString commandLineHelp();

} // namespace lapidary::app
