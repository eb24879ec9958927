#include "e4m3_codes.h"
#include "quantise.h"
#include "reference.h"
#include "registry.h"
#include "size_table.h"

#include <QTest>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace lapidary::kernels::test {

namespace {

/// Some rows of bf16 numbers, ordinary ones and the ends of the rule: all zero, one number alone,
/// numbers that only the clamp keeps, tiny ones whose scale is no normal number.
Values rowsToQuantise(std::mt19937& random, std::int64_t rows, std::int64_t columns) {
    Values values = randomValues(random, {rows, columns});
    for (std::int64_t r = 0; r < rows; ++r) {
        const auto row =
            std::span(values.numbers)
                .subspan(static_cast<std::size_t>(r * columns), static_cast<std::size_t>(columns));
        for (float& number : row) {
            const float one = r % 7 == 1 ? 0.0F
                              : r % 7 == 3
                                  ? number * 1e-39F
                                  : number * std::exp2(static_cast<float>(random() % 12) - 9);
            number = toBf16(one);
        }
        if (r % 7 == 2)
            std::ranges::fill(row.subspan(1), 0.0F);
        if (r % 7 == 4)
            row.back() = 3.0F; // 3 / bf16(3 / 448) is above 448
    }
    return values;
}

WeightSource sourceOf(WeightFormat format, const Values& values, std::vector<std::byte>& bytes) {
    bytes.clear();
    for (const float number : values.numbers) {
        const auto bits = std::bit_cast<std::array<std::byte, 4>>(number);
        bytes.insert(bytes.end(), bits.begin() + (format == WeightFormat::BF16 ? 2 : 0),
                     bits.end());
    }
    return {.format = format,
            .experts = values.shape[0],
            .rows = values.shape[1],
            .columns = values.shape[2],
            .data = bytes,
            .owner = nullptr};
}

std::vector<float> multiplied(Backend& backend, const Weight& w, Values& x) {
    Values y = unwritten({x.shape[0], w.rows()});
    backend.linear(w, x.tensor(), y.tensor());
    return y.numbers;
}

} // namespace

/// Numbers of 8 bits: the rule that makes them, products of quantised rows, weights quantised when
/// they are packed. Weights whose inputs stay as they are stand in the tables of the operations.
class Fp8Test final : public QObject {
    Q_OBJECT

private slots:
    void everyCodeDecodes();
    void numbersGoToTheNearestCode();
    void nanIsFoundAmongCodes();
    void aRowOfTorchaoComesOutTheSame();
    void rowsQuantiseByTheRule();
    void quantisedInputsAgreeWithDoubles_data();
    void quantisedInputsAgreeWithDoubles();
    void rowsDoNotDependOnTheirNeighbours();
    void packingQuantises_data();
    void packingQuantises();
    void gatedMlpMixesInputs();
    void expertsQuantiseTheirInputs();
    void routeReadsCodes();
};

void Fp8Test::everyCodeDecodes() {
    for (int code = 0; code < 256; ++code) {
        const auto byte = static_cast<std::uint8_t>(code);
        if ((code & 0x7F) == 0x7F) {
            QVERIFY(std::isnan(fromE4m3(byte)));
            continue;
        }
        QCOMPARE(static_cast<double>(fromE4m3(byte)), e4m3(byte));
        QCOMPARE(std::signbit(fromE4m3(byte)), code >= 128);
        QCOMPARE(int{toE4m3(fromE4m3(byte))}, code);
    }
}

void Fp8Test::numbersGoToTheNearestCode() {
    // formats.md, Appendix A.
    const std::pair<float, int> known[] = {
        {0, 0x00},         {1, 0x38},     {448, 0x7E},   {16, 0x58},       {17, 0x58},
        {18, 0x59},        {19, 0x5A},    {-0.1F, 0x9D}, {0x1p-10F, 0x00}, {464, 0x7E},
        {3 * 0x1p-10F, 2}, {-1e9F, 0xFE}, {-0.0F, 0x80}, {1e-45F, 0x00}};
    for (const auto& [number, code] : known)
        QCOMPARE(int{toE4m3(number)}, code);
    QCOMPARE(int{toE4m3(std::numeric_limits<float>::infinity())}, 0x7E);
    QCOMPARE(int{toE4m3(std::numeric_limits<float>::quiet_NaN())}, 0x7F);
    // Between two codes: the nearer one, and of the middle the even one.
    for (int code = 0; code < 0x7E; ++code) {
        const auto low = static_cast<float>(e4m3(static_cast<std::uint8_t>(code)));
        const auto high = static_cast<float>(e4m3(static_cast<std::uint8_t>(code + 1)));
        const float middle = (low + high) / 2;
        QCOMPARE(int{toE4m3(std::nextafter(middle, 0.0F))}, code);
        QCOMPARE(int{toE4m3(middle)}, code % 2 == 0 ? code : code + 1);
        QCOMPARE(int{toE4m3(std::nextafter(middle, 500.0F))}, code + 1);
    }
}

