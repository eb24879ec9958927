#include "long_chats.h"

#include <storage/chat_store.h>

#include <QRandomGenerator>

#include <algorithm>

using namespace lapidary;
using namespace Qt::StringLiterals;

std::string mixedText(std::size_t characters, quint32 seed) {
    QRandomGenerator random(seed);
    std::string text;
    while (text.size() < characters) {
        switch (random.bounded(6)) {
        case 0:
            text += "## A heading\n\n";
            break;
        case 1:
            text += "- one **item**\n- another `item`\n- a third\n\n";
            break;
        case 2:
            text += "```cpp\nint main() {\n    return 0; // done\n}\n```\n\n";
            break;
        case 3:
            text += "| a | b |\n|---|--:|\n| x | 12 |\n| y | 3 |\n\n";
            break;
        default:
            for (int words = 20 + random.bounded(80); words > 0; --words)
                text += std::string(static_cast<std::size_t>(2 + random.bounded(8)), 'e') + ' ';
            text += "with a [link](https://example.org) at its end.\n\n";
        }
    }
    return text;
}

QString makeLongChat(const QString& profile, int count) {
    app::ChatStore store(profile);
    app::ChatRecord chat;
    chat.id = app::ChatStore::newId();
    chat.title = u"Long"_s;
    store.createChat(chat);
    QString parent;
    for (int i = 0; i < count; ++i) {
        app::MessageRecord message;
        message.id = app::ChatStore::newId();
        message.chatId = chat.id;
        message.parentId = parent;
        message.role = i % 2 == 0 ? app::MessageRole::User : app::MessageRole::Assistant;
        message.answer =
            i % 2 == 0 ? u"Question %1?"_s.arg(i)
                       : QString::fromStdString(mixedText(
                             300 + 97 * static_cast<std::size_t>(i % 23), static_cast<quint32>(i)));
        store.addMessage(message);
        parent = message.id;
    }
    chat.currentLeaf = parent;
    store.updateChat(chat);
    store.setSetting(u"openChat"_s, chat.id);
    store.flush(std::chrono::seconds(30));
    return chat.id;
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values.empty() ? 0 : values[values.size() / 2];
}
