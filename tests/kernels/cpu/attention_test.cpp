#include "reference.h"
#include "registry.h"

#include <QTest>

#include <algorithm>
#include <bit>
#include <cmath>
#include <format>
#include <limits>

namespace lapidary::kernels::test {

namespace {

struct Shape {
    std::int64_t heads, kvHeads, headDim, capacity, window;
};

/// A cache whose unused slots are NaN, and what is in it by position.
struct FilledCache {
    std::vector<std::uint16_t> halves[2];
    std::vector<float> wholes[2];
    std::vector<Doubles> rows[2]; ///< [position][kvHeads · headDim]
    KvView view;
};

/// Positions [0, end) as if stored one after the other: each slot holds the last that came to it.
FilledCache fillCache(std::mt19937& random, const Shape& shape, DType type, std::int64_t end) {
    FilledCache cache;
    const std::int64_t rowSize = shape.kvHeads * shape.headDim;
    const auto size = static_cast<std::size_t>(shape.capacity * rowSize);
    for (int which = 0; which < 2; ++which) {
        cache.wholes[which].assign(size, std::numeric_limits<float>::quiet_NaN());
        for (std::int64_t p = 0; p < end; ++p) {
            Values row = randomValues(random, {rowSize}, which == 0 ? 0.25 : 1);
            if (type == DType::BF16)
                std::ranges::transform(row.numbers, row.numbers.begin(), toBf16);
            std::ranges::copy(row.numbers,
                              cache.wholes[which].begin() + p % shape.capacity * rowSize);
            cache.rows[which].push_back(row.doubles());
        }
        for (const float number : cache.wholes[which])
            cache.halves[which].push_back(
                static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(number) >> 16));
    }
    const auto tensor = [&](int which) {
        void* const data = type == DType::BF16 ? static_cast<void*>(cache.halves[which].data())
                                               : static_cast<void*>(cache.wholes[which].data());
        return Tensor(data, type, {shape.capacity, shape.kvHeads, shape.headDim});
    };
    cache.view = {.k = tensor(0), .v = tensor(1)};
    return cache;
}

/// gemma4.md 5.6: visible(q, kv) = kv > q − W and (kv ≤ q or kv in the run of q), spelled out.
bool sees(std::int64_t q, std::int64_t kv, std::int64_t window, const std::vector<Run>& runs) {
    if (window != 0 && kv <= q - window)
        return false;
    return kv <= q || std::ranges::any_of(runs, [&](const Run& run) {
               return run.begin <= q && q < run.end && run.begin <= kv && kv < run.end;
           });
}

Doubles expectedAttention(const Shape& shape, const Values& q, const FilledCache& cache,
                          std::int64_t firstPosition, const std::vector<Run>& runs) {
    Doubles out;
    const std::int64_t rows = q.shape[0];
    for (std::int64_t r = 0; r < rows; ++r)
        for (std::int64_t h = 0; h < shape.heads; ++h) {
            const std::int64_t kvHead = h / (shape.heads / shape.kvHeads);
            const auto at = static_cast<std::size_t>(kvHead * shape.headDim);
            const float* const query = q.numbers.data() + (r * shape.heads + h) * shape.headDim;
            Doubles weights;
            double total = 0;
            for (std::size_t p = 0; p < cache.rows[0].size(); ++p) {
                double score = 0;
                for (std::int64_t d = 0; d < shape.headDim; ++d)
                    score += static_cast<double>(query[d])
                             * cache.rows[0][p][at + static_cast<std::size_t>(d)];
                weights.push_back(
                    sees(firstPosition + r, static_cast<std::int64_t>(p), shape.window, runs)
                        ? std::exp(score)
                        : 0);
                total += weights.back();
            }
            for (std::int64_t d = 0; d < shape.headDim; ++d) {
                double sum = 0;
                for (std::size_t p = 0; p < weights.size(); ++p)
                    sum += weights[p] * cache.rows[1][p][at + static_cast<std::size_t>(d)];
                out.push_back(sum / total);
            }
        }
    return out;
}

std::vector<float> attend(Backend& backend, const Shape& shape, Values& q, const KvView& cache,
                          std::int64_t firstPosition, std::int64_t firstRow, std::int64_t rows,
                          const std::vector<Run>& runs) {
    Values out = unwritten({rows, shape.heads, shape.headDim});
    backend.attention({.q = q.tensor().slice(firstRow, rows),
                       .cache = cache,
                       .firstPosition = firstPosition + firstRow,
                       .window = shape.window,
                       .runs = runs,
                       .out = out.tensor()});
    return out.numbers;
}

} // namespace

