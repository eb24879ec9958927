#include "card_test.h"
#include "quantise.h"
#include "registry.h"

#include <QTest>

#include <memory>
#include <random>
#include <span>
#include <utility>
#include <vector>

using namespace lapidary::kernels;
using namespace lapidary::kernels::test;

/// Rows of a table that stays in the host's memory.
class CudaGatherTest final : public CardTest {
    Q_OBJECT

private slots:
    void agrees_data() {
        QTest::addColumn<bool>("single");
        QTest::addColumn<int>("rows");
        QTest::addColumn<int>("parts");
        QTest::addColumn<int>("width");
        for (const bool single : {false, true})
            // Up to more than two pieces of 2 MB; rows longer than a piece are nobody's.
            for (const int rows : {1, 2, 16, 17, 58, 59, 60, 512})
                for (const auto& [parts, width] : {std::pair{35, 256}, {42, 256}, {3, 33}, {1, 1}})
                    QTest::addRow("%s, %d rows, %d x %d", single ? "f32" : "bf16", rows, parts,
                                  width)
                        << single << rows << parts << width;
    }
    void agrees() {
        QFETCH(bool, single);
        QFETCH(int, rows);
        QFETCH(int, parts);
        QFETCH(int, width);
        constexpr int kEntries = 300;
        std::mt19937 random(31);
        const auto numbers = randomNumbers(random, std::int64_t{kEntries} * parts * width);
        auto singles = std::make_shared<std::vector<float>>(numbers);
        auto halves = std::make_shared<std::vector<std::uint16_t>>();
        for (const float number : numbers)
            halves->push_back(toBf16Bits(number));
        WeightSource source{.format = single ? WeightFormat::F32 : WeightFormat::BF16,
                            .rows = kEntries,
                            .columns = std::int64_t{parts} * width,
                            .data = single ? std::as_bytes(std::span(*singles))
                                           : std::as_bytes(std::span(*halves)),
                            .owner = single ? std::shared_ptr<const void>(singles) : halves};
        const auto cpu = pair_.cpu->keep(source);
        const auto card = pair_.card->keep(source);
        QVERIFY(cpu && card);
        std::vector<std::int32_t> ids;
        for (int r = 0; r < rows; ++r)
            ids.push_back(std::int32_t(random() % kEntries));
        ids.back() = kEntries - 1;
        // Twice in a row, so that the second meets what the first still copies.
        for (const float scale : {16.0F, 0.7F}) {
            const Twin y = Twin::unwritten(pair_, {parts, rows, width});
            pair_.cpu->gather(*cpu, ids, scale, y.cpu);
            const std::vector<std::int32_t> before = ids;
            pair_.card->gather(*card, ids, scale, y.card);
            ids.assign(ids.size(), 0); // they may go
            QCOMPARE(difference(y.fromCard(*pair_.card), y.fromCpu(), width, 0.004), QString());
            ids = before;
        }
    }
};

static const Registered<CudaGatherTest> registered;

#include "gather_test.moc"
