// Streams a message into a profile as fast or as slow as it is told, until it is killed:
//     streaming_writer FOLDER MESSAGE PIECE_MS
// For each piece it prints "streamed N MS" (characters handed over so far, monotonic clock), for
// each part that the store has taken "stored N".

#include "storage/chat_store.h"
#include "storage/stream_writer.h"

#include <QCoreApplication>
#include <QTimer>

#include <chrono>
#include <cstdio>

using namespace lapidary::app;

namespace {

void say(const char* what, qsizetype characters) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::steady_clock::now().time_since_epoch());
    std::printf("%s %lld %lld\n", what, static_cast<long long>(characters),
                static_cast<long long>(ms.count()));
    std::fflush(stdout);
}

} // namespace

int main(int argc, char** argv) {
    const QCoreApplication program(argc, argv);
    const QString folder = QString::fromLocal8Bit(argv[1]);
    const QString messageId = QString::fromLocal8Bit(argv[2]);
    const int pieceMs = QString::fromLocal8Bit(argv[3]).toInt();

    ChatStore store(folder);
    ChatRecord chat;
    chat.id = QStringLiteral("chat-of-") + messageId;
    store.createChat(chat);
    MessageRecord message;
    message.id = messageId;
    message.chatId = chat.id;
    message.role = MessageRole::Assistant;
    message.state = MessageState::Streaming;
    store.addMessage(message);

    StreamWriter writer(store, messageId);
    qsizetype streamed = 0;
    const auto stream = [&] {
        // Digits that say where they stand, so that a hole or a doubled part shows.
        QString piece;
        constexpr int kPieceCharacters = 40;
        for (int i = 0; i < kPieceCharacters; ++i)
            piece += QChar(u'0' + static_cast<char16_t>((streamed + i) % 10));
        writer.append(TextChannel::Answer, piece);
        streamed += piece.size();
        say("streamed", streamed);
        // What was handed over until now is behind this call in the store's order.
        if (pieceMs == 0) {
            writer.flush();
            store.setting(QString()).then(&store,
                                          [at = streamed](const auto&) { say("stored", at); });
        }
    };
    QTimer timer;
    QObject::connect(&timer, &QTimer::timeout, stream);
    timer.start(pieceMs);
    return QCoreApplication::exec();
}
