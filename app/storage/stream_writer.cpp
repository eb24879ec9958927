#include "stream_writer.h"

#include "chat_store.h"

#include <QTimerEvent>

#include <utility>

namespace lapidary::app {
namespace {

constexpr int kLongestMs = 250;
constexpr qsizetype kLargestCharacters = 2048;

} // namespace

StreamWriter::StreamWriter(ChatStore& store, QString messageId, QObject* parent)
    : QObject(parent), store_(store), messageId_(std::move(messageId)) {}

StreamWriter::~StreamWriter() {
    flush();
}

void StreamWriter::append(TextChannel channel, const QString& text) {
    if (channel != channel_)
        flush();
    channel_ = channel;
    waiting_ += text;
    if (waiting_.size() >= kLargestCharacters)
        flush();
    else if (!waiting_.isEmpty() && !timer_.isActive())
        timer_.start(kLongestMs, this);
}

void StreamWriter::flush() {
    timer_.stop();
    if (!waiting_.isEmpty())
        store_.appendPart(messageId_, channel_, std::exchange(waiting_, {}));
}

void StreamWriter::timerEvent(QTimerEvent* event) {
    if (event->timerId() == timer_.timerId())
        flush();
}

} // namespace lapidary::app
