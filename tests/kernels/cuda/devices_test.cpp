#include "backend.h"
#include "cuda/card_memory.h"
#include "cuda/device_list.h"
#include "device.h"
#include "registry.h"

#include <QTest>

#include <cuda_runtime_api.h>

#include <thread>
#include <vector>

namespace lapidary::kernels::test {

/// The cards in the list of devices.
class DevicesTest final : public QObject {
    Q_OBJECT

private slots:
    void freeMemoryIsTheRuntimes() {
        if (cuda::surveyCards().cards.empty())
            QSKIP("needs an NVIDIA card");
        for (const DeviceDescription& card : cuda::surveyCards().cards) {
            const auto backend = openDevice(card.id);
            QVERIFY(backend.has_value());
            const auto surveyed = describeDevice(card.id);
            std::size_t free = 0;
            std::size_t total = 0;
            QCOMPARE(cudaSetDevice(card.index), cudaSuccess);
            QCOMPARE(cudaMemGetInfo(&free, &total), cudaSuccess);
            QCOMPARE(surveyed->totalBytes, total);
            const auto difference =
                static_cast<double>(surveyed->freeBytes) - static_cast<double>(free);
            QVERIFY2(std::abs(difference) < 0.02 * static_cast<double>(total) + 1e9,
                     qPrintable(QString::number(difference)));
        }
    }

    void aBackendFollowsItsThread() {
        const auto cards = cuda::surveyCards().cards;
        if (cards.empty())
            QSKIP("needs an NVIDIA card");
        auto backend = openDevice(cards.back().id);
        QVERIFY(backend.has_value());
        std::vector<float> back(16);
        std::jthread([&] {
            const std::vector<float> numbers(16, 2.5F);
            const auto buffer = (*backend)->allocate(64);
            const Tensor tensor(buffer->memory.get(), DType::F32, {16});
            (*backend)->upload(std::as_bytes(std::span(numbers)), tensor);
            (*backend)->download(tensor, std::as_writable_bytes(std::span(back)));
            static_cast<void>((*backend)->wait());
        }).join();
        QCOMPARE(back, std::vector<float>(16, 2.5F));
    }
};

static const Registered<DevicesTest> registered;

} // namespace lapidary::kernels::test

#include "devices_test.moc"
