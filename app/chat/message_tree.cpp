#include "message_tree.h"

#include <algorithm>

namespace lapidary::app {

void MessageTree::add(ChatMessage* message) {
    messages_.insert(message->id(), message);
    children_[message->record().parentId].append(message);
}

QList<ChatMessage*> MessageTree::path(const QString& leaf) const {
    QList<ChatMessage*> path;
    // A damaged history may hold a circle: no path is longer than all messages.
    for (ChatMessage* at = message(leaf); at != nullptr && path.size() < messages_.size();
         at = message(at->record().parentId))
        path.append(at);
    std::ranges::reverse(path);
    return path;
}

QList<ChatMessage*> MessageTree::versions(const ChatMessage& message) const {
    return children_.value(message.record().parentId);
}

QString MessageTree::newestLeaf(const QString& id) const {
    QString leaf = id;
    for (qsizetype steps = 0; steps < messages_.size(); ++steps) {
        const auto below = children_.constFind(leaf);
        if (below == children_.constEnd() || below->isEmpty())
            break;
        leaf = below->last()->id();
    }
    return leaf;
}

} // namespace lapidary::app
