#include "reference.h"
#include "registry.h"
#include "size_table.h"

#include <QTest>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace lapidary::kernels::test {

namespace {

Doubles gated(const double* gate, const double* up, const double* down, std::int64_t width,
              std::int64_t hidden, const Doubles& x) {
    Doubles inner = multiply(gate, width, hidden, x);
    const Doubles ups = multiply(up, width, hidden, x);
    for (std::size_t i = 0; i < inner.size(); ++i)
        inner[i] = geluTanh(inner[i]) * ups[i];
    return multiply(down, hidden, width, inner);
}

} // namespace

/// `gatedMlp`, `route` and `expertMlp`.
class MlpTest final : public QObject {
    Q_OBJECT

private slots:
    void gatedMlpAgreesWithDoubles_data();
    void gatedMlpAgreesWithDoubles();
    void routeAgreesWithDoubles_data();
    void routeAgreesWithDoubles();
    void equalProbabilitiesGoToTheLowerIndex();
    void expertsAgreeWithDoubles_data();
    void expertsAgreeWithDoubles();
    void rowsDoNotDependOnTheirNeighbours();
    void threadsDoNotMatter();
};

void MlpTest::gatedMlpAgreesWithDoubles_data() {
    sizeTable({"rows", "hidden", "width"}, {{"demo model", {3, 384, 1024}},
                                            {"26B dense branch, a quarter", {2, 704, 528}},
                                            {"one", {1, 1, 1}},
                                            {"odd", {17, 15, 33}},
                                            {"more than a panel", {70, 65, 127}}});
}

void MlpTest::gatedMlpAgreesWithDoubles() {
    QFETCH(const qint64, rows);
    QFETCH(const qint64, hidden);
    QFETCH(const qint64, width);
    std::mt19937 random(20291);
    const auto backend = openCpu();
    const WeightFormat formats[] = {WeightFormat::BF16, WeightFormat::F32, WeightFormat::Fp8};
    for (const WeightFormat gateFormat : formats)
        for (const WeightFormat upFormat : formats) {
            const RandomWeight gate = randomWeight(*backend, random, gateFormat, width, hidden);
            const RandomWeight up = randomWeight(*backend, random, upFormat, width, hidden);
            const RandomWeight down = randomWeight(*backend, random, gateFormat, hidden, width);
            Values x = randomValues(random, {rows, hidden});
            Values scratch = unwritten({2 * rows, width});
            const Doubles expected = gated(gate.numbers.data(), up.numbers.data(),
                                           down.numbers.data(), width, hidden, x.doubles());
            // In place, as the contract allows.
            backend->gatedMlp({.gate = gate.weight,
                               .up = up.weight,
                               .down = down.weight,
                               .x = x.tensor(),
                               .y = x.tensor(),
                               .scratch = scratch.tensor()});
            QCOMPARE(difference(x.numbers, expected, hidden, 5e-6), std::string());
        }
}

void MlpTest::routeAgreesWithDoubles_data() {
    sizeTable({"rows", "hidden", "experts", "topK"}, {{"26B", {5, 2816, 128, 8}},
                                                      {"odd", {3, 17, 7, 2}},
                                                      {"all experts", {2, 33, 4, 4}},
                                                      {"one of one", {1, 15, 1, 1}},
                                                      {"many rows", {67, 64, 19, 3}}});
}

