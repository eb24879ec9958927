#include "backend.h"
#include "registry.h"

#include <QTest>

#include <cstddef>
#include <span>

using namespace lapidary;
using namespace lapidary::kernels;

class GrowingMemoryTest final : public QObject {
    Q_OBJECT

private slots:
    void init() { cpu_ = std::move(*openDevice("cpu", 1)); }

    void itGrowsInPlace() {
        constexpr std::size_t kMost = 1 << 20;
        const auto memory = cpu_->reserve(kMost);
        QVERIFY(memory);
        GrowingMemory& growing = **memory;
        QCOMPARE(growing.bytes(), std::size_t{0});
        auto* const begin = static_cast<std::byte*>(growing.data());
        std::size_t written = 0;
        for (const std::size_t bytes :
             {std::size_t{1}, std::size_t{5000}, std::size_t{4000}, kMost - 1, kMost}) {
            QVERIFY(growing.grow(bytes));
            QVERIFY(growing.bytes() >= std::max(bytes, written));
            QCOMPARE(growing.data(), static_cast<void*>(begin));
            for (std::size_t i = 0; i < written; ++i)
                QCOMPARE(begin[i], std::byte(i % 251));
            for (; written < growing.bytes(); ++written)
                begin[written] = std::byte(written % 251);
        }
        QCOMPARE(growing.bytes(), kMost);
    }

    void whatIsThereStaysWhereMoreIsRefused() {
        constexpr std::size_t kMost = std::size_t{1} << 45U; // 32 TiB of addresses
        const auto memory = cpu_->reserve(kMost);
        QVERIFY(memory);
        QVERIFY((*memory)->grow(100));
        const std::size_t before = (*memory)->bytes();
        const auto grown = (*memory)->grow(kMost);
        QVERIFY(!grown);
        QCOMPARE(grown.error().kind, ErrorKind::DoesNotFit);
        QCOMPARE((*memory)->bytes(), before);
        QVERIFY((*memory)->grow(before + 1));
        static_cast<std::byte*>((*memory)->data())[before] = std::byte{1};
    }

private:
    std::unique_ptr<Backend> cpu_;
};

static const Registered<GrowingMemoryTest> registered;

#include "growing_memory_test.moc"
