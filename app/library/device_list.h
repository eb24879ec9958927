#pragma once

#include <kernels/device.h>

#include <QAbstractListModel>
#include <QtQml/qqmlregistration.h>

#include <vector>

namespace lapidary::app {

/// The devices of this machine, best first. Lives on the UI thread.
class DeviceList final : public QAbstractListModel {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("ModelPicker makes it")

public:
    enum Role { DeviceIdRole = Qt::UserRole + 1, NameRole, MemoryRole };
    Q_ENUM(Role)

    explicit DeviceList(QObject* parent);

    [[nodiscard]] int rowCount(const QModelIndex& parent = {}) const override;
    [[nodiscard]] QVariant data(const QModelIndex& index, int role) const override;
    [[nodiscard]] QHash<int, QByteArray> roleNames() const override;

    [[nodiscard]] const std::vector<kernels::DeviceDescription>& devices() const {
        return devices_;
    }
    [[nodiscard]] int rowOf(const QString& id) const;
    void show(std::vector<kernels::DeviceDescription> devices);

private:
    std::vector<kernels::DeviceDescription> devices_;
};

} // namespace lapidary::app