void Fp8Test::nanIsFoundAmongCodes() {
    for (const std::size_t count : {0, 1, 7, 8, 9, 63, 64, 65, 131}) {
        std::vector<std::byte> codes(count);
        for (int code = 0; code < 256; ++code) {
            std::ranges::fill(codes, std::byte{0x7E});
            QVERIFY(!hasNan(codes));
            for (std::byte& one : codes) {
                one = static_cast<std::byte>(code);
                QCOMPARE(hasNan(codes), (code & 0x7F) == 0x7F);
                one = std::byte{0xFE};
            }
        }
    }
}

void Fp8Test::aRowOfTorchaoComesOutTheSame() {
    const float row[] = {1, -2, 0.5F, 3};
    std::uint8_t codes[4] = {};
    const float scale = quantiseRow(
        4, [&](std::int64_t i) { return toBf16Bits(row[i]); },
        [&](std::int64_t i, std::uint8_t code) { codes[i] = code; });
    QCOMPARE(scale, 0.006683349609375F);
    QCOMPARE(QByteArray(reinterpret_cast<const char*>(codes), 4), QByteArray("\x71\xF9\x69\x7E"));
}

void Fp8Test::rowsQuantiseByTheRule() {
    std::mt19937 random(20401);
    const Values rows = rowsToQuantise(random, 21, 67);
    for (std::size_t begin = 0; begin < rows.numbers.size(); begin += 67) {
        const std::span<const float> row = std::span(rows.numbers).subspan(begin, 67);
        const QuantisedRow expected = quantised(row);
        std::vector<std::uint8_t> codes(67);
        const float scale = quantiseRow(
            67, [&](std::int64_t i) { return toBf16Bits(row[static_cast<std::size_t>(i)]); },
            [&](std::int64_t i, std::uint8_t code) { codes[static_cast<std::size_t>(i)] = code; });
        QCOMPARE(static_cast<double>(scale), expected.scale);
        QCOMPARE(codes, expected.codes);
    }
}

void Fp8Test::quantisedInputsAgreeWithDoubles_data() {
    sizeTable({"rows", "channels", "columns"}, {{"12B wide", {1, 96, 3840}},
                                                {"26B expert", {5, 64, 704}},
                                                {"demo model", {70, 384, 1024}},
                                                {"one", {1, 1, 1}},
                                                {"odd", {19, 23, 1031}},
                                                {"short", {14, 31, 15}}});
}

void Fp8Test::quantisedInputsAgreeWithDoubles() {
    QFETCH(const qint64, rows);
    QFETCH(const qint64, channels);
    QFETCH(const qint64, columns);
    std::mt19937 random(20402);
    const auto backend = openCpu();
    const RandomWeight w = randomFp8(*backend, random, channels, columns, 1, true);
    QVERIFY(w.weight.quantisedInput());
    Values x = rowsToQuantise(random, rows, columns);
    const Doubles expected =
        multiply(w.numbers.data(), channels, columns, quantisedInputs(x.numbers, columns));
    const double tolerance = channels < 8 ? 1e-5 : 4e-6;
    QCOMPARE(difference(multiplied(*backend, w.weight, x), expected, channels, tolerance),
             std::string());
}

void Fp8Test::rowsDoNotDependOnTheirNeighbours() {
    std::mt19937 random(20403);
    const auto backend = openCpu();
    const RandomWeight w = randomFp8(*backend, random, 37, 1031, 1, true);
    Values x = rowsToQuantise(random, 64, 1031);
    const auto compute = [&](std::int64_t first, std::int64_t count) {
        Values y = unwritten({count, 37});
        backend->linear(w.weight, x.tensor().slice(first, count), y.tensor());
        return y.numbers;
    };
    QCOMPARE(rowInvariance(37, compute), std::string());
}

