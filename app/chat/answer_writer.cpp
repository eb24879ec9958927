#include "answer_writer.h"

#include "chat_message.h"
#include "engine_session/engine_controller.h"
#include "engine_session/generation.h"

#include <utility>
#include <variant>

namespace lapidary::app {

AnswerWriter::AnswerWriter(ChatStore& store, EngineController& engine, QObject* parent)
    : QObject(parent), store_(store), engine_(engine) {}

void AnswerWriter::begin(ChatMessage* answer) {
    answer_ = answer;
}

void AnswerWriter::ask(const QString& chatId, const QList<ChatMessage*>& path,
                       const std::function<engine::Request()>& request) {
    withPictures(path, [this, answer = answer_, chatId, request] {
        if (answer && answer_ == answer)
            start(chatId, request());
    });
}

/// Pictures of earlier turns are decoded before the request is made.
void AnswerWriter::withPictures(const QList<ChatMessage*>& path,
                                const std::function<void()>& then) {
    for (ChatMessage* message : path)
        for (Attachment* attachment : message->attachments()) {
            const bool waits = attachment->bytes().isEmpty() && !attachment->isBad();
            if (!waits)
                continue;
            connect(
                attachment, &Attachment::changed, this,
                [this, path, then] { withPictures(path, then); }, Qt::SingleShotConnection);
            return;
        }
    then();
}

void AnswerWriter::start(const QString& chatId, engine::Request request) {
    ChatMessage* answer = answer_;
    writer_ = std::make_unique<StreamWriter>(store_, answer->id());
    generation_ = engine_.ask(chatId, std::move(request));
    answer->setQueuePlace(generation_->queuePlace());
    connect(generation_, &Generation::queuePlaceChanged, answer, [this, answer] {
        if (generation_)
            answer->setQueuePlace(generation_->queuePlace());
    });
    connect(generation_, &Generation::eventsArrived, this, &AnswerWriter::take);
    connect(generation_, &Generation::finished, this, &AnswerWriter::finish);
    emit asked();
}

void AnswerWriter::take(const std::vector<engine::Event>& events) {
    if (!answer_)
        return;
    for (const engine::Event& event : events) {
        answer_->take(event);
        if (const auto* thought = std::get_if<engine::ThoughtText>(&event))
            writer_->append(TextChannel::Thought, QString::fromStdString(thought->text));
        else if (const auto* text = std::get_if<engine::AnswerText>(&event))
            writer_->append(TextChannel::Answer, QString::fromStdString(text->text));
    }
}

void AnswerWriter::finish(const engine::Finished& finished) {
    if (!answer_)
        return;
    ChatMessage* answer = answer_;
    writer_->flush();
    writer_.reset();
    answer->finish(finished);
    answer_ = nullptr;
    generation_ = nullptr;
    store_.finishMessage(answer->record());
    emit this->finished(answer, finished);
}

void AnswerWriter::stop() {
    if (generation_)
        generation_->cancel();
    else if (answer_) {
        // Pictures are still being decoded: nothing was asked yet.
        writer_ = std::make_unique<StreamWriter>(store_, answer_->id());
        finish({.reason = engine::FinishReason::Cancelled, .statistics = {}, .error = {}});
    }
}

} // namespace lapidary::app
