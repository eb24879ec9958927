#pragma once

#include "block_list.h"

#include <QAbstractListModel>
#include <QtQml/qqmlregistration.h>

namespace lapidary::app {

/// The blocks of one thought or answer as rows. Rows only change, come or go at the end.
class BlockListModel : public QAbstractListModel {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Belongs to a message")
    Q_PROPERTY(int count READ rowCount NOTIFY countChanged)

public:
    enum Role { KindRole = Qt::UserRole + 1 };
    Q_ENUM(Role)

    explicit BlockListModel(QObject* parent = nullptr,
                            BlockList::Reading reading = BlockList::Reading::Markdown)
        : QAbstractListModel(parent), list_(reading), reading_(reading) {}

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
    [[nodiscard]] QHash<int, QByteArray> roleNames() const override;

    /// Adds to the end of the source.
    void append(std::string_view utf8);
    /// Ends the source: the last block will not change any more.
    void finish();
    /// Another source; open at its end when it will be continued.
    void reset(std::string_view utf8, bool finished = true);

    [[nodiscard]] const Block* block(int row) const;
    [[nodiscard]] const std::vector<Block>& allBlocks() const { return list_.blocks(); }
    [[nodiscard]] const std::string& source() const { return list_.source(); }
    [[nodiscard]] bool isFinished() const { return list_.isFinished(); }

signals:
    void countChanged();
    void finished();

private:
    void announce(const BlockList::Change& change, int rows);

    BlockList list_;
    BlockList::Reading reading_;
    int rows_ = 0; ///< what views know; the list is ahead of it while signals are sent
};

} // namespace lapidary::app
