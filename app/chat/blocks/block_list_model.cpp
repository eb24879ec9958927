#include "block_list_model.h"

namespace lapidary::app {

int BlockListModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : rows_;
}

QVariant BlockListModel::data(const QModelIndex& index, int role) const {
    const Block* found = index.isValid() ? block(index.row()) : nullptr;
    if (found == nullptr || role != KindRole)
        return {};
    return static_cast<int>(found->kind);
}

QHash<int, QByteArray> BlockListModel::roleNames() const {
    return {{KindRole, "kind"}};
}

void BlockListModel::append(std::string_view utf8) {
    announce(list_.append(utf8), rows_);
}

void BlockListModel::finish() {
    if (list_.isFinished())
        return;
    announce(list_.finish(), rows_);
    emit finished();
}

void BlockListModel::reset(std::string_view utf8, bool finished) {
    beginResetModel();
    list_ = BlockList(reading_);
    list_.append(utf8);
    if (finished)
        list_.finish();
    rows_ = static_cast<int>(list_.blocks().size());
    endResetModel();
    emit countChanged();
}

const Block* BlockListModel::block(int row) const {
    const auto& blocks = list_.blocks();
    return row >= 0 && static_cast<std::size_t>(row) < blocks.size()
               ? &blocks[static_cast<std::size_t>(row)]
               : nullptr;
}

void BlockListModel::announce(const BlockList::Change& change, int rows) {
    const int first = static_cast<int>(change.first);
    const int after = static_cast<int>(change.first + change.after);
    if (after < rows) {
        beginRemoveRows({}, after, rows - 1);
        rows_ = after;
        endRemoveRows();
    }
    if (first < rows_)
        emit dataChanged(index(first), index(rows_ - 1));
    if (after > rows) {
        beginInsertRows({}, rows, after - 1);
        rows_ = after;
        endInsertRows();
    }
    if (rows_ != rows)
        emit countChanged();
}

} // namespace lapidary::app