/// Each expert in a place of its own.
static WeightSource apart(WeightSource source) {
    const std::size_t each = source.data.size() / static_cast<std::size_t>(source.experts);
    for (std::size_t begin = 0; begin < source.data.size(); begin += each)
        source.parts.push_back(source.data.subspan(begin, each));
    source.data = {};
    return source;
}

void Fp8Test::packingQuantises_data() {
    QTest::addColumn<int>("format");
    QTest::addRow("bf16") << static_cast<int>(WeightFormat::BF16);
    QTest::addRow("f32") << static_cast<int>(WeightFormat::F32);
}

void Fp8Test::packingQuantises() {
    QFETCH(const int, format);
    std::mt19937 random(20404);
    const auto backend = openCpu(3);
    // Three experts of 14 rows: the scales of each are its own.
    Values values = rowsToQuantise(random, 3 * 14, 61);
    values.shape = {3, 14, 61};
    if (format == static_cast<int>(WeightFormat::F32))
        for (float& number : values.numbers)
            number *= 1.0011F; // not a bf16 number: rounded first
    std::vector<std::byte> bytes;
    const WeightSource source = sourceOf(static_cast<WeightFormat>(format), values, bytes);
    const Weight packed = *backend->pack(source, WeightFormat::Fp8);
    QVERIFY(packed.format() == WeightFormat::Fp8);
    QVERIFY(packed.quantisedInput());

    Values x = randomValues(random, {2, 61});
    Indices chosen{.numbers = {0, 1, 2, 2, 1, 0}, .shape = {2, 3}};
    Values weights{.numbers = {1, 0.5F, 0.25F, -1, 2, 4}, .shape = {2, 3}};
    // Gate and up of each expert are its rows 0 … 6 and 7 … 13; down brings 7 back to 61.
    const RandomWeight down = randomWeight(*backend, random, WeightFormat::F32, 61, 7, 3);
    const auto run = [&](const Weight& gateUp) {
        Values y = unwritten({2, 61});
        Values scratch = unwritten({6, 3 * 7 + 61});
        backend->expertMlp({.gateUp = gateUp,
                            .down = down.weight,
                            .x = x.tensor(),
                            .chosen = chosen.tensor(),
                            .weights = weights.tensor(),
                            .y = y.tensor(),
                            .scratch = scratch.tensor()});
        return y.numbers;
    };
    std::vector<std::byte> codes;
    std::vector<float> scales;
    for (std::size_t begin = 0; begin < values.numbers.size(); begin += 61) {
        const QuantisedRow row = quantised(std::span(values.numbers).subspan(begin, 61));
        for (const std::uint8_t code : row.codes)
            codes.push_back(std::byte{code});
        scales.push_back(static_cast<float>(row.scale));
    }
    // Without an owner: the backend copies.
    WeightSource ofCodes{.format = WeightFormat::Fp8,
                         .experts = 3,
                         .rows = 14,
                         .columns = 61,
                         .data = codes,
                         .owner = nullptr,
                         .scales = scales,
                         .quantisedInput = true};
    const Weight stored = *backend->pack(ofCodes);
    ofCodes.owner = std::make_shared<int>(); // nor is what lies apart used where it is
    const Weight storedApart = *backend->pack(apart(ofCodes));
    const Weight packedApart = *backend->pack(apart(source), WeightFormat::Fp8);
    const std::vector<float> expected = run(stored);
    codes.assign(codes.size(), std::byte{});
    scales.assign(scales.size(), 0);
    for (const Weight& weight : {packed, stored, storedApart, packedApart})
        QCOMPARE(bitDifference(run(weight), expected), std::string());
}

