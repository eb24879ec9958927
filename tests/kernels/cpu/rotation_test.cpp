#include "reference.h"
#include "registry.h"

#include <QTest>

#include <bit>
#include <cmath>
#include <limits>

namespace lapidary::kernels::test {

namespace {

struct Cache {
    std::vector<std::uint16_t> halves;
    std::vector<float> wholes;
    Tensor tensor;

    Cache(DType type, std::int64_t capacity, std::int64_t kvHeads, std::int64_t headDim) {
        const auto size = static_cast<std::size_t>(capacity * kvHeads * headDim);
        halves.assign(size, 0x7FC0);
        wholes.assign(size, std::numeric_limits<float>::quiet_NaN());
        tensor = Tensor(type == DType::BF16 ? static_cast<void*>(halves.data())
                                            : static_cast<void*>(wholes.data()),
                        type, {capacity, kvHeads, headDim});
    }

    [[nodiscard]] std::vector<float> numbers() const {
        if (tensor.dtype == DType::F32)
            return wholes;
        std::vector<float> widened;
        for (const std::uint16_t half : halves)
            widened.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(half) << 16));
        return widened;
    }
};

Values frequenciesOf(std::int64_t headDim, double base, std::int64_t turning) {
    Values frequencies = unwritten({headDim / 2});
    for (std::int64_t i = 0; i < headDim / 2; ++i)
        frequencies.numbers[static_cast<std::size_t>(i)] =
            i < turning ? static_cast<float>(std::pow(base, -2.0 * static_cast<double>(i)
                                                                / static_cast<double>(headDim)))
                        : 0.0F;
    return frequencies;
}

/// gemma4.md 2.2 on every head of a row at `position`; the angle is a product in f32.
void rotate(Doubles& x, std::int64_t headDim, std::int64_t position, const Values& frequencies) {
    const auto half = static_cast<std::size_t>(headDim / 2);
    for (std::size_t head = 0; head < x.size(); head += 2 * half)
        for (std::size_t i = 0; i < half; ++i) {
            const float angle = static_cast<float>(position) * frequencies.numbers[i];
            const double c = std::cos(static_cast<double>(angle));
            const double s = std::sin(static_cast<double>(angle));
            const double a = x[head + i];
            const double b = x[head + i + half];
            x[head + i] = a * c - b * s;
            x[head + i + half] = b * c + a * s;
        }
}

} // namespace

/// `rotateAndStore`: norms, rotation and the place in the ring.
class RotationTest final : public QObject {
    Q_OBJECT

private slots:
    void agreesWithDoubles_data();
    void agreesWithDoubles();
    void sharingLayersStoreNothing();
    void roundsToTheNearestEvenBf16();
    void rowsDoNotDependOnTheirNeighbours();
};

void RotationTest::agreesWithDoubles_data() {
    QTest::addColumn<bool>("bf16");
    QTest::addColumn<qint64>("heads");
    QTest::addColumn<qint64>("kvHeads");
    QTest::addColumn<qint64>("headDim");
    QTest::addColumn<qint64>("capacity");
    QTest::addColumn<qint64>("firstPosition");
    QTest::addColumn<qint64>("rows");
    QTest::addColumn<bool>("proportional");
    for (const bool bf16 : {false, true}) {
        const char* const name = bf16 ? "bf16" : "f32";
        QTest::addRow("%s, 12B sliding", name) << bf16 << qint64{16} << qint64{8} << qint64{256}
                                               << qint64{50} << qint64{0} << qint64{20} << false;
        QTest::addRow("%s, 12B full, K = V", name)
            << bf16 << qint64{16} << qint64{1} << qint64{512} << qint64{64} << qint64{262000}
            << qint64{5} << true;
        QTest::addRow("%s, ring wraps", name) << bf16 << qint64{4} << qint64{2} << qint64{64}
                                              << qint64{37} << qint64{30} << qint64{37} << false;
        QTest::addRow("%s, odd head", name) << bf16 << qint64{3} << qint64{3} << qint64{34}
                                            << qint64{11} << qint64{131071} << qint64{4} << false;
        QTest::addRow("%s, smallest head", name) << bf16 << qint64{1} << qint64{1} << qint64{2}
                                                 << qint64{3} << qint64{7} << qint64{3} << false;
    }
}

