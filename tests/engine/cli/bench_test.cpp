#include "checkpoint/checkpoint.h"
#include "cli/bench/cost.h"
#include "cli/bench/memory.h"
#include "cli/bench/peer.h"
#include "cli/bench/report.h"
#include "cli/bench/scenario.h"
#include "cli/bench/statistics.h"
#include "registry.h"

#include <QFile>
#include <QTest>

#include <algorithm>

using namespace lapidary;
using namespace lapidary::cli;

namespace {

Expected<engine::Checkpoint> synthetic(const char* size) {
    QFile file(QStringLiteral(LAPIDARY_RESOURCES "/sizes/%1.json").arg(QLatin1StringView(size)));
    if (!file.open(QIODevice::ReadOnly))
        return fail(ErrorKind::NotFound, "there is no such size");
    return engine::readModelConfig(file.readAll().toStdString())
        .and_then([](engine::ModelConfig config) {
            return engine::Checkpoint::synthetic(std::move(config));
        });
}

} // namespace

/// The parts that `bench` is made of.
class BenchTest : public QObject {
    Q_OBJECT

private slots:
    void scenariosAreReadByTheirNames();
    void spreadAndJitter();
    void memoryStandsBesideItsPlan();
    void ratesAreReadFromWhatAPeerPrints();
    void costsAreThoseOfTheTable_data();
    void costsAreThoseOfTheTable();
    void randomWeightsHaveTheShapesOfTheModel();
};

void BenchTest::scenariosAreReadByTheirNames() {
    const auto all =
        readScenarios("decode-32k,prefill-300,verify,verify-2k,ttft,load,memory,memory-1k");
    QVERIFY(all.has_value());
    QCOMPARE(all->size(), std::size_t{8});
    QCOMPARE(all->at(0).tokens, 32768);
    QCOMPARE(all->at(1).kind, Scenario::Kind::Prefill);
    QCOMPARE(all->at(1).tokens, 300);
    QCOMPARE(all->at(2).tokens, 1024);
    QCOMPARE(all->at(3).kind, Scenario::Kind::Verify);
    QCOMPARE(all->at(3).tokens, 2048);
    QCOMPARE(all->at(5).name, "load");
    QCOMPARE(all->at(6).kind, Scenario::Kind::Memory);
    QCOMPARE(all->at(6).tokens, 4096);
    QCOMPARE(all->at(7).tokens, 1024);
    for (const char* const wrong :
         {"", "decode", "decode-", "decode-0", "decode-k", "decode--1", "decode-1m",
          "decode-99999999k", "sing-3", "ttft-3", "load,", "memory-"})
        QVERIFY2(!readScenarios(wrong), wrong);
}

void BenchTest::spreadAndJitter() {
    const Spread odd = spreadOf({3, 1, 2});
    QCOMPARE(odd.median, 2.0);
    QCOMPARE(odd.least, 1.0);
    QCOMPARE(odd.most, 3.0);
    QCOMPARE(spreadOf({4, 1, 2, 3}).median, 2.5);
    std::vector<double> steps(1000, 2.0);
    std::fill_n(steps.begin(), 10, 9.0);
    QCOMPARE(jitterOf(steps), 1.0); // one in a hundred may be slow
    steps[10] = 9.0;
    QCOMPARE(jitterOf(steps), 4.5);
    QCOMPARE(jitterOf({7}), 1.0);
    QCOMPARE(percentile99Of(steps), 9.0);
    QCOMPARE(percentile99Of({7, 8}), 8.0);
}

