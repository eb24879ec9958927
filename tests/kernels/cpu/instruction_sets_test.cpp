#include "reference.h"
#include "registry.h"

#include <QTest>

#include <hwy/targets.h>

namespace lapidary::kernels::test {

/// The other tests run with the best instructions of this machine; here each set that was compiled
/// and that it has takes its turn on what differs between them: tiles, tails and functions.
class InstructionSetsTest final : public QObject {
    Q_OBJECT

private slots:
    void everySetAgrees_data();
    void everySetAgrees();
    void cleanup();
};

void InstructionSetsTest::everySetAgrees_data() {
    QTest::addColumn<qint64>("set");
    const qint64 supported = hwy::SupportedTargets();
    for (const qint64 set :
         {qint64{HWY_AVX3}, qint64{HWY_AVX2}, qint64{HWY_SSE2}, qint64{HWY_NEON}})
        if ((supported & set) != 0)
            QTest::addRow("%s", hwy::TargetName(set)) << set;
}

void InstructionSetsTest::everySetAgrees() {
    QFETCH(const qint64, set);
    hwy::SetSupportedTargetsForTest(set);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
    std::mt19937 random(20321);
    const auto backend = openCpu();
    for (const WeightFormat format : {WeightFormat::BF16, WeightFormat::F32, WeightFormat::Fp8}) {
        const RandomWeight w = randomWeight(*backend, random, format, 53, 1103);
        Values x = randomValues(random, {64, 1103});
        const auto compute = [&](std::int64_t first, std::int64_t count) {
            Values y = unwritten({count, 53});
            backend->linear(w.weight, x.tensor().slice(first, count), y.tensor());
            return y.numbers;
        };
        QCOMPARE(
            difference(compute(0, 64), multiply(w.numbers.data(), 53, 1103, x.doubles()), 53, 4e-6),
            std::string());
        QCOMPARE(rowInvariance(53, compute), std::string());
    }

    const RandomWeight gate = randomWeight(*backend, random, WeightFormat::BF16, 77, 45);
    const RandomWeight down = randomWeight(*backend, random, WeightFormat::BF16, 45, 77);
    Values x = randomValues(random, {5, 45}, 2);
    Doubles inner = multiply(gate.numbers.data(), 77, 45, x.doubles());
    for (double& number : inner)
        number *= geluTanh(number);
    const Doubles expected = multiply(down.numbers.data(), 45, 77, inner);
    Values scratch = unwritten({10, 77});
    backend->gatedMlp({.gate = gate.weight,
                       .up = gate.weight,
                       .down = down.weight,
                       .x = x.tensor(),
                       .y = x.tensor(),
                       .scratch = scratch.tensor()});
    QCOMPARE(difference(x.numbers, expected, 45, 5e-6), std::string());

    // With equal keys attention is the mean of what a row sees.
    Values q = randomValues(random, {70, 4, 23});
    Values k{.numbers = std::vector<float>(70 * 2 * 23, 0.25F), .shape = {70, 2, 23}};
    Values v = randomValues(random, {70, 2, 23});
    const auto attend = [&](std::int64_t first, std::int64_t count) {
        Values out = unwritten({count, 4, 23});
        backend->attention({.q = q.tensor().slice(first, count),
                            .cache = {.k = k.tensor(), .v = v.tensor()},
                            .firstPosition = first,
                            .window = 0,
                            .runs = {},
                            .out = out.tensor()});
        return out.numbers;
    };
    Doubles means;
    for (std::int64_t row = 0; row < 70; ++row)
        for (std::int64_t head = 0; head < 4; ++head)
            for (std::int64_t d = 0; d < 23; ++d) {
                double sum = 0;
                for (std::int64_t p = 0; p <= row; ++p)
                    sum += static_cast<double>(
                        v.numbers[static_cast<std::size_t>((p * 2 + head / 2) * 23 + d)]);
                means.push_back(sum / static_cast<double>(row + 1));
            }
    QCOMPARE(difference(attend(0, 70), means, 23, 2e-6), std::string());
    QCOMPARE(rowInvariance(4 * 23, attend), std::string());
}

void InstructionSetsTest::cleanup() {
    hwy::SetSupportedTargetsForTest(0);
    hwy::GetChosenTarget().Update(hwy::SupportedTargets());
}

const Registered<InstructionSetsTest> registered;

} // namespace lapidary::kernels::test

#include "instruction_sets_test.moc"
