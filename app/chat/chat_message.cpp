#include "chat_message.h"

#include "blocks/visible_text.h"
#include "documents/document_writer.h"
#include "field_text.h"
#include "statistics_text.h"

#include <QDateTime>
#include <QLocale>
#include <QTimerEvent>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace lapidary::app {

namespace {

constexpr qsizetype kTailCharacters = 600;
// As many as a menu shows.
constexpr qsizetype kMaxLinks = 20;
constexpr int kClockMs = 250;

template <class... Ts>
struct Overloaded : Ts... {
    using Ts::operator()...;
};

qint64 nowMs() {
    return QDateTime::currentMSecsSinceEpoch();
}

} // namespace

ChatMessage::ChatMessage(MessageRecord record, QObject* parent)
    : QObject(parent)
    , record_(std::move(record))
    , answer_(new BlockListModel(this, isUser() ? BlockList::Reading::FencesOnly
                                                : BlockList::Reading::Markdown))
    , thought_(new BlockListModel(this))
    , hasThought_(!record_.thought.trimmed().isEmpty()) {
    thoughtTokens_ = statisticsFromJson(record_.statistics).thoughtTokens;
}

QString ChatMessage::author() const {
    if (isUser())
        return tr("You");
    if (record_.model.isEmpty())
        return tr("Lapidary");
    return record_.recipe.isEmpty() ? record_.model : record_.model + u" · "_s + record_.recipe;
}

bool ChatMessage::isEditable() const {
    return isUser() && fitsField(text());
}

QStringList ChatMessage::links() const {
    QStringList found;
    if (isUser() || isBusy())
        return found;
    for (const Block& block : answer_->allBlocks())
        for (const Paragraph& paragraph : block.paragraphs)
            for (const Span& span : paragraph.spans)
                if ((span.styles & Link) != 0 && mayOpen(span.address)
                    && !found.contains(span.address) && found.size() < kMaxLinks)
                    found.append(span.address);
    return found;
}

QString ChatMessage::time() const {
    return QLocale().toString(record_.createdAt.toLocalTime(), QLocale::ShortFormat);
}

void ChatMessage::setAttachments(const QList<Attachment*>& attachments) {
    attachments_ = attachments;
    for (Attachment* attachment : attachments)
        attachment->setParent(this);
}

QString ChatMessage::stateLine() const {
    switch (phase_) {
    case Phase::Queued:
        return waitingLine_;
    case Phase::ReadingPrompt: {
        const int total = prompt_.promptTokens - prompt_.reusedTokens;
        if (total <= 0 || prompt_.doneTokens <= 0)
            return tr("Reading the prompt");
        const double fraction = promptFraction();
        const double seconds = static_cast<double>(nowMs() - promptStartMs_) / 1000;
        const double left = seconds / fraction * (1 - fraction);
        const int percent = static_cast<int>(fraction * 100);
        return left < 0.5
                   ? tr("Reading the prompt: %1 %").arg(percent)
                   : tr("Reading the prompt: %1 %, %2 left").arg(percent).arg(shortSeconds(left));
    }
    case Phase::Thinking:
    case Phase::Writing:
        return {};
    case Phase::Still:
        break;
    }
    switch (record_.state) {
    case MessageState::Stopped:
        return tr("Stopped");
    case MessageState::LengthLimit:
        return tr("The length limit ended this answer");
    case MessageState::Interrupted:
        return tr("Interrupted: the program ended while it was written");
    case MessageState::Failed:
        return errorFromJson(record_.statistics);
    case MessageState::Queued:
        return tr("Not sent");
    case MessageState::Complete:
    case MessageState::Streaming:
        break;
    }
    return {};
}

double ChatMessage::promptFraction() const {
    const int total = prompt_.promptTokens - prompt_.reusedTokens;
    if (phase_ != Phase::ReadingPrompt || total <= 0)
        return -1;
    return std::clamp(static_cast<double>(prompt_.doneTokens) / total, 0.0, 1.0);
}

bool ChatMessage::hasFailed() const {
    return !isBusy() && record_.state == MessageState::Failed;
}

bool ChatMessage::canContinue() const {
    return !isUser() && !isBusy() && last_ && record_.state != MessageState::Complete
           && record_.state != MessageState::Queued;
}

QString ChatMessage::statisticsLine() const {
    return isUser() || isBusy() ? QString()
                                : app::statisticsLine(statisticsFromJson(record_.statistics));
}

QString ChatMessage::thoughtHeader() const {
    const qint64 end = phase_ == Phase::Thinking ? nowMs() : record_.thoughtEndMs;
    const double seconds =
        static_cast<double>(std::max<qint64>(end - record_.thoughtStartMs, 0)) / 1000;
    const QString tokens = thoughtTokens_ > 0
                               ? u" · "_s + tr("%1 tokens").arg(QLocale().toString(thoughtTokens_))
                               : QString();
    if (phase_ == Phase::Thinking)
        return tr("Thinking… %1").arg(shortSeconds(seconds)) + tokens;
    if (seconds < 1)
        return tr("Thought briefly") + tokens;
    return tr("Thought for %1").arg(shortSeconds(seconds)) + tokens;
}

QString ChatMessage::thoughtTail() const {
    const QString& text = record_.thought;
    if (phase_ != Phase::Thinking)
        return {};
    const qsizetype newline =
        text.indexOf(u'\n', std::max<qsizetype>(0, text.size() - kTailCharacters));
    const bool whole = text.size() <= kTailCharacters;
    QString tail = whole || newline < 0 || newline > text.size() - 200 ? text.right(kTailCharacters)
                                                                       : text.sliced(newline);
    // Three lines are shown: none of them for the space between paragraphs.
    while (tail.contains(u"\n\n"_s))
        tail.replace(u"\n\n"_s, u"\n"_s);
    return visibleText(tail.trimmed(), TextPlace::Prose);
}