/// `attention`: every visible key and no other, whatever lies in the other slots.
class AttentionTest final : public QObject {
    Q_OBJECT

private slots:
    void agreesWithDoubles_data();
    void agreesWithDoubles();
    void rowsDoNotDependOnTheirNeighbours_data();
    void rowsDoNotDependOnTheirNeighbours();
    void ringSlotsDoNotMatter();
    void threadsDoNotMatter();
    void largeScoresStayFinite();
};

void AttentionTest::agreesWithDoubles_data() {
    QTest::addColumn<bool>("bf16");
    QTest::addColumn<qint64>("heads");
    QTest::addColumn<qint64>("kvHeads");
    QTest::addColumn<qint64>("headDim");
    QTest::addColumn<qint64>("capacity");
    QTest::addColumn<qint64>("window");
    QTest::addColumn<qint64>("firstPosition");
    QTest::addColumn<qint64>("rows");
    QTest::addColumn<qint64>("runBegin");
    QTest::addColumn<qint64>("runEnd");
    const auto add = [](const char* name, const Shape& s, qint64 first, qint64 rows,
                        qint64 runBegin = 0, qint64 runEnd = 0) {
        for (const bool bf16 : {false, true})
            QTest::addRow("%s, %s", name, bf16 ? "bf16" : "f32")
                << bf16 << qint64{s.heads} << qint64{s.kvHeads} << qint64{s.headDim}
                << qint64{s.capacity} << qint64{s.window} << first << rows << runBegin << runEnd;
    };
    add("first token", {8, 4, 256, 40, 0}, 0, 1);
    add("12B full layer", {16, 1, 512, 300, 0}, 200, 3);
    add("12B sliding layer", {16, 8, 256, 200, 128}, 500, 2);
    add("E2B sliding layer", {8, 1, 256, 130, 64}, 300, 5);
    add("whole prompt", {4, 2, 64, 150, 0}, 0, 150);
    add("chunk over the window", {4, 2, 64, 97, 33}, 70, 60);
    add("window of one", {2, 2, 16, 20, 1}, 30, 7);
    add("one before the window is full", {2, 1, 32, 80, 64}, 62, 1);
    add("window just full", {2, 1, 32, 80, 64}, 63, 1);
    add("first position out of the window", {2, 1, 32, 80, 64}, 64, 1);
    add("capacity equal to the window", {2, 1, 32, 64, 64}, 200, 1);
    add("block boundary 63", {3, 3, 15, 300, 0}, 63, 1);
    add("block boundary 64", {3, 3, 17, 300, 0}, 64, 1);
    add("block boundary 65", {6, 3, 13, 300, 0}, 65, 2);
    add("odd everything", {9, 3, 7, 311, 101}, 250, 19);
    add("image run", {4, 2, 32, 200, 0}, 20, 60, 30, 55);
    add("image run in a window", {4, 2, 32, 200, 40}, 20, 100, 50, 90);
    add("image run longer than the window", {4, 2, 32, 260, 20}, 40, 80, 45, 115);
    add("image run and a wrapped ring", {4, 4, 32, 130, 50}, 290, 70, 300, 350);
    add("decode after an image run", {4, 2, 32, 200, 40}, 60, 1, 30, 60);
}

void AttentionTest::agreesWithDoubles() {
    QFETCH(const bool, bf16);
    QFETCH(const qint64, heads);
    QFETCH(const qint64, kvHeads);
    QFETCH(const qint64, headDim);
    QFETCH(const qint64, capacity);
    QFETCH(const qint64, window);
    QFETCH(const qint64, firstPosition);
    QFETCH(const qint64, rows);
    QFETCH(const qint64, runBegin);
    QFETCH(const qint64, runEnd);
    const Shape shape{heads, kvHeads, headDim, capacity, window};
    std::mt19937 random(20261);
    const auto backend = openCpu();
    const FilledCache cache =
        fillCache(random, shape, bf16 ? DType::BF16 : DType::F32, firstPosition + rows);
    Values q = randomValues(random, {rows, heads, headDim});
    std::vector<Run> runs = {{.begin = 2, .end = 9}};
    if (runEnd > runBegin)
        runs.push_back({.begin = runBegin, .end = runEnd});
    const std::vector<float> out =
        attend(*backend, shape, q, cache.view, firstPosition, 0, rows, runs);
    // The reference sees all positions: what the ring has lost must be out of the window.
    QCOMPARE(
        difference(out, expectedAttention(shape, q, cache, firstPosition, runs), headDim, 3e-6),
        std::string());
}

