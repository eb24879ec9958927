#pragma once

#include "chat/blocks/block_list_model.h"
#include "chat/chat_message.h"

#include <QAbstractListModel>
#include <QPointer>
#include <QtQml/qqmlregistration.h>

#include <vector>

namespace lapidary::app {

/// A conversation cut into the rows that its view places: head, reasoning pane, blocks and foot of
/// each message. A message whose blocks have not been read yet is one Unread row with an estimate;
/// `open` reads it. So a chat of a thousand messages costs what its page costs.
class ConversationRows : public QAbstractListModel {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Belongs to a chat")

public:
    enum class Kind { Question, Head, Unread, Thought, Text, Code, Table, Math, Rule, Foot };
    Q_ENUM(Kind)

    /// `messages` is a list model whose rows give a ChatMessage* for `messageRole`.
    ConversationRows(QAbstractListModel& messages, int messageRole, QObject* parent = nullptr);

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;

    [[nodiscard]] Kind kind(int row) const;
    [[nodiscard]] ChatMessage* message(int row) const;
    /// The list that a block's row belongs to, and its place there; null and -1 for other rows.
    [[nodiscard]] BlockListModel* blocks(int row) const;
    [[nodiscard]] int block(int row) const;
    [[nodiscard]] bool isInThought(int row) const;

    /// The height of a row that nobody has measured.
    [[nodiscard]] double estimate(int row, double columnWidth, double lineHeight) const;

    /// Reads the blocks of the message of an Unread row.
    void open(int row);

    [[nodiscard]] int lastQuestionRow() const;
    /// The question before (-1) or after (1) the row; `inside` counts the row's own as before.
    [[nodiscard]] int questionRow(int row, int direction, bool inside) const;

private:
    /// Where a row lies in its message.
    struct Place {
        std::size_t message = 0;
        int within = 0;
    };
    /// A message and how many rows it has now.
    struct Entry {
        QPointer<ChatMessage> message;
        int rows = 0;
        int firstRow = 0;
    };
    /// A row of a message, told from its number within the message.
    struct Part {
        Kind kind = Kind::Foot;
        BlockListModel* blocks = nullptr;
        int block = -1;
    };

    void reset();
    void insertMessages(int first, int last);
    void removeMessages(int first, int last);
    void watch(ChatMessage* message);
    /// Rows of the message were inserted or removed at `within`.
    void changeRows(ChatMessage* message, int within, int inserted, int removed);
    void renumber(std::size_t from);
    [[nodiscard]] std::size_t indexOf(const ChatMessage* message) const;
    [[nodiscard]] Place placeOf(int row) const;
    [[nodiscard]] Part part(int row) const;
    [[nodiscard]] static int rowsOf(const ChatMessage& message);
    [[nodiscard]] static int firstAnswerRow(const ChatMessage& message);

    QAbstractListModel& messages_;
    int messageRole_;
    std::vector<Entry> entries_;
    int rows_ = 0;
};

} // namespace lapidary::app
