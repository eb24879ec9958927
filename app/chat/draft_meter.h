#pragma once

#include <engine/request.h>
#include <engine/session.h>

#include <QObject>
#include <QTimer>

#include <optional>

namespace lapidary::app {

class Composer;
class EngineController;

/// How many tokens the visible conversation takes, and how many with the draft: `due` comes some
/// time after the last change, and whoever has the conversation answers with `measure`. UI thread.
class DraftMeter final : public QObject {
    Q_OBJECT

public:
    DraftMeter(EngineController& engine, const Composer& composer, QObject* parent = nullptr);

    /// The conversation is another one.
    void forgetPath();
    /// Measures again soon; until then what is known stays.
    void renew() { timer_.start(); }

    /// Counts the conversation, and the draft behind it where there is one.
    void measure(const QString& chatId, const engine::Request& path);

    /// Conversation and draft together; below 0: not known.
    [[nodiscard]] int total() const { return draftTokens_; }
    /// What the draft adds, where both are known.
    [[nodiscard]] std::optional<int> added() const;

signals:
    void due();
    void changed();
    /// The engine counted what the visible conversation takes.
    void contextMeasured(const lapidary::engine::ContextUse& use);

private:
    EngineController& engine_;
    const Composer& composer_;
    QTimer timer_;
    int pathTokens_ = -1;
    int draftTokens_ = -1;
};

} // namespace lapidary::app