void AttentionTest::rowsDoNotDependOnTheirNeighbours_data() {
    QTest::addColumn<bool>("bf16");
    QTest::addColumn<qint64>("window");
    QTest::addColumn<qint64>("firstPosition");
    for (const bool bf16 : {false, true}) {
        const char* const name = bf16 ? "bf16" : "f32";
        QTest::addRow("%s, full", name) << bf16 << qint64{0} << qint64{0};
        QTest::addRow("%s, window begins to slide", name) << bf16 << qint64{70} << qint64{40};
        QTest::addRow("%s, ring wrapped", name) << bf16 << qint64{70} << qint64{350};
    }
}

void AttentionTest::rowsDoNotDependOnTheirNeighbours() {
    QFETCH(const bool, bf16);
    QFETCH(const qint64, window);
    QFETCH(const qint64, firstPosition);
    const Shape shape{6, 2, 72, 160, window};
    std::mt19937 random(20262);
    const auto backend = openCpu();
    const FilledCache cache =
        fillCache(random, shape, bf16 ? DType::BF16 : DType::F32, firstPosition + 64);
    Values q = randomValues(random, {64, shape.heads, shape.headDim});
    const std::vector<Run> runs = {{.begin = firstPosition + 10, .end = firstPosition + 31}};
    const auto compute = [&](std::int64_t first, std::int64_t count) {
        return attend(*backend, shape, q, cache.view, firstPosition, first, count, runs);
    };
    QCOMPARE(rowInvariance(shape.heads * shape.headDim, compute), std::string());
}

void AttentionTest::ringSlotsDoNotMatter() {
    std::mt19937 random(20263);
    const auto backend = openCpu();
    const Shape wide{4, 2, 64, 1000, 100};
    const FilledCache all = fillCache(random, wide, DType::F32, 700);
    Values q = randomValues(random, {5, wide.heads, wide.headDim});
    const std::vector<float> expected = attend(*backend, wide, q, all.view, 695, 0, 5, {});
    for (const std::int64_t capacity : {104, 105, 128, 131, 699, 700}) {
        Shape narrow = wide;
        narrow.capacity = capacity;
        const std::int64_t rowSize = wide.kvHeads * wide.headDim;
        Values k = unwritten({capacity, wide.kvHeads, wide.headDim});
        Values v = k;
        for (std::int64_t p = 0; p < 700; ++p)
            for (std::int64_t i = 0; i < rowSize; ++i) {
                const auto to = static_cast<std::size_t>(p % capacity * rowSize + i);
                k.numbers[to] = all.wholes[0][static_cast<std::size_t>(p * rowSize + i)];
                v.numbers[to] = all.wholes[1][static_cast<std::size_t>(p * rowSize + i)];
            }
        const KvView view{.k = k.tensor(), .v = v.tensor()};
        QCOMPARE(bitDifference(attend(*backend, narrow, q, view, 695, 0, 5, {}), expected),
                 std::string());
    }
}

void AttentionTest::threadsDoNotMatter() {
    std::mt19937 random(20264);
    const Shape shape{16, 1, 128, 900, 0};
    const FilledCache cache = fillCache(random, shape, DType::BF16, 900);
    for (const std::int64_t rows : {1, 3, 200}) {
        Values q = randomValues(random, {rows, shape.heads, shape.headDim});
        const auto with = [&](int threads) {
            return attend(*openCpu(threads), shape, q, cache.view, 900 - rows, 0, rows, {});
        };
        QCOMPARE(bitDifference(with(1), with(2)), std::string());
        QCOMPARE(bitDifference(with(1), with(5)), std::string());
    }
}

void AttentionTest::largeScoresStayFinite() {
    // The scores of this family are not divided by sqrt(headDim): hundreds apart, both ways.
    std::mt19937 random(20265);
    const auto backend = openCpu();
    const Shape shape{2, 1, 256, 200, 0};
    const FilledCache cache = fillCache(random, shape, DType::F32, 200);
    Values q = randomValues(random, {4, 2, 256}, 40);
    const std::vector<float> out = attend(*backend, shape, q, cache.view, 196, 0, 4, {});
    // A score of 500 carries 3e-5 of rounding, which its exponential keeps as a relative error.
    QCOMPARE(difference(out, expectedAttention(shape, q, cache, 196, {}), 256, 2e-4),
             std::string());
}

const Registered<AttentionTest> registered;

} // namespace lapidary::kernels::test

#include "attention_test.moc"
