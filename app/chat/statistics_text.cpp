#include "statistics_text.h"

#include <QCoreApplication>
#include <QJsonDocument>
#include <QJsonObject>
#include <QLocale>
#include <QStringList>

#include <cmath>

using namespace Qt::StringLiterals;

namespace lapidary::app {

namespace {

QString translated(const char* text) {
    return QCoreApplication::translate("Statistics", text);
}

} // namespace

QString statisticsToJson(const engine::Statistics& statistics, const QString& error) {
    QJsonObject json{
        {u"promptTokens"_s, statistics.promptTokens},
        {u"reusedTokens"_s, statistics.reusedTokens},
        {u"thoughtTokens"_s, statistics.thoughtTokens},
        {u"answerTokens"_s, statistics.answerTokens},
        {u"prefillSeconds"_s, statistics.prefillSeconds},
        {u"firstTokenSeconds"_s, statistics.firstTokenSeconds},
        {u"decodeSeconds"_s, statistics.decodeSeconds},
        {u"rounds"_s, statistics.rounds},
        {u"proposedTokens"_s, statistics.proposedTokens},
        {u"acceptedTokens"_s, statistics.acceptedTokens},
    };
    if (!error.isEmpty())
        json.insert(u"error"_s, error);
    return QString::fromUtf8(QJsonDocument(json).toJson(QJsonDocument::Compact));
}

engine::Statistics statisticsFromJson(const QString& json) {
    const QJsonObject fields = QJsonDocument::fromJson(json.toUtf8()).object();
    engine::Statistics statistics;
    statistics.promptTokens = fields[u"promptTokens"].toInt();
    statistics.reusedTokens = fields[u"reusedTokens"].toInt();
    statistics.thoughtTokens = fields[u"thoughtTokens"].toInt();
    statistics.answerTokens = fields[u"answerTokens"].toInt();
    statistics.prefillSeconds = fields[u"prefillSeconds"].toDouble();
    statistics.firstTokenSeconds = fields[u"firstTokenSeconds"].toDouble();
    statistics.decodeSeconds = fields[u"decodeSeconds"].toDouble();
    statistics.rounds = fields[u"rounds"].toInt();
    statistics.proposedTokens = fields[u"proposedTokens"].toInt();
    statistics.acceptedTokens = fields[u"acceptedTokens"].toInt();
    return statistics;
}

QString errorFromJson(const QString& json) {
    return QJsonDocument::fromJson(json.toUtf8()).object()[u"error"].toString();
}

QString shortNumber(double value) {
    const QLocale locale;
    if (value >= 99.95)
        return locale.toString(std::round(value), 'f', 0);
    return locale.toString(value, 'f', value >= 9.995 || value >= 1 ? 1 : 2);
}

QString shortCount(double tokens) {
    const QLocale locale;
    if (tokens < 10'000)
        return locale.toString(std::round(tokens), 'f', 0);
    return translated("%1 k").arg(locale.toString(tokens / 1000, 'f', tokens < 99'950 ? 1 : 0));
}

QString shortSeconds(double seconds) {
    if (seconds < 10)
        return translated("%1 s").arg(QLocale().toString(seconds, 'f', 1));
    if (seconds < 90)
        return translated("%1 s").arg(std::lround(seconds));
    const long whole = std::lround(seconds);
    return translated("%1 min %2 s").arg(whole / 60).arg(whole % 60);
}

QString statisticsLine(const engine::Statistics& statistics) {
    const int tokens = statistics.thoughtTokens + statistics.answerTokens;
    if (tokens == 0)
        return {};
    QStringList parts;
    if (statistics.decodeTokensPerSecond() > 0)
        parts.append(translated("%1 tok/s").arg(shortNumber(statistics.decodeTokensPerSecond())));
    if (statistics.firstTokenSeconds > 0.1)
        parts.append(translated("first token %1 s").arg(shortNumber(statistics.firstTokenSeconds)));
    else if (statistics.firstTokenSeconds > 0)
        parts.append(translated("first token %1 ms")
                         .arg(std::lround(std::ceil(statistics.firstTokenSeconds * 1000))));
    if (statistics.rounds > 0)
        parts.append(translated("%1 tokens a round")
                         .arg(shortNumber(static_cast<double>(tokens) / statistics.rounds)));
    parts.append(translated("%1 tokens").arg(QLocale().toString(tokens)));
    return parts.join(u" · "_s);
}

} // namespace lapidary::app
