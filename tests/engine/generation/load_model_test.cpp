#include "engine/generation/tiny_model.h"
#include "registry.h"

#include <QTest>

#include <fstream>

namespace lapidary::engine::test {

class LoadModelTest final : public QObject {
    Q_OBJECT

private slots:
    void progressRisesToTheEnd();
    void weightsAreQuantisedWhereTheRecipeSaysSo();
    void aCancelIsHeard();
    void memoryIsAsPlanned_data();
    void memoryIsAsPlanned();
    void whatDoesNotFitIsRefusedBeforeTheLoad();
    void missingTokenizersAreNamed();
};

void LoadModelTest::progressRisesToTheEnd() {
    const TinyFolder folder("experts/checkpoint");
    std::vector<LoadProgress> told;
    const auto model = loadModel({.folder = folder.path(),
                                  .recipe = tinyRecipe(100),
                                  .threads = 1,
                                  .progress = [&](const LoadProgress& p) { told.push_back(p); },
                                  .stop = {}});
    QVERIFY(model);
    QVERIFY(told.size() > 10);
    std::size_t done = 0;
    for (const LoadProgress& progress : told) {
        QVERIFY(progress.doneBytes >= done && progress.doneBytes <= progress.totalBytes);
        done = progress.doneBytes;
    }
    QCOMPARE(told.back().phase, LoadProgress::Phase::WarmingUp);
    QCOMPARE(told.back().doneBytes, told.back().totalBytes);
}

void LoadModelTest::weightsAreQuantisedWhereTheRecipeSaysSo() {
    Recipe recipe = tinyRecipe(100);
    const auto load = [&] {
        return loadModel({.folder = LAPIDARY_RESOURCES "/demo-model",
                          .recipe = recipe,
                          .threads = 1,
                          .progress = {},
                          .stop = {}});
    };
    const auto stored = load();
    QVERIFY2(stored, stored ? "" : stored.error().sentence.c_str());
    recipe.weights = WeightChoice::Fp8;
    const auto quantised = load();
    QVERIFY2(quantised, quantised ? "" : quantised.error().sentence.c_str());
    const auto saved = [&](auto bytes) { return bytes(**stored) - bytes(**quantised); };
    const std::size_t planned = saved([](const Model& m) { return m.plan()[MemoryPart::Weights]; });
    QCOMPARE(saved([](const Model& m) { return m.measuredMemory()[MemoryPart::Weights]; }),
             planned);
    QVERIFY(planned > 5'000'000 && planned < (*stored)->plan()[MemoryPart::Weights] / 2);
}

void LoadModelTest::aCancelIsHeard() {
    const TinyFolder folder("experts/checkpoint");
    std::stop_source stop;
    int calls = 0;
    const auto model = loadModel({.folder = folder.path(),
                                  .recipe = tinyRecipe(100),
                                  .threads = 1,
                                  .progress =
                                      [&](const LoadProgress&) {
                                          if (++calls == 5)
                                              stop.request_stop();
                                      },
                                  .stop = stop.get_token()});
    QVERIFY(!model);
    QCOMPARE(model.error().kind, ErrorKind::Cancelled);
    QVERIFY(calls < 12);
}

void LoadModelTest::memoryIsAsPlanned_data() {
    QTest::addColumn<std::string>("checkpoint");
    for (const char* variant : {"unified", "e_series", "experts", "dense", "text_only"})
        QTest::addRow("%s", variant) << std::string(variant) + "/checkpoint";
}

void LoadModelTest::memoryIsAsPlanned() {
    QFETCH(std::string, checkpoint);
    const TinyFolder folder(checkpoint);
    const auto model = folder.load(tinyRecipe(3000));
    const auto close = [](std::size_t measured, std::size_t planned) {
        return double(measured) <= 1.03 * double(planned)
               && double(measured) >= 0.97 * double(planned);
    };
    const auto cacheNow = [&] { return model->measuredMemory()[MemoryPart::Cache]; };
    QCOMPARE(cacheNow(), std::size_t{0});
    {
        const auto session = model->openSession();
        QVERIFY(session);
        // The caches of full layers come as the conversation grows.
        QVERIFY(cacheNow() < 95 * model->plan()[MemoryPart::Cache] / 100);
        const Message message{.parts = {std::string(2900, 'q')}, .thought = {}, .calls = {}};
        const Finished finished = (*session)->generate({.messages = {message},
                                                        .tools = {},
                                                        .sampling = {},
                                                        .maxTokens = 1,
                                                        .stopStrings = {},
                                                        .stop = {}},
                                                       [](const Event&) {});
        QVERIFY(finished.statistics.promptTokens > 2816); // the last piece of the context
        const MemoryPlan measured = model->measuredMemory();
        for (const MemoryPart part :
             {MemoryPart::Weights, MemoryPart::Cache, MemoryPart::Activations})
            QVERIFY2(close(measured[part], model->plan()[part]),
                     qPrintable(QString("part %1: %2 measured, %3 planned")
                                    .arg(int(part))
                                    .arg(measured[part])
                                    .arg(model->plan()[part])));
    }
    QCOMPARE(cacheNow(), std::size_t{0});
}

void LoadModelTest::whatDoesNotFitIsRefusedBeforeTheLoad() {
    const TinyFolder folder("dense/checkpoint");
    // A context for which few machines have memory: 53 GB.
    std::ifstream in(folder.path() / "config.json");
    std::string config{std::istreambuf_iterator<char>(in), {}};
    for (const std::string from : {"\"max_position_embeddings\": 4096", "\"sliding_window\": 80"}) {
        QVERIFY(config.contains(from));
        const std::string to = from.substr(0, from.find(':')) + ": 16777216";
        config.replace(config.find(from), from.size(), to);
    }
    std::ofstream(folder.path() / "config.json") << config;

    bool loaded = false;
    const auto model = loadModel({.folder = folder.path(),
                                  .recipe = tinyRecipe(1 << 24),
                                  .threads = 1,
                                  .progress = [&](const LoadProgress&) { loaded = true; },
                                  .stop = {}});
    if (model)
        QSKIP("this machine has room for it");
    QVERIFY(!loaded);
    QVERIFY2(model.error().kind == ErrorKind::DoesNotFit, model.error().sentence.c_str());
}

void LoadModelTest::missingTokenizersAreNamed() {
    const TinyFolder folder("unified/checkpoint");
    std::filesystem::remove(folder.path() / "tokenizer.json");
    const auto model = loadModel({.folder = folder.path(),
                                  .recipe = tinyRecipe(100),
                                  .threads = 1,
                                  .progress = {},
                                  .stop = {}});
    QVERIFY(!model);
    QCOMPARE(model.error().kind, ErrorKind::NotFound);
    QVERIFY(model.error().sentence.contains("tokenizer"));
}

const Registered<LoadModelTest> registered;

} // namespace lapidary::engine::test

#include "load_model_test.moc"
