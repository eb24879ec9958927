#include "device_list.h"

#include "plan_part.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace lapidary::app {

DeviceList::DeviceList(QObject* parent) : QAbstractListModel(parent) {}

int DeviceList::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(devices_.size());
}

QVariant DeviceList::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid | CheckIndexOption::ParentIsInvalid))
        return {};
    const kernels::DeviceDescription& device = devices_[static_cast<std::size_t>(index.row())];
    switch (role) {
    case DeviceIdRole:
        return QString::fromStdString(device.id);
    case Qt::DisplayRole:
    case NameRole:
        return QString::fromStdString(device.name);
    case MemoryRole:
        return tr("%1 free of %2")
            .arg(bytesText(static_cast<double>(device.freeBytes)),
                 bytesText(static_cast<double>(device.totalBytes)));
    default:
        return {};
    }
}

QHash<int, QByteArray> DeviceList::roleNames() const {
    return {{DeviceIdRole, "deviceId"}, {NameRole, "name"}, {MemoryRole, "memory"}};
}

int DeviceList::rowOf(const QString& id) const {
    const auto found =
        std::ranges::find(devices_, id.toStdString(), &kernels::DeviceDescription::id);
    return found == devices_.end() ? -1 : static_cast<int>(std::distance(devices_.begin(), found));
}

void DeviceList::show(std::vector<kernels::DeviceDescription> devices) {
    beginResetModel();
    devices_ = std::move(devices);
    endResetModel();
}

} // namespace lapidary::app