void RotationTest::agreesWithDoubles() {
    QFETCH(const bool, bf16);
    QFETCH(const qint64, heads);
    QFETCH(const qint64, kvHeads);
    QFETCH(const qint64, headDim);
    QFETCH(const qint64, capacity);
    QFETCH(const qint64, firstPosition);
    QFETCH(const qint64, rows);
    QFETCH(const bool, proportional);
    std::mt19937 random(20271);
    const auto backend = openCpu();
    Values q = randomValues(random, {rows, heads, headDim}, 3);
    Values k = randomValues(random, {rows, kvHeads, headDim}, 3);
    Values v = proportional ? k : randomValues(random, {rows, kvHeads, headDim}, 3);
    Values qNorm = randomValues(random, {headDim});
    Values kNorm = randomValues(random, {headDim});
    Values frequencies = proportional ? frequenciesOf(headDim, 1e6, headDim / 8)
                                      : frequenciesOf(headDim, 1e4, headDim / 2);
    const DType type = bf16 ? DType::BF16 : DType::F32;
    Cache keys(type, capacity, kvHeads, headDim);
    Cache values(type, capacity, kvHeads, headDim);

    Doubles expectedQ = rmsNormed(q.doubles(), qNorm.doubles(), headDim, 1e-6);
    Doubles expectedK = rmsNormed(k.doubles(), kNorm.doubles(), headDim, 1e-6);
    const Doubles expectedV = rmsNormed(v.doubles(), {}, headDim, 1e-6);
    const auto rotateRows = [&](Doubles& x, std::int64_t rowSize) {
        for (std::int64_t r = 0; r < rows; ++r) {
            Doubles row(x.begin() + r * rowSize, x.begin() + (r + 1) * rowSize);
            rotate(row, headDim, firstPosition + r, frequencies);
            std::ranges::copy(row, x.begin() + r * rowSize);
        }
    };
    rotateRows(expectedQ, heads * headDim);
    rotateRows(expectedK, kvHeads * headDim);

    // In a K = V layer the raw projection is one tensor.
    backend->rotateAndStore({.q = q.tensor(),
                             .k = k.tensor(),
                             .v = proportional ? k.tensor() : v.tensor(),
                             .qNorm = qNorm.tensor(),
                             .kNorm = kNorm.tensor(),
                             .frequencies = frequencies.tensor(),
                             .epsilon = 1e-6F,
                             .firstPosition = firstPosition,
                             .cache = {.k = keys.tensor, .v = values.tensor}});
    QCOMPARE(difference(q.numbers, expectedQ, headDim, 5e-7), std::string());
    const auto stored = [&](const Cache& cache) {
        const std::vector<float> all = cache.numbers();
        std::vector<float> inOrder;
        for (std::int64_t r = 0; r < rows; ++r) {
            const auto begin = all.begin() + (firstPosition + r) % capacity * kvHeads * headDim;
            inOrder.insert(inOrder.end(), begin, begin + kvHeads * headDim);
        }
        return inOrder;
    };
    // bf16 has 8 bits: rounding moves a number by at most 2^-8 of itself.
    const double tolerance = bf16 ? 0.00391 : 5e-7;
    QCOMPARE(difference(stored(keys), expectedK, headDim, tolerance), std::string());
    QCOMPARE(difference(stored(values), expectedV, headDim, tolerance), std::string());
    const auto written = std::ranges::count_if(keys.numbers(), [](float x) { return x == x; });
    QCOMPARE(qint64{written}, rows * kvHeads * headDim);
}

