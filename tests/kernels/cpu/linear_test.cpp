#include "reference.h"
#include "registry.h"

#include <QTest>

#include <algorithm>
#include <cmath>
#include <utility>

namespace lapidary::kernels::test {

namespace {

constexpr std::pair<const char*, WeightFormat> kFormats[] = {
    {"f32", WeightFormat::F32}, {"bf16", WeightFormat::BF16}, {"fp8", WeightFormat::Fp8}};

} // namespace

/// `linear` and `logits`: one fixed chain for each row and output channel.
class LinearTest final : public QObject {
    Q_OBJECT

private slots:
    void agreesWithDoubles_data();
    void agreesWithDoubles();
    void rowsDoNotDependOnTheirNeighbours_data();
    void rowsDoNotDependOnTheirNeighbours();
    void threadsDoNotMatter();
    void logitsAreCapped();
    void embeddingScalesTheRow();
    void gatheredRowsAreSpreadByParts();
};

void LinearTest::agreesWithDoubles_data() {
    QTest::addColumn<int>("format");
    QTest::addColumn<qint64>("rows");
    QTest::addColumn<qint64>("channels");
    QTest::addColumn<qint64>("columns");
    struct Shape {
        qint64 rows, channels, columns;
    };
    // The widths of the released models (256 channels of each, more would only repeat them), of the
    // demo model, and odd ones around vectors, steps, tiles, blocks of k and panels of rows.
    for (const Shape s :
         {Shape{1, 256, 3840}, {1, 64, 15360}, {2, 129, 1536},  {4, 256, 2816}, {5, 96, 704},
          {3, 64, 21504},      {64, 48, 2112}, {130, 40, 1536}, {1, 1, 1},      {1, 17, 15},
          {3, 15, 17},         {7, 31, 33},    {16, 13, 127},   {65, 5, 1025},  {66, 21, 2049},
          {17, 16, 1024},      {63, 3, 31},    {9, 67, 384},    {2, 1, 63},     {33, 4, 4093}})
        for (const auto& [name, format] : kFormats)
            QTest::addRow("%s, %lld rows, %lld channels, %lld columns", name, s.rows, s.channels,
                          s.columns)
                << static_cast<int>(format) << s.rows << s.channels << s.columns;
}

void LinearTest::agreesWithDoubles() {
    QFETCH(const int, format);
    QFETCH(const qint64, rows);
    QFETCH(const qint64, channels);
    QFETCH(const qint64, columns);
    std::mt19937 random(20251);
    const auto backend = openCpu();
    const RandomWeight w =
        randomWeight(*backend, random, static_cast<WeightFormat>(format), channels, columns);
    Values x = randomValues(random, {rows, columns});
    Values y = unwritten({rows, channels});
    backend->linear(w.weight, x.tensor(), y.tensor());
    QVERIFY(backend->wait().has_value());
    const Doubles expected = multiply(w.numbers.data(), channels, columns, x.doubles());
    // Sums of terms of size 1/sqrt(columns): the error of a chain of n f32 additions grows like
    // sqrt(n) half-ulps of the sum of their absolute values; 1e-6 of the result is ten times that
    // at the widths here. A single channel may be small against what it was summed from.
    const double scale = channels < 8 ? 1e-5 : 2e-6;
    QCOMPARE(difference(y.numbers, expected, channels, scale), std::string());
}

void LinearTest::rowsDoNotDependOnTheirNeighbours_data() {
    QTest::addColumn<int>("format");
    QTest::addColumn<qint64>("channels");
    QTest::addColumn<qint64>("columns");
    QTest::addRow("bf16, 12B wide") << 1 << qint64{37} << qint64{3840};
    QTest::addRow("bf16, odd") << 1 << qint64{21} << qint64{1031};
    QTest::addRow("bf16, short") << 1 << qint64{130} << qint64{45};
    QTest::addRow("f32, odd") << 0 << qint64{19} << qint64{2053};
    QTest::addRow("fp8, odd") << 2 << qint64{35} << qint64{2057};
    QTest::addRow("fp8, short") << 2 << qint64{19} << qint64{45};
}

void LinearTest::rowsDoNotDependOnTheirNeighbours() {
    QFETCH(const int, format);
    QFETCH(const qint64, channels);
    QFETCH(const qint64, columns);
    std::mt19937 random(20252);
    const auto backend = openCpu();
    const RandomWeight w =
        randomWeight(*backend, random, static_cast<WeightFormat>(format), channels, columns);
    Values x = randomValues(random, {64, columns});
    const auto compute = [&](std::int64_t first, std::int64_t count) {
        Values y = unwritten({count, channels});
        backend->linear(w.weight, x.tensor().slice(first, count), y.tensor());
        return y.numbers;
    };
    QCOMPARE(rowInvariance(channels, compute), std::string());
}

void LinearTest::threadsDoNotMatter() {
    std::mt19937 random(20253);
    const auto one = openCpu(1);
    const auto three = openCpu(3);
    const RandomWeight w = randomWeight(*one, random, WeightFormat::BF16, 1003, 517);
    for (const std::int64_t rows : {1, 2, 70}) {
        Values x = randomValues(random, {rows, 517});
        Values a = unwritten({rows, 1003});
        Values b = a;
        one->linear(w.weight, x.tensor(), a.tensor());
        three->linear(w.weight, x.tensor(), b.tensor());
        QCOMPARE(bitDifference(a.numbers, b.numbers), std::string());
    }
}

void LinearTest::logitsAreCapped() {
    std::mt19937 random(20254);
    const auto backend = openCpu();
    const RandomWeight w = randomWeight(*backend, random, WeightFormat::BF16, 1021, 64);
    Values x = randomValues(random, {3, 64}, 40);
    Values y = unwritten({3, 1021});
    for (const double cap : {0.0, 30.0, 50.0}) {
        backend->logits(w.weight, x.tensor(), static_cast<float>(cap), y.tensor());
        Doubles expected = multiply(w.numbers.data(), 1021, 64, x.doubles());
        if (cap != 0)
            std::ranges::transform(expected, expected.begin(),
                                   [cap](double v) { return cap * std::tanh(v / cap); });
        QCOMPARE(difference(y.numbers, expected, 1021, 2e-6), std::string());
    }
}

void LinearTest::embeddingScalesTheRow() {
    std::mt19937 random(20255);
    const auto backend = openCpu();
    for (const auto& [name, format] : kFormats)
        for (const std::int64_t width : {1, 15, 17, 384, 3840}) {
            const RandomWeight table = randomWeight(*backend, random, format, 50, width);
            Indices ids{.numbers = {0, 49, 7, 7, 31}, .shape = {5}};
            Values y = unwritten({5, width});
            backend->embed(table.weight, ids.tensor(), 62.0F, y.tensor());
            Doubles expected;
            for (const std::int32_t id : ids.numbers)
                for (std::int64_t i = 0; i < width; ++i)
                    expected.push_back(62
                                       * table.numbers[static_cast<std::size_t>(id * width + i)]);
            QCOMPARE(difference(y.numbers, expected, width, 1e-7), std::string());
        }
}

void LinearTest::gatheredRowsAreSpreadByParts() {
    std::mt19937 random(20256);
    const auto backend = openCpu();
    for (const auto format : {WeightFormat::F32, WeightFormat::BF16})
        for (const auto& [parts, width] : {std::pair{1, 1}, {3, 17}, {35, 256}}) {
            const RandomWeight table =
                randomWeight(*backend, random, format, 50, std::int64_t{parts} * width);
            const std::vector<std::int32_t> ids = {0, 49, 7, 7, 31};
            const auto rows = static_cast<std::int64_t>(ids.size());
            Values y = unwritten({parts, rows, width});
            backend->gather(table.weight, ids, 16.0F, y.tensor());
            Doubles expected;
            for (std::int64_t p = 0; p < parts; ++p)
                for (const std::int32_t id : ids)
                    for (std::int64_t i = 0; i < width; ++i)
                        expected.push_back(
                            16
                            * table
                                  .numbers[static_cast<std::size_t>((id * parts + p) * width + i)]);
            QCOMPARE(difference(y.numbers, expected, width, 1e-7), std::string());
        }
}

const Registered<LinearTest> registered;

} // namespace lapidary::kernels::test

#include "linear_test.moc"
