#include "command_line.h"

#include <QCommandLineParser>
#include <QCoreApplication>
#include <QDir>

namespace lapidary::app {
namespace {

using namespace Qt::StringLiterals;

QString tr(const char* text) {
    return QCoreApplication::translate("CommandLine", text);
}

void addOptions(QCommandLineParser& parser) {
    parser.setApplicationDescription(tr("A desktop chat for the Gemma 4 models."));
    parser.addOptions({
        {{u"h"_s, u"help"_s}, tr("Shows this help.")},
        {{u"v"_s, u"version"_s}, tr("Shows the version.")},
        {u"profile"_s, tr("Keeps chats and settings in <folder>."), tr("folder")},
        {u"model"_s, tr("Loads the model in <folder>."), tr("folder")},
        {u"replay"_s, tr("Plays a recording instead of running a model."), tr("file")},
        {u"speed"_s, tr("Plays the recording <times> as fast."), tr("times")},
    });
    parser.addPositionalArgument(u"file"_s, tr("Images and texts to attach."), u"[file...]"_s);
}

} // namespace

Expected<CommandLine> readCommandLine(const QStringList& arguments, const QString& folder) {
    QCommandLineParser parser;
    addOptions(parser);
    if (!parser.parse(arguments))
        return fail(ErrorKind::Unsupported,
                    tr("%1 See lapidary --help.").arg(parser.errorText()).toStdString());
    const QDir start(folder);
    const auto path = [&](const QString& option) {
        const QString value = parser.value(option);
        return value.isEmpty() ? value : QDir::cleanPath(start.absoluteFilePath(value));
    };
    CommandLine line;
    line.help = parser.isSet(u"help"_s);
    line.version = parser.isSet(u"version"_s);
    line.profile = path(u"profile"_s);
    line.replay = path(u"replay"_s);
    line.model = path(u"model"_s);
    for (const QString& file : parser.positionalArguments())
        line.files.append(QDir::cleanPath(start.absoluteFilePath(file)));
    if (parser.isSet(u"speed"_s)) {
        line.speed = parser.value(u"speed"_s).toDouble();
        if (line.speed <= 0)
            return fail(ErrorKind::Unsupported,
                        tr("--speed takes a number above 0, as in --speed 10.").toStdString());
    }
    return line;
}

QString commandLineHelp() {
    QCommandLineParser parser;
    addOptions(parser);
    return parser.helpText();
}

} // namespace lapidary::app