void RotationTest::sharingLayersStoreNothing() {
    std::mt19937 random(20272);
    const auto backend = openCpu();
    Values q = randomValues(random, {2, 4, 32});
    Values qNorm = randomValues(random, {32});
    Values frequencies = frequenciesOf(32, 1e4, 16);
    Cache keys(DType::F32, 8, 1, 32);
    Doubles expected = rmsNormed(q.doubles(), qNorm.doubles(), 32, 1e-6);
    Doubles second(expected.begin() + 128, expected.end());
    rotate(second, 32, 1, frequencies);
    std::ranges::copy(second, expected.begin() + 128);
    backend->rotateAndStore({.q = q.tensor(),
                             .k = {},
                             .v = {},
                             .qNorm = qNorm.tensor(),
                             .kNorm = {},
                             .frequencies = frequencies.tensor(),
                             .cache = {.k = keys.tensor, .v = keys.tensor}});
    QCOMPARE(difference(q.numbers, expected, 32, 5e-7), std::string());
    QVERIFY(std::ranges::all_of(keys.wholes, [](float x) { return x != x; }));
}

void RotationTest::roundsToTheNearestEvenBf16() {
    // A head of ones has a root mean square of exactly 1 and does not turn at position 0, so that
    // the stored key is its norm's weight: numbers halfway between bf16 neighbours, whose spacing
    // is 1/128 from 1 to 2, and the f32 numbers just beside them.
    const auto backend = openCpu();
    Values weights{.numbers = {}, .shape = {}};
    for (int i = 0; i < 128; ++i) {
        const float tie = 1.0F + static_cast<float>(2 * i + 1) / 256;
        for (const float number : {tie, std::nextafter(tie, 0.0F), std::nextafter(tie, 4.0F)}) {
            weights.numbers.push_back(number);
            weights.numbers.push_back(-number);
        }
    }
    const std::int64_t headDim = std::ssize(weights.numbers);
    weights.shape = {headDim};
    Values ones{.numbers = std::vector<float>(weights.numbers.size(), 1.0F),
                .shape = {1, 1, headDim}};
    Values q = ones;
    Values frequencies{.numbers = std::vector<float>(weights.numbers.size() / 2, 1.0F),
                       .shape = {headDim / 2}};
    Cache keys(DType::BF16, 1, 1, headDim);
    Cache values(DType::BF16, 1, 1, headDim);
    backend->rotateAndStore({.q = q.tensor(),
                             .k = ones.tensor(),
                             .v = ones.tensor(),
                             .qNorm = weights.tensor(),
                             .kNorm = weights.tensor(),
                             .frequencies = frequencies.tensor(),
                             .epsilon = 0,
                             .cache = {.k = keys.tensor, .v = values.tensor}});
    std::vector<float> rounded;
    for (const float number : weights.numbers)
        rounded.push_back(toBf16(number));
    QCOMPARE(bitDifference(q.numbers, weights.numbers), std::string());
    QCOMPARE(bitDifference(keys.numbers(), rounded), std::string());
}

void RotationTest::rowsDoNotDependOnTheirNeighbours() {
    std::mt19937 random(20274);
    const auto backend = openCpu();
    const Values allQ = randomValues(random, {64, 3, 72});
    const Values allK = randomValues(random, {64, 3, 72});
    Values norm = randomValues(random, {72});
    Values frequencies = frequenciesOf(72, 1e4, 36);
    const auto compute = [&](std::int64_t first, std::int64_t count) {
        Values q = allQ;
        Values k = allK;
        Cache keys(DType::F32, 100, 3, 72);
        Cache values(DType::F32, 100, 3, 72);
        backend->rotateAndStore({.q = q.tensor().slice(first, count),
                                 .k = k.tensor().slice(first, count),
                                 .v = k.tensor().slice(first, count),
                                 .qNorm = norm.tensor(),
                                 .kNorm = norm.tensor(),
                                 .frequencies = frequencies.tensor(),
                                 .firstPosition = 990 + first,
                                 .cache = {.k = keys.tensor, .v = values.tensor}});
        std::vector<float> all;
        for (std::int64_t r = first; r < first + count; ++r) {
            const auto row = [&](const std::vector<float>& from, std::int64_t at) {
                all.insert(all.end(), from.begin() + at * 216, from.begin() + (at + 1) * 216);
            };
            row(q.numbers, r);
            row(keys.wholes, (990 + r) % 100);
            row(values.wholes, (990 + r) % 100);
        }
        return all;
    };
    QCOMPARE(rowInvariance(3 * 216, compute), std::string());
}

const Registered<RotationTest> registered;

} // namespace lapidary::kernels::test

#include "rotation_test.moc"