void MlpTest::routeAgreesWithDoubles() {
    QFETCH(const qint64, rows);
    QFETCH(const qint64, hidden);
    QFETCH(const qint64, experts);
    QFETCH(const qint64, topK);
    std::mt19937 random(20292);
    const auto backend = openCpu();
    const RandomWeight proj = randomWeight(*backend, random, WeightFormat::BF16, experts, hidden);
    Values x = randomValues(random, {rows, hidden}, 7);
    Values scale = randomValues(random, {hidden}, 40);
    Values ownScale = randomValues(random, {experts});
    Values scratch = unwritten({rows, hidden + experts});
    Indices chosen{.numbers = std::vector<std::int32_t>(static_cast<std::size_t>(rows * topK), -1),
                   .shape = {rows, topK}};
    Values weights = unwritten({rows, topK});
    const double factor = 1 / std::sqrt(static_cast<double>(hidden));
    backend->route({.x = x.tensor(),
                    .scale = scale.tensor(),
                    .factor = static_cast<float>(factor),
                    .proj = proj.weight,
                    .perExpertScale = ownScale.tensor(),
                    .scratch = scratch.tensor(),
                    .chosen = chosen.tensor(),
                    .weights = weights.tensor()});

    Doubles t = rmsNormed(x.doubles(), scale.doubles(), hidden, 1e-6);
    std::ranges::transform(t, t.begin(), [factor](double v) { return v * factor; });
    const Doubles scores = multiply(proj.numbers.data(), experts, hidden, t);
    for (qint64 r = 0; r < rows; ++r) {
        std::vector<std::size_t> order(static_cast<std::size_t>(experts));
        std::iota(order.begin(), order.end(), std::size_t{0});
        const auto score = [&](std::size_t e) {
            return scores[static_cast<std::size_t>(r * experts) + e];
        };
        std::ranges::stable_sort(order, std::greater(), score);
        double total = 0;
        for (std::size_t i = 0; i < static_cast<std::size_t>(topK); ++i)
            total += std::exp(score(order[i]));
        for (std::size_t i = 0; i < static_cast<std::size_t>(topK); ++i) {
            const std::size_t at = static_cast<std::size_t>(r * topK) + i;
            QCOMPARE(static_cast<std::size_t>(chosen.numbers[at]), order[i]);
            const double expected =
                std::exp(score(order[i])) / total * static_cast<double>(ownScale.numbers[order[i]]);
            QVERIFY(std::abs(static_cast<double>(weights.numbers[at]) - expected)
                    <= 1e-5 * std::abs(expected) + 1e-9);
        }
    }
}

void MlpTest::equalProbabilitiesGoToTheLowerIndex() {
    const auto backend = openCpu();
    // Experts 1, 3 and 4 are equal and the best; 0 and 2 are equal.
    const std::vector<float> rows = {1, 2, 1, 2, 2};
    auto bytes = std::make_shared<std::vector<float>>(rows);
    const Weight proj = *backend->pack({.format = WeightFormat::F32,
                                        .experts = 1,
                                        .rows = 5,
                                        .columns = 1,
                                        .data = std::as_bytes(std::span(*bytes)),
                                        .owner = bytes});
    Values x{.numbers = {3}, .shape = {1, 1}};
    Values scale{.numbers = {1}, .shape = {1}};
    Values ownScale{.numbers = {1, 1, 1, 1, 1}, .shape = {5}};
    Values scratch = unwritten({1, 6});
    Indices chosen{.numbers = {-1, -1, -1, -1}, .shape = {1, 4}};
    Values weights = unwritten({1, 4});
    backend->route({.x = x.tensor(),
                    .scale = scale.tensor(),
                    .factor = 1,
                    .proj = proj,
                    .perExpertScale = ownScale.tensor(),
                    .scratch = scratch.tensor(),
                    .chosen = chosen.tensor(),
                    .weights = weights.tensor()});
    QCOMPARE(chosen.numbers, (std::vector<std::int32_t>{1, 3, 4, 0}));
}

void MlpTest::expertsAgreeWithDoubles_data() {
    sizeTable({"rows", "hidden", "width", "experts", "topK"},
              {{"26B, a quarter wide", {3, 704, 176, 16, 8}},
               {"one row", {1, 33, 17, 5, 2}},
               {"one expert", {7, 15, 9, 1, 1}},
               {"crowded experts", {150, 40, 24, 3, 2}}});
}

void MlpTest::expertsAgreeWithDoubles() {
    QFETCH(const qint64, rows);
    QFETCH(const qint64, hidden);
    QFETCH(const qint64, width);
    QFETCH(const qint64, experts);
    QFETCH(const qint64, topK);
    std::mt19937 random(20293);
    const auto backend = openCpu();
    const RandomWeight gateUp =
        randomWeight(*backend, random, WeightFormat::BF16, 2 * width, hidden, experts);
    const RandomWeight down =
        randomWeight(*backend, random, WeightFormat::BF16, hidden, width, experts);
    Values x = randomValues(random, {rows, hidden});
    Values weights = randomValues(random, {rows, topK});
    Indices chosen{.numbers = {}, .shape = {rows, topK}};
    for (qint64 r = 0; r < rows; ++r) {
        std::vector<std::int32_t> all(static_cast<std::size_t>(experts));
        std::iota(all.begin(), all.end(), 0);
        std::ranges::shuffle(all, random);
        chosen.numbers.insert(chosen.numbers.end(), all.begin(), all.begin() + topK);
    }
    Values scratch = unwritten({rows * topK, 3 * width + hidden});
    Values y = unwritten({rows, hidden});
    backend->expertMlp({.gateUp = gateUp.weight,
                        .down = down.weight,
                        .x = x.tensor(),
                        .chosen = chosen.tensor(),
                        .weights = weights.tensor(),
                        .y = y.tensor(),
                        .scratch = scratch.tensor()});
    Doubles expected(y.numbers.size(), 0.0);
    const Doubles all = x.doubles();
    for (qint64 r = 0; r < rows; ++r)
        for (qint64 i = 0; i < topK; ++i) {
            const std::int64_t e = chosen.numbers[static_cast<std::size_t>(r * topK + i)];
            const double* const gate = gateUp.numbers.data() + e * 2 * width * hidden;
            const Doubles part =
                gated(gate, gate + width * hidden, down.numbers.data() + e * hidden * width, width,
                      hidden, Doubles(all.begin() + r * hidden, all.begin() + (r + 1) * hidden));
            const auto weight =
                static_cast<double>(weights.numbers[static_cast<std::size_t>(r * topK + i)]);
            for (qint64 d = 0; d < hidden; ++d)
                expected[static_cast<std::size_t>(r * hidden + d)] +=
                    weight * part[static_cast<std::size_t>(d)];
        }
    QCOMPARE(difference(y.numbers, expected, hidden, 5e-6), std::string());
}

