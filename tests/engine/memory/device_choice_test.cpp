#include "memory/device_choice.h"
#include "memory/refusal.h"
#include "registry.h"

#include <QTest>

#include <vector>

using namespace lapidary;
using namespace lapidary::engine;

namespace {

constexpr std::size_t kGiga = 1'000'000'000;

const std::vector<kernels::DeviceDescription> kDevices = {
    {.id = "cuda:0", .name = "a full card", .totalBytes = 24 * kGiga, .freeBytes = 3 * kGiga},
    {.id = "cuda:1", .name = "a free card", .totalBytes = 24 * kGiga, .freeBytes = 23 * kGiga},
    {.id = "cpu", .name = "a processor", .totalBytes = 64 * kGiga, .freeBytes = 40 * kGiga},
};

/// A model of so many gigabytes.
auto needing(std::size_t gigabytes) {
    return [=](const kernels::DeviceDescription& device) -> Expected<MemoryPlan> {
        MemoryPlan plan;
        plan.bytes[0] = gigabytes * kGiga;
        plan.availableBytes = device.freeBytes;
        return plan;
    };
}

} // namespace

/// Where a model runs when nobody says where.
class DeviceChoiceTest : public QObject {
    Q_OBJECT

private slots:
    void theBestThatFitsIsTaken() {
        const auto best = chooseDevice(kDevices, needing(2));
        QVERIFY(best.has_value());
        QCOMPARE(best->device.id, "cuda:0");
        QVERIFY(best->passedOver.empty());
    }

    void aFullCardIsPassedOverWithItsFigures() {
        const auto second = chooseDevice(kDevices, needing(12));
        QVERIFY(second.has_value());
        QCOMPARE(second->device.id, "cuda:1");
        QCOMPARE(second->passedOver,
                 "Using a free card: a full card has 3.0 GB free and 12.0 GB are needed.");
    }

    void theProcessorComesLast() {
        const auto last = chooseDevice(kDevices, needing(30));
        QVERIFY(last.has_value());
        QCOMPARE(last->device.id, "cpu");
        // What fits nowhere is left for the processor to refuse.
        const auto none = chooseDevice(kDevices, needing(50));
        QVERIFY(none.has_value());
        QCOMPARE(none->device.id, "cpu");
    }

    void aDeviceThatCannotRunItIsPassedOver() {
        const auto choice = chooseDevice(kDevices, [](const kernels::DeviceDescription& device) {
            return checkCache(CacheFormat::F32, device).and_then([&] {
                return needing(1)(device);
            });
        });
        QVERIFY(choice.has_value());
        QCOMPARE(choice->device.id, "cpu");
        QVERIFY(choice->passedOver.contains("a full card keeps no cache in f32"));
    }

    void aModelThatNothingRunsIsAnError() {
        const auto choice = chooseDevice(kDevices, [](const auto&) -> Expected<MemoryPlan> {
            return fail(ErrorKind::Corrupt, "config.json is no JSON; fetch it again.");
        });
        QVERIFY(!choice.has_value());
        QCOMPARE(choice.error().kind, ErrorKind::Corrupt);
    }
};

static const Registered<DeviceChoiceTest> registered;

#include "device_choice_test.moc"