QString ChatMessage::summary() const {
    if (isUser())
        return tr("Question: %1").arg(text().left(200));
    const QString state = stateLine();
    const QString who = tr("Answer, %1").arg(author());
    return state.isEmpty() ? who : who + u", "_s + state;
}

void ChatMessage::readBlocks() {
    if (read_)
        return;
    read_ = true;
    answer_->reset(record_.answer.toStdString());
    if (hasThought_)
        thought_->reset(record_.thought.toStdString());
}

void ChatMessage::chooseThoughtOpen(bool open) {
    thoughtChosen_ = true;
    if (open && !isUser())
        readBlocks();
    setThoughtOpen(open);
}

void ChatMessage::setThoughtOpen(bool open) {
    if (thoughtOpen_ == open)
        return;
    thoughtOpen_ = open;
    emit thoughtOpenChanged();
}

void ChatMessage::setBranches(int branch, int count, bool last) {
    if (branch_ == branch && branchCount_ == count && last_ == last)
        return;
    branch_ = branch;
    branchCount_ = count;
    last_ = last;
    emit branchesChanged();
    emit phaseChanged();
}

void ChatMessage::setPhase(Phase phase) {
    const bool wasThinking = phase_ == Phase::Thinking;
    phase_ = phase;
    if (phase == Phase::Thinking)
        clock_.start(kClockMs, this);
    else
        clock_.stop();
    if (wasThinking && phase != Phase::Thinking) {
        record_.thoughtEndMs = nowMs();
        thought_->finish();
        if (!thoughtChosen_)
            setThoughtOpen(false);
    }
    emit phaseChanged();
    emit thoughtChanged();
}

void ChatMessage::beginWriting() {
    if (!read_) {
        read_ = true;
        answer_->reset(record_.answer.toStdString(), false);
        if (hasThought_)
            thought_->reset(record_.thought.toStdString(), !record_.answer.isEmpty());
    } else if (answer_->isFinished()) {
        answer_->reset(record_.answer.toStdString(), false);
    }
    record_.state = MessageState::Streaming;
    waitingLine_.clear();
    setPhase(Phase::Queued);
}

void ChatMessage::setWaitingLine(const QString& line) {
    if (waitingLine_ == line)
        return;
    waitingLine_ = line;
    emit phaseChanged();
}

void ChatMessage::noteThought() {
    if (!hasThought_ && !record_.thought.trimmed().isEmpty()) {
        hasThought_ = true;
        emit thoughtAppeared();
    }
    emit thoughtChanged();
}

void ChatMessage::take(const engine::Event& event) {
    std::visit(Overloaded{
                   [this](const engine::PrefillProgress& progress) {
                       if (phase_ != Phase::ReadingPrompt)
                           promptStartMs_ = nowMs();
                       prompt_ = progress;
                       setPhase(Phase::ReadingPrompt);
                   },
                   [this](const engine::ThoughtText& text) {
                       if (record_.thoughtStartMs == 0)
                           record_.thoughtStartMs = nowMs();
                       record_.thought += QString::fromStdString(text.text);
                       thoughtTokens_ += text.tokens;
                       thought_->append(text.text);
                       if (phase_ != Phase::Thinking)
                           setPhase(Phase::Thinking);
                       noteThought();
                   },
                   [this](const engine::ThoughtEnded&) {
                       if (phase_ == Phase::Thinking)
                           setPhase(Phase::Writing);
                   },
                   [this](const engine::AnswerText& text) {
                       record_.answer += QString::fromStdString(text.text);
                       if (phase_ != Phase::Writing)
                           setPhase(Phase::Writing);
                       answer_->append(text.text);
                   },
                   [](const engine::ToolCalled&) {},
                   [](const engine::Round&) {},
                   [](const engine::Finished&) {},
               },
               event);
}

void ChatMessage::finish(const engine::Finished& finished) {
    QString error;
    switch (finished.reason) {
    case engine::FinishReason::Stop:
    case engine::FinishReason::ToolCall:
        record_.state = MessageState::Complete;
        break;
    case engine::FinishReason::Length:
    case engine::FinishReason::ContextFull:
        record_.state = MessageState::LengthLimit;
        break;
    case engine::FinishReason::Cancelled:
        record_.state = MessageState::Stopped;
        break;
    case engine::FinishReason::Failed:
        record_.state = MessageState::Failed;
        error = finished.error ? QString::fromStdString(finished.error->sentence) : QString();
        break;
    }
    record_.statistics = statisticsToJson(finished.statistics, error);
    if (finished.statistics.thoughtTokens > 0)
        thoughtTokens_ = finished.statistics.thoughtTokens;
    // The last block is what it will be before views read it again.
    thought_->finish();
    answer_->finish();
    setPhase(Phase::Still);
}

void ChatMessage::fail(const QString& sentence) {
    record_.state = MessageState::Failed;
    record_.statistics = statisticsToJson({}, sentence);
    thought_->finish();
    answer_->finish();
    setPhase(Phase::Still);
}

void ChatMessage::timerEvent(QTimerEvent* event) {
    if (event->timerId() == clock_.timerId())
        emit thoughtChanged();
    else
        QObject::timerEvent(event);
}

} // namespace lapidary::app
