#include "checkpoint/checkpoint.h"
#include "checkpoint/model_config.h"
#include "memory/cache_geometry.h"
#include "memory/footprint.h"
#include "memory/refusal.h"
#include "model.h"
#include "registry.h"

#include <QFile>
#include <QTest>

using namespace lapidary;
using namespace lapidary::engine;

namespace {

ModelConfig released(const QString& name) {
    QFile file(QStringLiteral(LAPIDARY_TESTS "/engine/checkpoint/configs/%1.json").arg(name));
    if (!file.open(QIODevice::ReadOnly))
        return {};
    return readModelConfig(file.readAll().toStdString()).value_or(ModelConfig{});
}

constexpr std::int64_t k = 1024;

} // namespace

class MemoryPlanTest : public QObject {
    Q_OBJECT

private slots:
    void cacheBytesAreThoseOfTheTable_data();
    void cacheBytesAreThoseOfTheTable();
    void ringsKeepTheirReserve();
    void fittingContextIsTheLongest();
    void aHeadIn8BitsCountsOnCards();
    void refusalSaysWhatWouldFit();
    void thePerLayerTableStaysOnDisk();
    void plansAFolder();
    void cardsKeepSingleNumbersAsHalves();
};

void MemoryPlanTest::cacheBytesAreThoseOfTheTable_data() {
    QTest::addColumn<QString>("file");
    QTest::addColumn<qlonglong>("context");
    QTest::addColumn<qulonglong>("bytes"); // gemma4.md section 4, bf16, reserve 0
    const auto row = [](const char* file, qlonglong context, qulonglong bytes) {
        QTest::addRow("%s %lld", file, context) << QString::fromUtf8(file) << context << bytes;
    };
    constexpr qulonglong kMebi = 1 << 20;
    for (const char* saved : {"", ".saved"}) {
        const auto both = [&](const char* file, qlonglong context, qulonglong bytes) {
            row(qPrintable(QString::fromUtf8(file) + QString::fromUtf8(saved)), context, bytes);
        };
        both("e2b", 8 * k, 54 * kMebi);
        both("e2b", 32 * k, 207'618'048);
        both("e2b", 128 * k, 811'597'824);
        both("e4b", 8 * k, 148 * kMebi);
        both("e4b", 32 * k, 557'842'432);
        both("e4b", 128 * k, 2'168'455'168);
        both("12b", 8 * k, 448 * kMebi);
        both("12b", 32 * k, 872'415'232);
        both("12b", 128 * k, 2'483'027'968);
        both("12b", 256 * k, 4'630'511'616);
        both("26b-a4b", 8 * k, 360 * kMebi);
        both("26b-a4b", 32 * k, 880'803'840);
        both("26b-a4b", 128 * k, 2'894'069'760);
        both("26b-a4b", 256 * k, 5'578'424'320);
        both("31b", 8 * k, 1440 * kMebi);
        both("31b", 32 * k, 3'523'215'360);
        both("31b", 128 * k, 11'576'279'040);
        both("31b", 256 * k, 22'313'697'280);
    }
}

void MemoryPlanTest::cacheBytesAreThoseOfTheTable() {
    QFETCH(QString, file);
    QFETCH(qlonglong, context);
    QFETCH(qulonglong, bytes);
    const CacheGeometry geometry = cacheGeometry(released(file));
    QCOMPARE(geometry.windowBytes(context, CacheFormat::BF16), bytes);
    QCOMPARE(geometry.windowBytes(context, CacheFormat::F32), 2 * bytes);
}

void MemoryPlanTest::ringsKeepTheirReserve() {
    const CacheGeometry geometry = cacheGeometry(released(QStringLiteral("12b")));
    const LayerCacheGeometry& sliding = geometry.layers.front();
    QCOMPARE(sliding.capacity(32 * k), 1024 + kRingReserve);
    for (const auto& [context, kept] :
         {std::pair{1, 64}, {64, 64}, {65, 128}, {2000, 2048}, {3071, 3072}, {3073, 3072}})
        QCOMPARE(sliding.capacity(context), kept);
    QCOMPARE(geometry.layers.back().capacity(2001), 2001);
    QCOMPARE(geometry.layers.back().capacity(32 * k), 32 * k);
    QCOMPARE(geometry.bytes(32 * k, CacheFormat::BF16)
                 - geometry.windowBytes(32 * k, CacheFormat::BF16),
             std::size_t{327'680} * kRingReserve);
    // A layer that reads another's cache has none of its own.
    const CacheGeometry shared = cacheGeometry(released(QStringLiteral("e2b")));
    QVERIFY(!shared.layers.back().owns);
    QCOMPARE(shared.layers.back().donor, 14);
    QCOMPARE(shared.bytes(32 * k, CacheFormat::BF16)
                 - shared.windowBytes(32 * k, CacheFormat::BF16),
             std::size_t{12'288} * kRingReserve);
    QCOMPARE(longestChunk(released(QStringLiteral("12b"))), 1120);
    QCOMPARE(longestChunk(released(QStringLiteral("e2b"))), 1024);
}

void MemoryPlanTest::fittingContextIsTheLongest() {
    const ModelConfig config = released(QStringLiteral("12b"));
    const WeightBytes weights = weightBytes(config);
    // Every weight in bf16 but the vectors, which are kept as f32.
    QVERIFY(weights.resident > 2 * 11'907'350'320ULL && weights.resident < 24'100'000'000ULL);
    const CacheGeometry geometry = cacheGeometry(config);
    kernels::DeviceDescription device{.id = "cpu", .name = "this machine"};
    Recipe recipe;
    recipe.contextTokens = 262144;
    device.freeBytes = std::size_t{1} << 40;
    const MemoryPlan plenty = makePlan(config, weights, recipe, device);
    QVERIFY(plenty.fits());
    QCOMPARE(plenty.fittingContextTokens, 262144);
    QCOMPARE(plenty[MemoryPart::Cache], geometry.bytes(262144, CacheFormat::BF16));

    const std::size_t fixed = plenty.total() - plenty[MemoryPart::Cache];
    for (const int context : {100, 1024, 20 * 1024, 100 * 1024}) {
        device.freeBytes = fixed + geometry.bytes(context, CacheFormat::BF16);
        const MemoryPlan plan = makePlan(config, weights, recipe, device);
        QVERIFY(!plan.fits());
        QCOMPARE(plan.fittingContextTokens, context);
        device.freeBytes -= 1;
        const int less = makePlan(config, weights, recipe, device).fittingContextTokens;
        QCOMPARE(less, context <= 1024 ? context - 1 : context - 1024);
    }
    device.freeBytes = fixed - 1;
    QCOMPARE(makePlan(config, weights, recipe, device).fittingContextTokens, 0);
}

void MemoryPlanTest::aHeadIn8BitsCountsOnCards() {
    const ModelConfig config = released(QStringLiteral("12b"));
    const WeightBytes weights = weightBytes(config);
    for (const char* id : {"cpu", "cuda:0"}) {
        const kernels::DeviceDescription device{.id = id, .name = "this", .freeBytes = 1ULL << 40};
        Recipe recipe;
        const std::size_t stored = makePlan(config, weights, recipe, device).total();
        recipe.head = HeadChoice::EightBits;
        const std::size_t more = makePlan(config, weights, recipe, device).total() - stored;
        // A byte a number, and 16 a token.
        QCOMPARE(more, device.id == "cpu" ? 0 : std::size_t{262'144} * (3840 + 16));
    }
}

void MemoryPlanTest::refusalSaysWhatWouldFit() {
    const kernels::DeviceDescription device{.id = "cpu", .name = "this computer"};
    MemoryPlan plan;
    plan.bytes = {24'000'000'000, 0, 4'600'000'000, 0, 0};
    plan.contextTokens = 262144;
    plan.availableBytes = 25'940'000'000;
    plan.fittingContextTokens = 65536;
    QCOMPARE(checkFits(plan, "Gemma 4 12B", device).error().sentence,
             "Gemma 4 12B needs 28.6 GB for a context of 262144 tokens, and 25.9 GB are free on "
             "this computer: choose a context of at most 65536 tokens, or close other programs.");
    plan.fittingContextTokens = 0;
    plan.availableBytes = 900'000'000;
    QCOMPARE(checkFits(plan, "Gemma 4 12B", device).error().sentence,
             "Gemma 4 12B needs 28.6 GB for a context of 262144 tokens, and 900 MB are free on "
             "this computer: choose a smaller model, or close other programs.");
    QCOMPARE(checkFits(plan, "Gemma 4 12B", device).error().kind, ErrorKind::DoesNotFit);
    plan.availableBytes = 28'600'000'000;
    QVERIFY(checkFits(plan, "Gemma 4 12B", device));
}

void MemoryPlanTest::thePerLayerTableStaysOnDisk() {
    const WeightBytes weights = weightBytes(released(QStringLiteral("e2b")));
    QCOMPARE(weights.mapped, std::size_t{262144} * 8960 * 2);
    QVERIFY(weights.resident < 5'100'000'000);
}

void MemoryPlanTest::plansAFolder() {
    const std::filesystem::path folder = LAPIDARY_TESTS "/reference/cases/dense/checkpoint";
    const kernels::DeviceDescription device{.id = "cpu", .name = "", .freeBytes = 1 << 30};
    Recipe recipe;
    recipe.contextTokens = 1 << 24;
    const auto plan = planMemory(folder, recipe, device);
    QVERIFY2(plan, plan ? "" : plan.error().sentence.c_str());
    const auto description = describeModel(folder);
    QVERIFY(description);
    QCOMPARE(plan->contextTokens, description->maxContextTokens);
    QCOMPARE(description->name, "checkpoint");
    QVERIFY(description->seesImages);
    // Weights are bf16 in the file, and small vectors f32 in memory.
    QVERIFY(plan->total() > 0 && plan->bytes[0] >= description->fileBytes / 2);
    QCOMPARE(planMemory("/nowhere", {}, device).error().kind, ErrorKind::NotFound);
}

void MemoryPlanTest::cardsKeepSingleNumbersAsHalves() {
    const auto checkpoint =
        Checkpoint::open(LAPIDARY_TESTS "/reference/cases/text_only_f32/checkpoint");
    QVERIFY2(checkpoint, checkpoint ? "" : checkpoint.error().sentence.c_str());
    const WeightBytes stored = weightBytes(*checkpoint, WeightChoice::AsStored);
    const WeightBytes onCard = weightBytes(*checkpoint, WeightChoice::AsStored, 2);
    QVERIFY(stored.matrices > 0);
    QCOMPARE(2 * onCard.matrices, stored.matrices);
    QCOMPARE(onCard.resident - onCard.matrices, stored.resident - stored.matrices);
    QCOMPARE(onCard.mapped, stored.mapped);
}

static const Registered<MemoryPlanTest> registered;

#include "plan_test.moc"