namespace {

/// A whole mixture-of-experts block: route, then experts.
class Mixture {
public:
    Mixture()
        : random_(20294)
        , packer_(openCpu(1))
        , proj_(randomWeight(*packer_, random_, WeightFormat::BF16, 11, 61))
        , gateUp_(randomWeight(*packer_, random_, WeightFormat::BF16, 2 * 37, 61, 11))
        , down_(randomWeight(*packer_, random_, WeightFormat::BF16, 61, 37, 11))
        , gate_(randomWeight(*packer_, random_, WeightFormat::BF16, 95, 61))
        , back_(randomWeight(*packer_, random_, WeightFormat::BF16, 61, 95))
        , x_(randomValues(random_, {64, 61}))
        , scale_(randomValues(random_, {61}))
        , ownScale_(randomValues(random_, {11})) {}

    std::vector<float> compute(Backend& backend, std::int64_t first, std::int64_t rows) {
        Values scratch = unwritten({rows, 72});
        Indices chosen{.numbers = std::vector<std::int32_t>(static_cast<std::size_t>(rows * 3)),
                       .shape = {rows, 3}};
        Values weights = unwritten({rows, 3});
        const Tensor x = x_.tensor().slice(first, rows);
        backend.route({.x = x,
                       .scale = scale_.tensor(),
                       .factor = 0.128F,
                       .proj = proj_.weight,
                       .perExpertScale = ownScale_.tensor(),
                       .scratch = scratch.tensor(),
                       .chosen = chosen.tensor(),
                       .weights = weights.tensor()});
        Values expertScratch = unwritten({rows * 3, 3 * 37 + 61});
        Values y = unwritten({rows, 61});
        backend.expertMlp({.gateUp = gateUp_.weight,
                           .down = down_.weight,
                           .x = x,
                           .chosen = chosen.tensor(),
                           .weights = weights.tensor(),
                           .y = y.tensor(),
                           .scratch = expertScratch.tensor()});
        Values denseScratch = unwritten({2 * rows, 95});
        backend.gatedMlp({.gate = gate_.weight,
                          .up = gate_.weight,
                          .down = back_.weight,
                          .x = y.tensor(),
                          .y = y.tensor(),
                          .scratch = denseScratch.tensor()});
        return y.numbers;
    }

private:
    std::mt19937 random_;
    std::unique_ptr<Backend> packer_;
    RandomWeight proj_;
    RandomWeight gateUp_;
    RandomWeight down_;
    RandomWeight gate_;
    RandomWeight back_;
    Values x_;
    Values scale_;
    Values ownScale_;
};

} // namespace

void MlpTest::rowsDoNotDependOnTheirNeighbours() {
    Mixture mixture;
    const auto backend = openCpu();
    QCOMPARE(rowInvariance(61,
                           [&](std::int64_t first, std::int64_t count) {
                               return mixture.compute(*backend, first, count);
                           }),
             std::string());
}

void MlpTest::threadsDoNotMatter() {
    Mixture mixture;
    QCOMPARE(
        bitDifference(mixture.compute(*openCpu(1), 0, 64), mixture.compute(*openCpu(4), 0, 64)),
        std::string());
}

const Registered<MlpTest> registered;

} // namespace lapidary::kernels::test

#include "mlp_test.moc"
