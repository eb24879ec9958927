#include "synthetic_stream.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QStringList>

namespace lapidary::app {
namespace {

using namespace Qt::StringLiterals;

/// What the answer repeats, with the number of the round in place of %1.
QString section() {
    return uR"(## Part %1

A paragraph with *soft* and **strong** words, `code`, a [link](https://example.org/%1) and the
formula $a_%1^2 + b^2 = c^2$, long enough to wrap a few times in a column of usual width. Größe,
naïve, 東京, мир, 👩‍🔬.

- first point of round %1
- second point
    1. inner one
    2. inner two

```cpp
int sum%1(std::span<const int> values) {
    int sum = 0;
    for (const int value : values)
        sum += value; // round %1
    return sum;
}
```

| left | right |
|:-----|------:|
| a%1  |  %1.5 |
| b    |     7 |

> A quote, once.

)"_s;
}

QString markdown(qsizetype characters) {
    QString text;
    for (int round = 1; text.size() < characters; ++round)
        text += section().replace(u"%1"_s, QString::number(round));
    text.truncate(characters);
    if (text.back().isHighSurrogate())
        text.chop(1);
    return text;
}

/// Pieces of four characters; no character is cut.
QStringList piecesOf(const QString& text) {
    constexpr qsizetype kPiece = 4;
    QStringList pieces;
    for (qsizetype at = 0; at < text.size();) {
        qsizetype end = qMin(at + kPiece, text.size());
        if (end < text.size() && text[end].isLowSurrogate())
            ++end;
        pieces.append(text.sliced(at, end - at));
        at = end;
    }
    return pieces;
}

template <class Text>
std::string join(const Recording::Turn& turn) {
    std::string all;
    for (const auto& [ms, event] : turn) {
        if (const auto* text = std::get_if<Text>(&event))
            all += text->text;
    }
    return all;
}

QJsonObject lineOf(const engine::Event& event) {
    if (const auto* progress = std::get_if<engine::PrefillProgress>(&event))
        return {{"event"_L1, "prefill"_L1},
                {"promptTokens"_L1, progress->promptTokens},
                {"reusedTokens"_L1, progress->reusedTokens},
                {"doneTokens"_L1, progress->doneTokens}};
    if (const auto* thought = std::get_if<engine::ThoughtText>(&event))
        return {{"event"_L1, "thought"_L1},
                {"text"_L1, QString::fromStdString(thought->text)},
                {"tokens"_L1, thought->tokens}};
    if (const auto* answer = std::get_if<engine::AnswerText>(&event))
        return {{"event"_L1, "answer"_L1},
                {"text"_L1, QString::fromStdString(answer->text)},
                {"tokens"_L1, answer->tokens}};
    if (std::holds_alternative<engine::ThoughtEnded>(event))
        return {{"event"_L1, "thoughtEnded"_L1}};
    return {{"event"_L1, "finished"_L1}, {"reason"_L1, "stop"_L1}};
}

} // namespace

Recording::Turn syntheticTurn(int characters, double tokensPerSecond) {
    constexpr int kPrompt = 812;
    constexpr int kThoughtCharacters = 400;
    Recording::Turn turn;
    turn.push_back({0, engine::PrefillProgress{kPrompt, 0, 0}});
    turn.push_back({20, engine::PrefillProgress{kPrompt, 0, kPrompt}});
    double ms = 25;
    const double step = 1000 / tokensPerSecond;
    for (const QString& piece : piecesOf(markdown(kThoughtCharacters))) {
        turn.push_back({ms, engine::ThoughtText{piece.toStdString(), 1}});
        ms += step;
    }
    turn.push_back({ms, engine::ThoughtEnded{}});
    for (const QString& piece : piecesOf(markdown(characters))) {
        turn.push_back({ms, engine::AnswerText{piece.toStdString(), 1}});
        ms += step;
    }
    turn.push_back({ms, engine::Finished{}});
    return turn;
}

Recording syntheticRecording(int characters, double tokensPerSecond) {
    constexpr int kContext = 32768;
    return {.model = u"Synthetic"_s,
            .contextTokens = kContext,
            .seesImages = true,
            .turns = {syntheticTurn(characters, tokensPerSecond)}};
}

std::string thoughtOf(const Recording::Turn& turn) {
    return join<engine::ThoughtText>(turn);
}

std::string answerOf(const Recording::Turn& turn) {
    return join<engine::AnswerText>(turn);
}

QByteArray linesOf(const Recording& recording) {
    const auto compact = [](const QJsonObject& object) {
        return QJsonDocument(object).toJson(QJsonDocument::Compact) + '\n';
    };
    QByteArray lines = compact({{"recording"_L1, 1},
                                {"model"_L1, recording.model},
                                {"contextTokens"_L1, recording.contextTokens},
                                {"seesImages"_L1, recording.seesImages}});
    for (const Recording::Turn& turn : recording.turns) {
        for (const auto& [ms, event] : turn) {
            QJsonObject line = lineOf(event);
            line.insert("t"_L1, ms);
            lines += compact(line);
        }
    }
    return lines;
}

} // namespace lapidary::app
