#include "card_test.h"
#include "cuda/arch/card_limits.h"
#include "cuda/arch/tensor_map.h"
#include "cuda/card_weight.h"
#include "registry.h"

#include <QTest>

#include <cstddef>
#include <memory>

using namespace lapidary;
using namespace lapidary::kernels;
using namespace lapidary::kernels::test;

/// What the driver refuses to describe to the card is told by `wait`, and costs nothing but the
/// operation that needed it. It refuses what does not begin on 16 bytes.
class CudaRefusalTest final : public CardTest {
    Q_OBJECT

private slots:
    void aMapOffItsPlace() {
        if (cuda::capabilityOfCurrent() < 90)
            QSKIP("cards below 9.0 have no such maps");
        const auto memory = pair_.card->allocate(1 << 16);
        QVERIFY(memory.has_value());
        const std::uint64_t sizes[] = {256, 128};
        const std::uint64_t strides[] = {256};
        const std::uint32_t box[] = {128, 128};
        cuda::TensorBoxes boxes{
            .tensor = memory->memory.get(), .sizes = sizes, .strides = strides, .box = box};
        cuda::TensorMap map;
        QCOMPARE(cuda::makeTensorMap(boxes, map), cudaSuccess);
        boxes.tensor = static_cast<const std::byte*>(boxes.tensor) + 8;
        QVERIFY(cuda::makeTensorMap(boxes, map) != cudaSuccess);
    }

    void aProduct() {
        if (cuda::capabilityOfCurrent() < 90)
            QSKIP("cards below 9.0 read matrices without maps");
        std::mt19937 random(1);
        const WeightTwin sound = randomWeight(pair_, random, 128, 256);
        const auto& numbers = static_cast<const cuda::CardWeight&>(sound.card.packed()).numbers;
        auto shifted = std::make_shared<cuda::CardWeight>();
        shifted->numbers.memory = {static_cast<std::byte*>(numbers.memory.get()) + 8, [](void*) {}};
        const Weight off(WeightFormat::BF16, 1, 64, 256, shifted);
        const Twin x = Twin::random(pair_, random, {1, 256});
        const Twin y = Twin::unwritten(pair_, {1, 64});
        pair_.card->linear(off, x.card, y.card);
        isTold();
        const Twin after = Twin::unwritten(pair_, {1, 128});
        pair_.cpu->linear(sound.cpu, x.cpu, after.cpu);
        pair_.card->linear(sound.card, x.card, after.card);
        QCOMPARE(difference(after.fromCard(*pair_.card), after.fromCpu(), 128, kTolerance),
                 QString());
    }

    void anAttention() {
        if (cuda::capabilityOfCurrent() != 90)
            QSKIP("other cards attend without maps");
        std::mt19937 random(2);
        const Twin q = Twin::random(pair_, random, {32, 4, 256});
        const Twin cache = Twin::random(pair_, random, {65, 1, 256});
        const Twin out = Twin::unwritten(pair_, {32, 4, 256});
        const auto ask = [&](std::size_t offset) {
            const Tensor keys(static_cast<std::byte*>(cache.card.data) + offset, DType::BF16,
                              {64, 1, 256});
            pair_.card->attention({.q = q.card,
                                   .cache = {.k = keys, .v = keys},
                                   .firstPosition = 0,
                                   .window = 0,
                                   .runs = {},
                                   .out = out.card,
                                   .largest = {}});
        };
        ask(8);
        isTold();
        ask(0);
        const auto done = pair_.card->wait();
        QVERIFY2(done, done ? "" : done.error().detail.c_str());
    }

private:
    void isTold() {
        const auto told = pair_.card->wait();
        QVERIFY(!told.has_value());
        QCOMPARE(told.error().kind, ErrorKind::Unsupported);
        QVERIFY(told.error().sentence.contains("driver"));
        QVERIFY2(told.error().detail.contains("describing"), told.error().detail.c_str());
        QVERIFY(pair_.card->wait().has_value());
    }
};

static const Registered<CudaRefusalTest> registered;

#include "refusal_test.moc"