void Fp8Test::gatedMlpMixesInputs() {
    std::mt19937 random(20405);
    const auto backend = openCpu();
    for (const bool gateQuantises : {false, true})
        for (const bool upQuantises : {false, true}) {
            const RandomWeight gate = randomFp8(*backend, random, 33, 47, 1, gateQuantises);
            const RandomWeight up = randomFp8(*backend, random, 33, 47, 1, upQuantises);
            const RandomWeight down = randomWeight(*backend, random, WeightFormat::F32, 47, 33);
            Values x = randomValues(random, {5, 47}, 3);
            const auto input = [&](bool quantises) {
                return quantises ? quantisedInputs(x.numbers, 47) : x.doubles();
            };
            Doubles inner = multiply(gate.numbers.data(), 33, 47, input(gateQuantises));
            const Doubles ups = multiply(up.numbers.data(), 33, 47, input(upQuantises));
            for (std::size_t i = 0; i < inner.size(); ++i)
                inner[i] = geluTanh(inner[i]) * ups[i];
            const Doubles expected = multiply(down.numbers.data(), 47, 33, inner);
            Values y = unwritten({5, 47});
            Values scratch = unwritten({10, 33});
            backend->gatedMlp({.gate = gate.weight,
                               .up = up.weight,
                               .down = down.weight,
                               .x = x.tensor(),
                               .y = y.tensor(),
                               .scratch = scratch.tensor()});
            QCOMPARE(difference(y.numbers, expected, 47, 5e-6), std::string());
        }
}

void Fp8Test::expertsQuantiseTheirInputs() {
    std::mt19937 random(20406);
    const auto backend = openCpu();
    // One row and one expert at a time: the sum over experts is tested with the other formats.
    const RandomWeight gateUp = randomFp8(*backend, random, 2 * 19, 53, 4, true);
    const RandomWeight down = randomWeight(*backend, random, WeightFormat::Fp8, 53, 19, 4);
    Values x = randomValues(random, {3, 53}, 3);
    for (std::int32_t expert = 0; expert < 4; ++expert) {
        Indices chosen{.numbers = {expert, expert, expert}, .shape = {3, 1}};
        Values weights{.numbers = {1, 1, 1}, .shape = {3, 1}};
        Values y = unwritten({3, 53});
        Values scratch = unwritten({3, 3 * 19 + 53});
        backend->expertMlp({.gateUp = gateUp.weight,
                            .down = down.weight,
                            .x = x.tensor(),
                            .chosen = chosen.tensor(),
                            .weights = weights.tensor(),
                            .y = y.tensor(),
                            .scratch = scratch.tensor()});
        const double* const matrix = gateUp.numbers.data() + expert * 2 * 19 * 53;
        const Doubles inputs = quantisedInputs(x.numbers, 53);
        Doubles inner = multiply(matrix, 19, 53, inputs);
        const Doubles ups = multiply(matrix + 19 * 53, 19, 53, inputs);
        for (std::size_t i = 0; i < inner.size(); ++i)
            inner[i] = geluTanh(inner[i]) * ups[i];
        const Doubles expected = multiply(down.numbers.data() + expert * 53 * 19, 53, 19, inner);
        QCOMPARE(difference(y.numbers, expected, 53, 5e-6), std::string());
    }
}

void Fp8Test::routeReadsCodes() {
    std::mt19937 random(20407);
    const auto backend = openCpu();
    const RandomWeight proj = randomWeight(*backend, random, WeightFormat::Fp8, 7, 33);
    Values x = randomValues(random, {4, 33});
    Values scale{.numbers = std::vector<float>(33, 9), .shape = {33}};
    Values ownScale{.numbers = std::vector<float>(7, 1), .shape = {7}};
    Values scratch = unwritten({4, 40});
    Indices chosen{.numbers = std::vector<std::int32_t>(4, -1), .shape = {4, 1}};
    Values weights = unwritten({4, 1});
    backend->route({.x = x.tensor(),
                    .scale = scale.tensor(),
                    .factor = 1,
                    .proj = proj.weight,
                    .perExpertScale = ownScale.tensor(),
                    .scratch = scratch.tensor(),
                    .chosen = chosen.tensor(),
                    .weights = weights.tensor()});
    const Doubles scores =
        multiply(proj.numbers.data(), 7, 33, rmsNormed(x.doubles(), scale.doubles(), 33, 1e-6));
    for (std::size_t r = 0; r < 4; ++r) {
        const auto own = scores.begin() + static_cast<std::ptrdiff_t>(7 * r);
        QCOMPARE(std::ptrdiff_t{chosen.numbers[r]}, std::max_element(own, own + 7) - own);
    }
}

const Registered<Fp8Test> registered;

} // namespace lapidary::kernels::test

#include "fp8_test.moc"
