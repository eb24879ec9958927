#include "reference.h"
#include "registry.h"
#include "size_table.h"

#include <QTest>

#include <algorithm>
#include <cmath>

namespace lapidary::kernels::test {

namespace {

/// gemma4.md 5.3: rotate-half inside each half of a head, by the column and by the row.
void rotateHead(double* x, std::int64_t headDim, std::int64_t column, std::int64_t row,
                const Values& frequencies) {
    const std::int64_t half = headDim / 2;
    const std::int64_t pairs = half / 2;
    for (const std::int64_t part : {0, 1})
        for (std::int64_t i = 0; i < pairs; ++i) {
            const double angle =
                static_cast<double>(part == 0 ? column : row)
                * static_cast<double>(frequencies.numbers[static_cast<std::size_t>(i)]);
            double& a = x[part * half + i];
            double& b = x[part * half + i + pairs];
            const double first = a * std::cos(angle) - b * std::sin(angle);
            b = b * std::cos(angle) + a * std::sin(angle);
            a = first;
        }
}

Doubles softmaxOver(const Doubles& q, const Doubles& k, const Doubles& v, std::int64_t patches,
                    std::int64_t heads, std::int64_t headDim) {
    Doubles out(q.size(), 0.0);
    const auto at = [&](std::int64_t patch, std::int64_t head, std::int64_t d) {
        return static_cast<std::size_t>((patch * heads + head) * headDim + d);
    };
    for (std::int64_t h = 0; h < heads; ++h)
        for (std::int64_t i = 0; i < patches; ++i) {
            Doubles weights;
            double total = 0;
            for (std::int64_t j = 0; j < patches; ++j) {
                double score = 0;
                for (std::int64_t d = 0; d < headDim; ++d)
                    score += q[at(i, h, d)] * k[at(j, h, d)];
                weights.push_back(std::exp(score));
                total += weights.back();
            }
            for (std::int64_t j = 0; j < patches; ++j)
                for (std::int64_t d = 0; d < headDim; ++d)
                    out[at(i, h, d)] +=
                        weights[static_cast<std::size_t>(j)] / total * v[at(j, h, d)];
        }
    return out;
}

} // namespace

/// `visionAttention` and `poolPatches`.
class VisionTest final : public QObject {
    Q_OBJECT

private slots:
    void attentionAgreesWithDoubles_data();
    void attentionAgreesWithDoubles();
    void threadsDoNotMatter();
    void poolAgreesWithDoubles_data();
    void poolAgreesWithDoubles();
};

void VisionTest::attentionAgreesWithDoubles_data() {
    sizeTable({"gridRows", "gridColumns", "heads", "headDim"},
              {{"E-series head", {9, 15, 3, 64}},
               {"26B head", {12, 9, 2, 72}},
               {"one patch", {1, 1, 1, 4}},
               {"one block", {8, 8, 1, 12}},
               {"one past a block", {5, 13, 1, 20}},
               {"more than a tile of queries", {11, 13, 1, 8}}});
}

void VisionTest::attentionAgreesWithDoubles() {
    QFETCH(const qint64, gridRows);
    QFETCH(const qint64, gridColumns);
    QFETCH(const qint64, heads);
    QFETCH(const qint64, headDim);
    const std::int64_t patches = gridRows * gridColumns;
    std::mt19937 random(20301);
    const auto backend = openCpu();
    Values q = randomValues(random, {patches, heads, headDim}, 3);
    Values k = randomValues(random, {patches, heads, headDim}, 3);
    Values v = randomValues(random, {patches, heads, headDim}, 3);
    Values qNorm = randomValues(random, {headDim}, 0.5);
    Values kNorm = randomValues(random, {headDim}, 0.5);
    Values frequencies = unwritten({headDim / 4});
    for (std::int64_t i = 0; i < headDim / 4; ++i)
        frequencies.numbers[static_cast<std::size_t>(i)] = static_cast<float>(
            std::pow(100.0, -4.0 * static_cast<double>(i) / static_cast<double>(headDim)));
    Indices columns{.numbers = {}, .shape = {patches}};
    Indices rows{.numbers = {}, .shape = {patches}};
    Doubles expectedQ = rmsNormed(q.doubles(), qNorm.doubles(), headDim, 1e-6);
    Doubles expectedK = rmsNormed(k.doubles(), kNorm.doubles(), headDim, 1e-6);
    const Doubles expectedV = rmsNormed(v.doubles(), {}, headDim, 1e-6);
    for (std::int64_t p = 0; p < patches; ++p) {
        columns.numbers.push_back(static_cast<std::int32_t>(p % gridColumns));
        rows.numbers.push_back(static_cast<std::int32_t>(p / gridColumns));
        for (std::int64_t h = 0; h < heads; ++h)
            for (Doubles* x : {&expectedQ, &expectedK})
                rotateHead(x->data() + (p * heads + h) * headDim, headDim, p % gridColumns,
                           p / gridColumns, frequencies);
    }
    Values out = unwritten({patches, heads, headDim});
    backend->visionAttention({.q = q.tensor(),
                              .k = k.tensor(),
                              .v = v.tensor(),
                              .qNorm = qNorm.tensor(),
                              .kNorm = kNorm.tensor(),
                              .columns = columns.tensor(),
                              .rows = rows.tensor(),
                              .frequencies = frequencies.tensor(),
                              .epsilon = 1e-6F,
                              .out = out.tensor()});
    QCOMPARE(difference(out.numbers,
                        softmaxOver(expectedQ, expectedK, expectedV, patches, heads, headDim),
                        headDim, 5e-6),
             std::string());
}

void VisionTest::threadsDoNotMatter() {
    const auto with = [](int threads) {
        std::mt19937 random(20302);
        const auto backend = openCpu(threads);
        Values q = randomValues(random, {301, 3, 72});
        Values k = randomValues(random, {301, 3, 72});
        Values v = randomValues(random, {301, 3, 72});
        Values norm = randomValues(random, {72}, 0.4);
        Values frequencies = randomValues(random, {18});
        Indices places{.numbers = std::vector<std::int32_t>(301), .shape = {301}};
        std::ranges::generate(places.numbers,
                              [&] { return static_cast<std::int32_t>(random() % 60); });
        Values out = unwritten({301, 3, 72});
        backend->visionAttention({.q = q.tensor(),
                                  .k = k.tensor(),
                                  .v = v.tensor(),
                                  .qNorm = norm.tensor(),
                                  .kNorm = norm.tensor(),
                                  .columns = places.tensor(),
                                  .rows = places.tensor(),
                                  .frequencies = frequencies.tensor(),
                                  .out = out.tensor()});
        return out.numbers;
    };
    QCOMPARE(bitDifference(with(1), with(2)), std::string());
    QCOMPARE(bitDifference(with(1), with(7)), std::string());
}

void VisionTest::poolAgreesWithDoubles_data() {
    QTest::addColumn<qint64>("gridRows");
    QTest::addColumn<qint64>("gridColumns");
    QTest::addColumn<qint64>("k");
    QTest::addColumn<qint64>("width");
    QTest::addColumn<bool>("standardised");
    QTest::addRow("E-series") << qint64{6} << qint64{9} << qint64{3} << qint64{768} << false;
    QTest::addRow("26B") << qint64{9} << qint64{6} << qint64{3} << qint64{1152} << true;
    QTest::addRow("one block") << qint64{3} << qint64{3} << qint64{3} << qint64{17} << true;
    QTest::addRow("no pooling") << qint64{2} << qint64{5} << qint64{1} << qint64{15} << false;
}

void VisionTest::poolAgreesWithDoubles() {
    QFETCH(const qint64, gridRows);
    QFETCH(const qint64, gridColumns);
    QFETCH(const qint64, k);
    QFETCH(const qint64, width);
    QFETCH(const bool, standardised);
    std::mt19937 random(20303);
    const auto backend = openCpu();
    Values x = randomValues(random, {gridRows * gridColumns, width});
    // The released biases reach 5e4.
    Values bias = randomValues(random, {width}, 100);
    Values scale = randomValues(random, {width}, 0.01);
    const double factor = std::sqrt(static_cast<double>(width));
    Doubles expected;
    for (qint64 r = 0; r < gridRows / k; ++r)
        for (qint64 c = 0; c < gridColumns / k; ++c)
            for (qint64 i = 0; i < width; ++i) {
                double sum = 0;
                for (qint64 patch = 0; patch < k * k; ++patch) {
                    const qint64 at = (r * k + patch / k) * gridColumns + c * k + patch % k;
                    sum += static_cast<double>(x.numbers[static_cast<std::size_t>(at * width + i)]);
                }
                const auto channel = static_cast<std::size_t>(i);
                double pooled = sum / static_cast<double>(k * k) * factor;
                if (standardised)
                    pooled = (pooled - static_cast<double>(bias.numbers[channel]))
                             * static_cast<double>(scale.numbers[channel]);
                expected.push_back(pooled);
            }
    Values y = unwritten({gridRows * gridColumns / (k * k), width});
    backend->poolPatches(x.tensor(), gridColumns, k, static_cast<float>(factor),
                         standardised ? bias.tensor() : Tensor(),
                         standardised ? scale.tensor() : Tensor(), y.tensor());
    QCOMPARE(difference(y.numbers, expected, width, 1e-6), std::string());
}

const Registered<VisionTest> registered;

} // namespace lapidary::kernels::test

#include "vision_test.moc"
