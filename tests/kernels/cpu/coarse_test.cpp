#include "coarse.h"
#include "estimate.h"
#include "quantise.h"
#include "reference.h"
#include "registry.h"

#include <QTest>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <vector>

namespace lapidary::kernels::test {

namespace {

/// A row of each side in 8 bits, its sums made one number after another.
struct MatrixRow {
    CoarseRow row;
    std::vector<int> codes;
};
struct InputRow {
    CoarseInput row;
    std::vector<Digits> digits;
};

float largestOf(const std::vector<float>& numbers) {
    float largest = 0;
    for (const float number : numbers)
        largest = std::max(largest, std::abs(number));
    return largest;
}

MatrixRow coarsened(const std::vector<float>& w) {
    MatrixRow result;
    const float largest = largestOf(w);
    float errors = 0;
    float squares = 0;
    for (const float number : w) {
        const float units = inUnits(number, codeScale(largest));
        result.codes.push_back(codeOf(units));
        const float error = units - static_cast<float>(result.codes.back());
        errors += error * error;
        squares += units * units;
    }
    result.row = coarseRow(largest, errors, squares);
    return result;
}

InputRow digitised(const std::vector<float>& x) {
    InputRow result;
    const float largest = largestOf(x);
    const auto columns = static_cast<std::int64_t>(x.size());
    InputSums sums;
    for (const float number : x) {
        const float units = number * digitUnits(largest);
        const Digits digits = digitsOf(units);
        result.digits.push_back(digits);
        const float left = units - static_cast<float>(128 * digits.high + digits.low);
        sums.squares += units * units;
        sums.remainders += left * left;
    }
    const float from = outlyingFrom(sums.squares, columns);
    for (const float number : x) {
        const float units = std::abs(number * digitUnits(largest));
        (units > from ? sums.outlying : sums.evenSquares) += units > from ? units : units * units;
    }
    result.row = coarseInput(largest, columns, sums);
    return result;
}

/// Numbers that bf16 holds.
std::vector<float> randomRow(std::mt19937& random, std::int64_t columns, float spread,
                             int outliers) {
    std::normal_distribution<float> normal(0, spread);
    std::vector<float> row(static_cast<std::size_t>(columns));
    for (float& number : row)
        number = fromBf16Bits(toBf16Bits(normal(random)));
    for (int i = 0; i < outliers; ++i)
        row[random() % row.size()] *= 64;
    return row;
}

} // namespace

/// The arithmetic of products in 8 bits: what is left out is less than is said.
class CoarseTest final : public QObject {
    Q_OBJECT

private slots:
    void codesAreNear() {
        for (const float largest : {1.0F, 0.37F, 3.0e-5F, 7.0e6F}) {
            const float scale = codeScale(largest);
            for (int i = -1000; i <= 1000; ++i) {
                const float number = largest * static_cast<float>(i) / 1000;
                const int code = codeOf(inUnits(number, scale));
                QVERIFY(std::abs(code) <= 127);
                QVERIFY(std::abs(number - scale * static_cast<float>(code)) <= scale * 0.50001F);
            }
        }
        QCOMPARE(codeOf(0.5F), 0); // ties to even
        QCOMPARE(codeOf(1.5F), 2);
        QCOMPARE(codeOf(-2.5F), -2);
        QCOMPARE(codeOf(127.4F), 127);
        QCOMPARE(codeOf(-1000), -127);
    }

    void digitsMakeTheNumber() {
        for (int n = -16256; n <= 16256; ++n) {
            const Digits digits = digitsOf(static_cast<float>(n));
            QCOMPARE(128 * digits.high + digits.low, n);
            QVERIFY(digits.high >= -127 && digits.high <= 127);
            QVERIFY(digits.low >= -64 && digits.low <= 63);
        }
        QCOMPARE(digitsOf(99999).high, 127);
    }

