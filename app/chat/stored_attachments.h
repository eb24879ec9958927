#pragma once

namespace lapidary::app {

class ChatMessage;
class ChatStore;

/// Reads the files of a message that is shown again from the store; each attachment changes when it
/// is there, or bad with a sentence when it is not. UI thread; files are decoded on workers.
void readStoredAttachments(ChatStore& store, const ChatMessage& message);

} // namespace lapidary::app
