#include "answer_writer.h"

#include "chat_message.h"
#include "engine_session/engine_controller.h"
#include "engine_session/generation.h"
#include "storage/chat_list_model.h"

#include <utility>
#include <variant>

namespace lapidary::app {

AnswerWriter::AnswerWriter(ChatStore& store, EngineController& engine, const ChatListModel& chats,
                           QObject* parent)
    : QObject(parent), store_(store), engine_(engine), chats_(chats) {
    connect(&engine, &EngineController::queueChanged, this, &AnswerWriter::tellWaiting);
    connect(&engine, &EngineController::stateChanged, this, &AnswerWriter::tellWaiting);
    // The chat whose answer is waited for may get another name.
    connect(&chats, &QAbstractItemModel::dataChanged, this, &AnswerWriter::tellWaiting);
}

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
            if (answer_)
                answer_->setWaitingLine(tr("Reading the pictures"));
            connect(
                attachment, &Attachment::changed, this,
                [this, path, then] { withPictures(path, then); }, Qt::SingleShotConnection);
            return;
        }
    then();
}

void AnswerWriter::start(const QString& chatId, engine::Request request) {
    writer_ = std::make_unique<StreamWriter>(store_, answer_->id());
    generation_ = engine_.ask(chatId, std::move(request));
    tellWaiting();
    connect(generation_, &Generation::eventsArrived, this, &AnswerWriter::take);
    connect(generation_, &Generation::finished, this, &AnswerWriter::finish);
    emit asked();
}

void AnswerWriter::tellWaiting() {
    if (answer_ && generation_ && generation_->state() == Generation::State::Queued)
        answer_->setWaitingLine(waitingLine());
}

QString AnswerWriter::waitingLine() const {
    const int place = generation_->queuePlace();
    const Generation* running = engine_.running();
    if (running == nullptr || engine_.state() != EngineController::State::Ready)
        return place > 1 ? tr("Waiting for the model: number %1 in the queue").arg(place)
                         : tr("Waiting for the model");
    const QString title = chats_.record(running->chatId()).title;
    if (place > 1)
        return title.isEmpty() ? tr("Waiting for %1 answers before this one").arg(place)
                               : tr("Waiting for %1 answers before this one, now the one in “%2”")
                                     .arg(QString::number(place), title);
    return title.isEmpty() ? tr("Waiting for another answer")
                           : tr("Waiting for the answer in “%1”").arg(title);
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
