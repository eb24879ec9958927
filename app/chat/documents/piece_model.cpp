#include "piece_model.h"

#include <algorithm>

namespace lapidary::app {

int PieceModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : count_;
}

QVariant PieceModel::data(const QModelIndex& index, int role) const {
    return index.isValid() && role == Qt::DisplayRole ? QVariant(index.row()) : QVariant();
}

void PieceModel::setCount(int count) {
    count = std::max(count, 0);
    if (count == count_)
        return;
    if (count > count_) {
        beginInsertRows({}, count_, count - 1);
        count_ = count;
        endInsertRows();
    } else {
        beginRemoveRows({}, count, count_ - 1);
        count_ = count;
        endRemoveRows();
    }
    emit countChanged();
}

} // namespace lapidary::app