    void boundsHold_data() {
        QTest::addColumn<std::int64_t>("columns");
        QTest::addColumn<float>("spread");
        QTest::addColumn<int>("outliersOfW");
        QTest::addColumn<int>("outliersOfX");
        for (const std::int64_t columns : {8, 24, 1000, 1536, 2816, 3840, 5376, 8192})
            for (const float spread : {1.0F, 1e-4F, 3e5F})
                for (const int outliers : {0, 1, 5})
                    QTest::addRow("%lld columns, %g, %d outliers", static_cast<long long>(columns),
                                  static_cast<double>(spread), outliers)
                        << columns << spread << outliers / 2 << outliers;
    }
    void boundsHold() {
        QFETCH(std::int64_t, columns);
        QFETCH(float, spread);
        QFETCH(int, outliersOfW);
        QFETCH(int, outliersOfX);
        std::mt19937 random(3);
        double nearest = std::numeric_limits<double>::max();
        for (int round = 0; round < 40; ++round) {
            const auto w = randomRow(random, columns, spread, outliersOfW);
            const auto x = randomRow(random, columns, 1 / spread, outliersOfX);
            const MatrixRow matrix = coarsened(w);
            const InputRow input = digitised(x);
            int high = 0;
            int low = 0;
            double exact = 0;
            for (std::size_t c = 0; c < w.size(); ++c) {
                high += matrix.codes[c] * input.digits[c].high;
                low += matrix.codes[c] * input.digits[c].low;
                exact += static_cast<double>(w[c]) * static_cast<double>(x[c]);
            }
            const double left =
                std::abs(exact - static_cast<double>(estimateOf(high, low, input.row, matrix.row)));
            const double most = static_cast<double>(errorOf(input.row, matrix.row));
            QVERIFY2(left <= most, qPrintable(QString("%1 > %2").arg(left).arg(most)));
            const auto whole =
                static_cast<double>((input.row.even + input.row.outlying) * matrix.row.norm);
            nearest = std::min(nearest, most / whole);
        }
        // And not for nothing: less than could be said without any codes.
        QVERIFY2(nearest < 0.5, qPrintable(QString::number(nearest)));
    }

    void whatStandsOutCostsLittle() {
        std::mt19937 random(4);
        const auto w = coarsened(randomRow(random, 3840, 1, 0)).row;
        auto x = randomRow(random, 3840, 1, 0);
        const float without = errorOf(digitised(x).row, w);
        x[77] = 100;
        const float with = errorOf(digitised(x).row, w);
        // 100 s / 2, and its digits, where its norm times ‖r‖ would make the bound 1.9 times it.
        QVERIFY2(with < 1.4F * without, qPrintable(QString("%1, %2").arg(with).arg(without)));
    }

    void whatHasNoBoundSaysSo() {
        constexpr float kInfinite = std::numeric_limits<float>::infinity();
        constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
        const CoarseInput one = digitised({1, 0.5F, 0, 0, 0, 0, 0, 0}).row;
        const CoarseRow none = coarsened({0, 0, 0, 0, 0, 0, 0, 0}).row;
        QCOMPARE(errorOf(one, none), 0.0F);
        QCOMPARE(estimateOf(0, 0, one, none), 0.0F);
        for (const std::vector<float>& w :
             {std::vector<float>{kInfinite, 1}, {kNaN, 1}, {1e-20F, 0}, {1e30F, 0}}) {
            QCOMPARE(errorOf(one, coarsened(w).row), kInfinite);
            QCOMPARE(errorOf(digitised(w).row, none), kInfinite); // not 0 · ∞
            QCOMPARE(estimateOf(0, 0, digitised(w).row, coarsened(w).row), 0.0F);
        }
    }

    void sizes() {
        QCOMPARE(coarseBytes(262144, 3840), std::size_t{262144} * (3840 + 16));
        QCOMPARE(coarseBytes(33, 8), std::size_t{64} * (256 + 16));
        QCOMPARE(boundedGroups(1), 2);
        QCOMPARE(boundedGroups(64), 2);
        QCOMPARE(boundedGroups(65), 4);
        QCOMPARE(boundsOf(262144) % 4, 0); // rows begin on 16 bytes
        QCOMPARE(boundsOf(65) % 4, 0);
    }
};

static const Registered<CoarseTest> registered;

} // namespace lapidary::kernels::test

#include "coarse_test.moc"
