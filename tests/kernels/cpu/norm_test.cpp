#include "reference.h"
#include "registry.h"

#include <QTest>

#include <algorithm>
#include <cmath>

namespace lapidary::kernels::test {

/// Norms, and what is computed element by element.
class NormTest final : public QObject {
    Q_OBJECT

private slots:
    void rmsNorm_data() { widths(); }
    void rmsNorm();
    void addNormed_data() { widths(); }
    void addNormed();
    void layerNorm_data() { widths(); }
    void layerNorm();
    void geluMultiply_data() { widths(); }
    void geluMultiply();
    void geluOfEverySize();
    void sumsAndLimits_data() { widths(); }
    void sumsAndLimits();
    void rowsDoNotDependOnTheirNeighbours();

private:
    static void widths();
};

void NormTest::widths() {
    QTest::addColumn<qint64>("rows");
    QTest::addColumn<qint64>("width");
    for (const qint64 width : {1, 2, 15, 16, 17, 31, 63, 64, 65, 127, 384, 1152, 2816, 3840, 6912})
        for (const qint64 rows : {1, 3, 70})
            QTest::addRow("%lld × %lld", rows, width) << rows << width;
}

void NormTest::rmsNorm() {
    QFETCH(const qint64, rows);
    QFETCH(const qint64, width);
    std::mt19937 random(20281);
    const auto backend = openCpu();
    // Of three dimensions, as heads are.
    Values x = randomValues(random, {rows, 2, width}, 5);
    Values weight = randomValues(random, {width});
    Values y = unwritten({rows, 2, width});
    backend->rmsNorm(x.tensor(), weight.tensor(), 1e-6F, y.tensor());
    QCOMPARE(
        difference(y.numbers, rmsNormed(x.doubles(), weight.doubles(), width, 1e-6), width, 5e-7),
        std::string());
    const Doubles plain = rmsNormed(x.doubles(), {}, width, 1e-3);
    backend->rmsNorm(x.tensor(), {}, 1e-3F, x.tensor());
    QCOMPARE(difference(x.numbers, plain, width, 5e-7), std::string());
}

void NormTest::addNormed() {
    QFETCH(const qint64, rows);
    QFETCH(const qint64, width);
    std::mt19937 random(20282);
    const auto backend = openCpu();
    Values residual = randomValues(random, {rows, width});
    Values x = randomValues(random, {rows, width}, 0.1);
    Values weight = randomValues(random, {width});
    Doubles expected = rmsNormed(x.doubles(), weight.doubles(), width, 1e-6);
    for (std::size_t i = 0; i < expected.size(); ++i)
        expected[i] = (static_cast<double>(residual.numbers[i]) + expected[i]) * 0.25;
    backend->addNormed({.residual = residual.tensor(),
                        .x = x.tensor(),
                        .weight = weight.tensor(),
                        .epsilon = 1e-6F,
                        .scale = 0.25F});
    QCOMPARE(difference(residual.numbers, expected, rows * width, 5e-7), std::string());
}

void NormTest::layerNorm() {
    QFETCH(const qint64, rows);
    QFETCH(const qint64, width);
    std::mt19937 random(20283);
    const auto backend = openCpu();
    Values x = randomValues(random, {rows, width}, 2);
    // Pixels are not centred on zero.
    for (float& number : x.numbers)
        number += 3;
    Values weight = randomValues(random, {width});
    Values bias = randomValues(random, {width});
    Doubles expected = x.doubles();
    const auto size = static_cast<std::size_t>(width);
    for (std::size_t begin = 0; begin < expected.size(); begin += size) {
        double mean = 0;
        double variance = 0;
        for (std::size_t i = 0; i < size; ++i)
            mean += expected[begin + i] / static_cast<double>(width);
        for (std::size_t i = 0; i < size; ++i)
            variance += std::pow(expected[begin + i] - mean, 2) / static_cast<double>(width);
        for (std::size_t i = 0; i < size; ++i)
            expected[begin + i] = (expected[begin + i] - mean) / std::sqrt(variance + 1e-5)
                                      * static_cast<double>(weight.numbers[i])
                                  + static_cast<double>(bias.numbers[i]);
    }
    backend->layerNorm(x.tensor(), weight.tensor(), bias.tensor(), 1e-5F, x.tensor());
    QCOMPARE(difference(x.numbers, expected, rows * width, 2e-6), std::string());
}

void NormTest::geluMultiply() {
    QFETCH(const qint64, rows);
    QFETCH(const qint64, width);
    std::mt19937 random(20284);
    const auto backend = openCpu();
    Values gate = randomValues(random, {rows, width}, 3);
    Values up = randomValues(random, {rows, width});
    Doubles expected;
    for (std::size_t i = 0; i < gate.numbers.size(); ++i)
        expected.push_back(geluTanh(static_cast<double>(gate.numbers[i]))
                           * static_cast<double>(up.numbers[i]));
    backend->geluMultiply(gate.tensor(), up.tensor(), gate.tensor());
    QCOMPARE(difference(gate.numbers, expected, rows * width, 1e-6), std::string());
}

void NormTest::geluOfEverySize() {
    const auto backend = openCpu();
    Values gate{.numbers = {0, -0.0F, 1e-30F, -1e-30F, 5, -5, 9, -9, 30, -30, 1e4F, -1e4F, 1e20F,
                            -1e20F, 3e38F, -3e38F},
                .shape = {16}};
    Values one{.numbers = std::vector<float>(16, 1.0F), .shape = {16}};
    const std::vector<float> u = gate.numbers;
    backend->geluMultiply(gate.tensor(), one.tensor(), gate.tensor());
    for (std::size_t i = 0; i < u.size(); ++i) {
        const auto x = static_cast<double>(u[i]);
        const double expected = x > 8 ? x : x < -8 ? 0 : geluTanh(x);
        QVERIFY2(
            std::abs(static_cast<double>(gate.numbers[i]) - expected)
                <= std::abs(expected) * 2e-6 + 1e-12,
            qPrintable(QString("gelu(%1) = %2").arg(x).arg(static_cast<double>(gate.numbers[i]))));
    }
}

void NormTest::sumsAndLimits() {
    QFETCH(const qint64, rows);
    QFETCH(const qint64, width);
    std::mt19937 random(20285);
    const auto backend = openCpu();
    Values a = randomValues(random, {rows, width});
    Values b = randomValues(random, {rows, width});
    Values bias = randomValues(random, {width});
    Values table = randomValues(random, {5, width});
    Indices entries{.numbers = {}, .shape = {rows}};
    for (qint64 r = 0; r < rows; ++r)
        entries.numbers.push_back(static_cast<std::int32_t>(r * 3 % 5));
    Doubles expected;
    const auto size = static_cast<std::size_t>(width);
    for (std::size_t i = 0; i < a.numbers.size(); ++i) {
        const auto entry = static_cast<std::size_t>(entries.numbers[i / size]);
        const double sum = (static_cast<double>(a.numbers[i]) + static_cast<double>(b.numbers[i]))
                               * 0.7071067811865476
                           + static_cast<double>(bias.numbers[i % size])
                           + static_cast<double>(table.numbers[entry * size + i % size]);
        expected.push_back(std::clamp(sum, -1.5, 0.75));
    }
    backend->scaledSum(a.tensor(), b.tensor(), 0.70710678F, b.tensor());
    backend->addBias(b.tensor(), bias.tensor());
    backend->addRows(b.tensor(), table.tensor(), entries.tensor());
    backend->clamp(b.tensor(), -1.5F, 0.75F);
    QCOMPARE(difference(b.numbers, expected, rows * width, 1e-6), std::string());
}

void NormTest::rowsDoNotDependOnTheirNeighbours() {
    std::mt19937 random(20286);
    const auto backend = openCpu();
    for (const std::int64_t width : {1001, 17}) {
        Values x = randomValues(random, {64, width});
        Values weight = randomValues(random, {width});
        const auto compute = [&](std::int64_t first, std::int64_t count) {
            Values y = x;
            const Tensor rows = y.tensor().slice(first, count);
            backend->rmsNorm(rows, weight.tensor(), 1e-6F, rows);
            backend->layerNorm(rows, weight.tensor(), weight.tensor(), 1e-5F, rows);
            backend->addNormed({.residual = rows,
                                .x = x.tensor().slice(first, count),
                                .weight = weight.tensor(),
                                .epsilon = 1e-6F,
                                .scale = 0.3F});
            backend->geluMultiply(rows, rows, rows);
            backend->addBias(rows, weight.tensor());
            const auto begin = y.numbers.begin() + first * width;
            return std::vector<float>(begin, begin + count * width);
        };
        QCOMPARE(rowInvariance(width, compute), std::string());
    }
}

const Registered<NormTest> registered;

} // namespace lapidary::kernels::test

#include "norm_test.moc"
