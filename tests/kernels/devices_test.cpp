#include "device.h"

#include "backend.h"
#include "registry.h"

#include <QTest>

#include <vector>

namespace lapidary::kernels {

/// The list of devices, on machines with and without cards.
class DevicesTest final : public QObject {
    Q_OBJECT

private slots:
    void cardsComeBeforeTheProcessor() {
        const std::vector<DeviceDescription> devices = listDevices();
        QCOMPARE(devices.back().id, "cpu");
        for (std::size_t i = 0; i + 1 < devices.size(); ++i)
            QCOMPARE(devices[i].id.substr(0, 5), "cuda:");
        for (const DeviceDescription& device : devices) {
            QVERIFY(!device.name.empty());
            QVERIFY(device.totalBytes > 0);
            QVERIFY(device.freeBytes <= device.totalBytes);
        }
    }

    void aDeviceIsFoundByItsId() {
        const auto processor = describeDevice("cpu");
        QVERIFY(processor.has_value());
        QCOMPARE(processor->id, "cpu");
        QVERIFY(prepareDevice("cpu").has_value());
    }

    void anUnknownIdIsRefusedWithTheKnownOnes() {
        for (const char* const id : {"cuda:99", "cuda:-1", "gpu", ""}) {
            const auto backend = openDevice(id);
            QVERIFY(!backend.has_value());
            QCOMPARE(backend.error().kind, ErrorKind::NotFound);
            QVERIFY(backend.error().sentence.contains("“cpu”"));
        }
    }
};

static const Registered<DevicesTest> registered;

} // namespace lapidary::kernels

#include "devices_test.moc"
