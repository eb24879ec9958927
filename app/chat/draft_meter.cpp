#include "draft_meter.h"

#include "chat_request.h"
#include "composer.h"
#include "engine_session/engine_controller.h"

#include <utility>

namespace lapidary::app {

namespace {

constexpr int kDelayMs = 700;

} // namespace

DraftMeter::DraftMeter(EngineController& engine, const Composer& composer, QObject* parent)
    : QObject(parent), engine_(engine), composer_(composer) {
    timer_.setSingleShot(true);
    timer_.setInterval(kDelayMs);
    connect(&timer_, &QTimer::timeout, this, &DraftMeter::due);
    connect(&composer_, &Composer::contentChanged, this, [this] {
        draftTokens_ = -1;
        renew();
        emit changed();
    });
}

void DraftMeter::forgetPath() {
    pathTokens_ = -1;
    renew();
}

std::optional<int> DraftMeter::added() const {
    if (pathTokens_ < 0 || draftTokens_ < 0)
        return std::nullopt;
    return draftTokens_ - pathTokens_;
}

void DraftMeter::measure(const QString& chatId, const engine::Request& path) {
    engine_.measure(chatId, path).then(this, [this](const Expected<engine::ContextUse>& use) {
        pathTokens_ = use ? use->used() : -1;
        if (use)
            emit contextMeasured(*use);
        emit changed();
    });
    if (composer_.isEmpty()) {
        draftTokens_ = -1;
        return;
    }
    engine::Request withDraft = path;
    withDraft.messages.push_back(
        userTurn(composer_.text(), composer_.attachments(), engine_.seesImages()));
    engine_.measure(chatId, std::move(withDraft))
        .then(this, [this](const Expected<engine::ContextUse>& use) {
            draftTokens_ = use && !composer_.isEmpty() ? use->used() : -1;
            emit changed();
        });
}

} // namespace lapidary::app
