#include "card_holder.h"
#include "checkpoint/checkpoint.h"
#include "generation/context.h"
#include "generation/loaded_model.h"
#include "model.h"
#include "registry.h"

#include <kernels/device.h>

#include <QTest>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace lapidary::engine::test {

/// A card whose memory another process takes: loading and growing are refused with DoesNotFit, and
/// this process goes on once the memory is there again.
///   --model=FOLDER  the demo model, where it lies elsewhere
class FullCardTest final : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void loadingWorksOnceThereIsMemory();
    void anOpenSessionAnswersMeanwhile();
    void aContextGrowsOnceThereIsMemory();
    void cleanupTestCase() { holder_.reset(); }

private:
    [[nodiscard]] Expected<std::shared_ptr<Model>> load() const;

    std::optional<CardHolder> holder_;
    std::filesystem::path folder_;
    std::string device_;
};

namespace {

/// The model's answer to one question; what went wrong instead.
std::string answer(Session& session) {
    const Request request{
        .messages = {{.parts = {std::string("What is water?")}, .thought = {}, .calls = {}}},
        .tools = {},
        .thinking = false,
        .sampling = {.temperature = 0},
        .maxTokens = 40,
        .stopStrings = {},
        .stop = {}};
    std::string text;
    const Finished finished = session.generate(request, [&](const Event& event) {
        if (const auto* piece = std::get_if<AnswerText>(&event))
            text += piece->text;
    });
    return finished.error ? finished.error->sentence : text;
}

bool isRefused(const auto& result) {
    return !result && result.error().kind == ErrorKind::DoesNotFit
           && !result.error().sentence.empty();
}

} // namespace

void FullCardTest::initTestCase() {
    holder_.emplace(); // before the cards are looked for
    device_ = kernels::listDevices().front().id;
    if (device_ == "cpu") {
        holder_.reset();
        QSKIP("this computer has no card that Lapidary can use");
    }
    const QString chosen = testOption("model");
    folder_ = chosen.isEmpty() ? LAPIDARY_RESOURCES "/demo-model" : chosen.toStdString();
}

Expected<std::shared_ptr<Model>> FullCardTest::load() const {
    return loadModel({.folder = folder_,
                      .recipe = {.id = "card",
                                 .title = {},
                                 .summary = {},
                                 .drafter = {},
                                 .cache = CacheFormat::BF16,
                                 .contextTokens = 2048,
                                 .imageBudget = 70},
                      .device = device_,
                      .progress = {},
                      .stop = {}});
}

void FullCardTest::loadingWorksOnceThereIsMemory() {
    std::string before;
    {
        const auto model = load();
        QVERIFY2(model, model ? "" : model.error().sentence.c_str());
        before = answer(**(*model)->openSession());
        QVERIFY(before.size() > 20);
    }
    auto backend = kernels::openDevice(device_);
    QVERIFY(backend);
    QVERIFY(holder_->hold());
    const auto refused = load();
    // The same without a plan that sees it coming, on a card that is open already.
    const auto failed =
        LoadedModel::load(*Checkpoint::open(folder_), std::move(*backend), WeightChoice::AsStored);
    QVERIFY(holder_->release());
    QVERIFY(isRefused(refused));
    QVERIFY(isRefused(failed));

    const auto model = load();
    QVERIFY2(model, model ? "" : model.error().sentence.c_str());
    QCOMPARE(answer(**(*model)->openSession()), before);
}

void FullCardTest::anOpenSessionAnswersMeanwhile() {
    const auto model = load();
    QVERIFY(model);
    const auto session = (*model)->openSession();
    QVERIFY(session);
    const std::string before = answer(**session);
    QVERIFY(holder_->hold());
    const std::string meanwhile = answer(**session);
    QVERIFY(holder_->release());
    QCOMPARE(meanwhile, before);
    QCOMPARE(answer(**session), before);
}

void FullCardTest::aContextGrowsOnceThereIsMemory() {
    constexpr int kContext = 1 << 17;
    constexpr int kGranule = 8192; // positions: 2 MiB of 128 numbers of bf16
    constexpr int kLength = kGranule + 100;
    TokenSequence text;
    for (int i = 0; i < kLength; ++i)
        text.append(300 + i * 7 % 4000);
    TokenSequence head;
    head.appendFrom(text, 0, kGranule - 20);

    auto backend = kernels::openDevice(device_);
    QVERIFY(backend);
    const auto model =
        LoadedModel::load(*Checkpoint::open(folder_), std::move(*backend), WeightChoice::AsStored);
    QVERIFY(model);
    const auto open = [&] { return Context::open(**model, kContext, CacheFormat::BF16); };
    const auto read = [](Context& context, const TokenSequence& tokens) {
        return context.prefill({.tokens = tokens, .image = {}, .progress = {}, .logits = {}});
    };
    // The greedy token after each of the positions [begin, end).
    std::optional<Error> error;
    const auto extend = [&](Context& context, int begin, int end) {
        std::vector<std::int32_t> drawn;
        for (int i = begin; i < end && !error; ++i) {
            context.extend(text.ids()[std::size_t(i)]);
            const auto id = context.draw({.temperature = 0}, {});
            if (id)
                drawn.push_back(*id);
            else
                error = id.error();
        }
        return drawn;
    };

    auto undisturbed = open();
    QVERIFY(undisturbed && read(*undisturbed, head));
    const std::vector<std::int32_t> expected = extend(*undisturbed, head.size(), kLength);
    QVERIFY(!error);

    auto context = open();
    QVERIFY(context && read(*context, head));
    if (context->cache().room() == kContext)
        QSKIP("this card maps no memory");
    QCOMPARE(context->cache().room(), kGranule);
    // Some steps first, so that they are recorded.
    std::vector<std::int32_t> drawn = extend(*context, head.size(), kGranule - 10);
    QVERIFY(!error && holder_->hold());
    const std::vector<std::int32_t> meanwhile = extend(*context, kGranule - 10, kLength);
    const auto prefilled = read(*context, text);
    QVERIFY(holder_->release());
    QVERIFY(error);
    QCOMPARE(error->kind, ErrorKind::DoesNotFit);
    QVERIFY2(error->sentence.contains(std::to_string(kGranule)), error->sentence.c_str());
    QVERIFY(isRefused(prefilled));
    QCOMPARE(context->cache().tokens().size(), kGranule);
    drawn.insert(drawn.end(), meanwhile.begin(), meanwhile.end());
    QCOMPARE(drawn.size(), std::size_t(kGranule - head.size()));

    error.reset();
    const std::vector<std::int32_t> after = extend(*context, kGranule, kLength);
    QVERIFY2(!error, error ? error->sentence.c_str() : "");
    drawn.insert(drawn.end(), after.begin(), after.end());
    QCOMPARE(drawn, expected);
}

const Registered<FullCardTest> registered;

} // namespace lapidary::engine::test

#include "full_card_test.moc"
