#include "recording.h"

#include <QCoreApplication>
#include <QFile>
#include <QJsonDocument>
#include <QJsonObject>

#include <optional>
#include <utility>

namespace lapidary::app {
namespace {

using namespace Qt::StringLiterals;

constexpr qint64 kLargestFile = 256LL * 1024 * 1024;

std::string textOf(const QJsonObject& line, QLatin1StringView key) {
    return line[key].toString().toStdString();
}

std::optional<engine::FinishReason> reasonOf(const QString& name) {
    using enum engine::FinishReason;
    const std::pair<QLatin1StringView, engine::FinishReason> reasons[] = {
        {"stop"_L1, Stop},     {"toolCall"_L1, ToolCall},       {"length"_L1, Length},
        {"failed"_L1, Failed}, {"contextFull"_L1, ContextFull}, {"cancelled"_L1, Cancelled},
    };
    for (const auto& [known, reason] : reasons) {
        if (known == name)
            return reason;
    }
    return std::nullopt;
}

ErrorKind kindOf(const QString& name) {
    using enum ErrorKind;
    const std::pair<QLatin1StringView, ErrorKind> kinds[] = {
        {"notFound"_L1, NotFound},       {"corrupt"_L1, Corrupt},       {"noSpace"_L1, NoSpace},
        {"unsupported"_L1, Unsupported}, {"doesNotFit"_L1, DoesNotFit}, {"network"_L1, Network},
        {"deviceLost"_L1, DeviceLost},   {"denied"_L1, Denied},
    };
    for (const auto& [known, kind] : kinds) {
        if (known == name)
            return kind;
    }
    return Unsupported;
}

/// What the events of a turn add up to.
engine::Statistics count(const Recording::Turn& turn, double endMs) {
    engine::Statistics sum;
    double firstMs = -1;
    for (const auto& [ms, event] : turn) {
        if (const auto* progress = std::get_if<engine::PrefillProgress>(&event)) {
            sum.promptTokens = progress->promptTokens;
            sum.reusedTokens = progress->reusedTokens;
            continue;
        }
        if (firstMs < 0)
            firstMs = ms;
        if (const auto* thought = std::get_if<engine::ThoughtText>(&event))
            sum.thoughtTokens += thought->tokens;
        else if (const auto* answer = std::get_if<engine::AnswerText>(&event))
            sum.answerTokens += answer->tokens;
        if (const auto* round = std::get_if<engine::Round>(&event)) {
            ++sum.rounds;
            sum.proposedTokens += round->proposed;
            sum.acceptedTokens += round->accepted;
        }
    }
    if (firstMs >= 0) {
        sum.prefillSeconds = firstMs / 1000;
        sum.firstTokenSeconds = firstMs / 1000;
        sum.decodeSeconds = (endMs - firstMs) / 1000;
    }
    return sum;
}

engine::Statistics statisticsOf(const QJsonObject& object) {
    engine::Statistics statistics;
    statistics.promptTokens = object["promptTokens"_L1].toInt();
    statistics.reusedTokens = object["reusedTokens"_L1].toInt();
    statistics.thoughtTokens = object["thoughtTokens"_L1].toInt();
    statistics.answerTokens = object["answerTokens"_L1].toInt();
    statistics.prefillSeconds = object["prefillSeconds"_L1].toDouble();
    statistics.firstTokenSeconds = object["firstTokenSeconds"_L1].toDouble();
    statistics.decodeSeconds = object["decodeSeconds"_L1].toDouble();
    statistics.rounds = object["rounds"_L1].toInt();
    statistics.proposedTokens = object["proposedTokens"_L1].toInt();
    statistics.acceptedTokens = object["acceptedTokens"_L1].toInt();
    return statistics;
}

std::optional<engine::Event> finishedOf(const QJsonObject& line, const Recording::Turn& turn) {
    engine::Finished finished;
    const auto reason = reasonOf(line["reason"_L1].toString(u"stop"_s));
    if (!reason)
        return std::nullopt;
    finished.reason = *reason;
    if (finished.reason == engine::FinishReason::Failed) {
        const QJsonObject error = line["error"_L1].toObject();
        finished.error = Error{kindOf(error["kind"_L1].toString()), textOf(error, "sentence"_L1)};
    }
    finished.statistics = line.contains("statistics"_L1)
                              ? statisticsOf(line["statistics"_L1].toObject())
                              : count(turn, line["t"_L1].toDouble());
    return finished;
}

std::optional<engine::Event> eventOf(const QJsonObject& line, const Recording::Turn& turn) {
    const QString name = line["event"_L1].toString();
    const int tokens = line["tokens"_L1].toInt(1);
    if (name == "prefill"_L1)
        return engine::PrefillProgress{.promptTokens = line["promptTokens"_L1].toInt(),
                                       .reusedTokens = line["reusedTokens"_L1].toInt(),
                                       .doneTokens = line["doneTokens"_L1].toInt()};
    if (name == "thought"_L1)
        return engine::ThoughtText{.text = textOf(line, "text"_L1), .tokens = tokens};
    if (name == "answer"_L1)
        return engine::AnswerText{.text = textOf(line, "text"_L1), .tokens = tokens};
    if (name == "thoughtEnded"_L1)
        return engine::ThoughtEnded{};
    if (name == "round"_L1)
        return engine::Round{.proposed = line["proposed"_L1].toInt(),
                             .accepted = line["accepted"_L1].toInt()};
    if (name == "toolCall"_L1)
        return engine::ToolCalled{{.id = textOf(line, "id"_L1),
                                   .name = textOf(line, "name"_L1),
                                   .arguments = textOf(line, "arguments"_L1)}};
    if (name == "finished"_L1)
        return finishedOf(line, turn);
    return std::nullopt;
}

std::unexpected<Error> corrupt(qsizetype number, const char* what) {
    return fail(ErrorKind::Corrupt,
                QCoreApplication::translate(
                    "Recording", "The recording is damaged: line %1 %2. Record it again.")
                    .arg(number)
                    .arg(QCoreApplication::translate("Recording", what))
                    .toStdString());
}

} // namespace

Expected<Recording> parseRecording(const QByteArray& lines) {
    Recording recording;
    Recording::Turn turn;
    qsizetype number = 0;
    for (const QByteArray& text : lines.split('\n')) {
        ++number;
        if (text.trimmed().isEmpty())
            continue;
        const QJsonDocument document = QJsonDocument::fromJson(text);
        if (!document.isObject())
            return corrupt(number, "is no JSON object");
        const QJsonObject line = document.object();
        if (line.contains("recording"_L1)) {
            recording.model = line["model"_L1].toString();
            recording.contextTokens = line["contextTokens"_L1].toInt();
            recording.seesImages = line["seesImages"_L1].toBool();
            continue;
        }
        const double ms = line["t"_L1].toDouble(-1);
        if (ms < 0 || (!turn.empty() && ms < turn.back().ms))
            return corrupt(number, "goes back in time");
        std::optional<engine::Event> event = eventOf(line, turn);
        if (!event)
            return corrupt(number, "has an unknown event");
        const bool isLast = std::holds_alternative<engine::Finished>(*event);
        turn.push_back({ms, std::move(*event)});
        if (isLast)
            recording.turns.push_back(std::exchange(turn, {}));
    }
    if (!turn.empty())
        return corrupt(number, "comes before the generation has finished");
    if (recording.turns.empty())
        return corrupt(number, "ends a recording without any generation");
    return recording;
}

Expected<Recording> readRecording(const QString& file) {
    QFile input(file);
    if (!input.open(QIODevice::ReadOnly) || input.size() > kLargestFile)
        return fail(ErrorKind::NotFound,
                    QCoreApplication::translate("Recording", "%1 cannot be read: %2. Name a file "
                                                             "that “lapidary-cli chat --record” "
                                                             "wrote.")
                        .arg(file, input.errorString())
                        .toStdString());
    return parseRecording(input.readAll());
}

} // namespace lapidary::app