void BenchTest::memoryStandsBesideItsPlan() {
    MemoryUse use{.name = "memory-8k",
                  .planned = {},
                  .imageBytes = 9'000'000,
                  .usedBytes = 1'980'000'000,
                  .driverBytes = 600'000'000,
                  .growMs = {0.25, 0.5, 0.125}};
    use.planned.bytes = {1'000'000'000, 0, 500'000'000, 500'000'000, 0};
    QCOMPARE(use.difference(), -0.01);
    BenchReport report{.model = "a model", .weights = "BF16", .deviceId = "", .deviceName = ""};
    QVERIFY(!benchText(report).contains("planned"));
    report.memory = {use};
    const std::string text = benchText(report);
    for (const char* const part : {"2000 MB", "1980 MB", "-1.0%", "0.250 ms", "0.500 ms",
                                   "600 MB of the driver", "9 MB while an image"})
        QVERIFY2(text.contains(part), text.c_str());
    QVERIFY(benchJson(report).contains(R"("plannedBytes": 2000000000)"));
}

void BenchTest::ratesAreReadFromWhatAPeerPrints() {
    QCOMPARE(printedRate("prompt 900.5 t/s\neval: 41.25 tok/s\n"), 41.25);
    QCOMPARE(printedRate("12 tokens per second"), 12.0);
    QCOMPARE(printedRate("7t/s, then 8.5  tokens/s, 3 of them"), 8.5);
    QVERIFY(!printedRate("tok/s: 5").has_value());
    QVERIFY(!printedRate("done in 3 s").has_value());
    PeerResult timed{.scenario = "ttft"};
    QVERIFY(runPeer("true", timed).has_value());
    QCOMPARE(timed.unit, "s");
    QVERIFY(!runPeer("false", timed).has_value());
}

void BenchTest::costsAreThoseOfTheTable_data() {
    // Billions of numbers that a token reads, head included, and of the cache a position.
    QTest::addColumn<double>("numbers");
    QTest::addColumn<double>("cache");
    QTest::newRow("12b") << 11.91 << 8192.0;
    QTest::newRow("31b") << 30.70 << 40960.0;
    QTest::newRow("26b-a4b") << 3.82 << 10240.0;
    QTest::newRow("e4b") << 4.64 << 14336.0;
    QTest::newRow("e2b") << 2.28 << 7168.0;
}

void BenchTest::costsAreThoseOfTheTable() {
    QFETCH(double, numbers);
    QFETCH(double, cache);
    const auto model = synthetic(QTest::currentDataTag());
    QVERIFY2(model, model ? "" : model.error().sentence.c_str());
    const double billions = tokenCost(*model, engine::WeightChoice::AsStored).weightBytes / 2 / 1e9;
    QVERIFY2(std::abs(billions - numbers) < 0.02 * numbers, qPrintable(QString::number(billions)));
    const double coarse =
        tokenCost(*model, engine::WeightChoice::AsStored, engine::HeadChoice::EightBits)
            .weightBytes;
    const double head = double(model->config().vocabulary) * model->config().hidden;
    QCOMPARE(coarse / 2e9, billions - head / 2e9 + 8.0 * model->config().vocabulary / 1e9);
    const auto bytes = [&](std::int64_t positions) {
        return cacheBytes(model->config(), positions, engine::CacheFormat::BF16);
    };
    QCOMPARE((bytes(40000) - bytes(30000)) / 10000 / 2, cache);
}

void BenchTest::randomWeightsHaveTheShapesOfTheModel() {
    const auto model = synthetic("e4b");
    QVERIFY(model.has_value());
    for (const engine::TensorSpec& spec : model->specs()) {
        if (spec.use == engine::TensorUse::Values) {
            const auto values = model->values(spec.name);
            QCOMPARE(values->size(), static_cast<std::size_t>(spec.elements()));
            QVERIFY(std::ranges::all_of(*values, [](float value) { return value == 1; }));
        } else if (spec.use == engine::TensorUse::Matrix) {
            const auto weight = model->weight(spec.name);
            QVERIFY(weight.has_value());
            QCOMPARE(weight->experts * weight->rows * weight->columns, spec.elements());
            QCOMPARE(weight->data.size(), static_cast<std::size_t>(spec.elements()) * 2);
            QVERIFY(weight->data.front() != std::byte{} || weight->data[1] != std::byte{});
            static_cast<void>(weight->data.back()); // the mapping reaches to the end
            QCOMPARE(weight->owner != nullptr, spec.part == engine::TensorPart::PerLayerTable);
        }
    }
    QVERIFY(model->checkIntact().has_value());
    QVERIFY(!model->config().seesImages());
}

static const Registered<BenchTest> registered;

#include "bench_test.moc"
