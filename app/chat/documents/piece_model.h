#pragma once

#include <QAbstractListModel>
#include <QtQml/qqmlregistration.h>

namespace lapidary::app {

/// So many rows that carry nothing but their number, for a Repeater whose items stay when there
/// come to be more: with a number as its model it would make all of them anew.
class PieceModel : public QAbstractListModel {
    Q_OBJECT
    QML_ELEMENT
    Q_PROPERTY(int count READ count WRITE setCount NOTIFY countChanged)

public:
    using QAbstractListModel::QAbstractListModel;

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;

    [[nodiscard]] int count() const { return count_; }
    void setCount(int count);

signals:
    void countChanged();

private:
    int count_ = 0;
};

} // namespace lapidary::app
