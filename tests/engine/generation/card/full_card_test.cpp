#include "card_holder.h"
#include "checkpoint/checkpoint.h"
#include "generation/context.h"
#include "generation/loaded_model.h"
#include "model.h"
#include "registry.h"

#include <kernels/device.h>

#include <QTest>

#include <algorithm>
#include <filesystem>
#include <iterator>
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
    void stepsAreDoneWithoutRoomForTheirGraph();
    void aContextGrowsOnceThereIsMemory();
    void cleanupTestCase() { holder_.reset(); }

private:
    [[nodiscard]] Expected<std::shared_ptr<Model>> load() const;
    [[nodiscard]] Expected<std::unique_ptr<LoadedModel>> loadNetworks() const;

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

TokenSequence textOf(int length) {
    TokenSequence text;
    for (int i = 0; i < length; ++i)
        text.append(300 + i * 7 % 4000);
    return text;
}

TokenSequence headOf(const TokenSequence& text, int length) {
    TokenSequence head;
    head.appendFrom(text, 0, length);
    return head;
}

Expected<bool> read(Context& context, const TokenSequence& tokens) {
    return context.prefill({.tokens = tokens, .image = {}, .progress = {}, .logits = {}});
}

/// The greedy token after each position, up to the first error.
struct Drawn {
    std::vector<std::int32_t> ids;
    std::optional<Error> error;
};

/// Goes on with the tokens of `text` that the context does not hold yet, up to `end`.
Drawn extend(Context& context, const TokenSequence& text, int end) {
    Drawn drawn;
    for (int i = context.cache().tokens().size(); i < end; ++i) {
        context.extend(text.ids()[std::size_t(i)]);
        const auto id = context.draw({.temperature = 0}, {});
        if (!id) {
            drawn.error = id.error();
            break;
        }
        drawn.ids.push_back(*id);
    }
    return drawn;
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

Expected<std::unique_ptr<LoadedModel>> FullCardTest::loadNetworks() const {
    auto backend = kernels::openDevice(device_);
    if (!backend)
        return std::unexpected(backend.error());
    return LoadedModel::load(*Checkpoint::open(folder_), std::move(*backend),
                             WeightChoice::AsStored);
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

void FullCardTest::stepsAreDoneWithoutRoomForTheirGraph() {
    constexpr int kBegin = 100;
    constexpr int kEnd = 120;
    const TokenSequence text = textOf(kEnd);
    const auto model = loadNetworks();
    QVERIFY(model);
    const auto open = [&] { return Context::open(**model, kEnd, CacheFormat::BF16); };
    auto undisturbed = open();
    QVERIFY(undisturbed && read(*undisturbed, headOf(text, kBegin)));
    const Drawn expected = extend(*undisturbed, text, kEnd);
    QVERIFY(!expected.error);

    auto context = open();
    QVERIFY(context && read(*context, headOf(text, kBegin)));
    QVERIFY(holder_->hold());
    const Drawn meanwhile = extend(*context, text, kEnd);
    QVERIFY(holder_->release());
    QVERIFY2(!meanwhile.error, meanwhile.error ? meanwhile.error->detail.c_str() : "");
    QCOMPARE(meanwhile.ids, expected.ids);
}

void FullCardTest::aContextGrowsOnceThereIsMemory() {
    constexpr int kContext = 1 << 17;
    constexpr int kGranule = 8192; // positions: 2 MiB of 128 numbers of bf16
    // So far from the end that nothing has grown ahead.
    constexpr int kBegin = kGranule - KvCache::kRoomAhead - 20;
    constexpr int kEnd = kGranule + 100;
    const TokenSequence text = textOf(kEnd);
    const auto model = loadNetworks();
    QVERIFY(model);
    const auto open = [&] { return Context::open(**model, kContext, CacheFormat::BF16); };
    auto undisturbed = open();
    QVERIFY(undisturbed && read(*undisturbed, headOf(text, kBegin)));
    const Drawn expected = extend(*undisturbed, text, kEnd);
    QVERIFY(!expected.error);

    auto context = open();
    QVERIFY(context && read(*context, headOf(text, kBegin)));
    if (context->cache().room() == kContext)
        QSKIP("this card maps no memory");
    QCOMPARE(context->cache().room(), kGranule);
    // Some steps first, so that they are recorded.
    Drawn drawn = extend(*context, text, kBegin + 10);
    QVERIFY(!drawn.error && holder_->hold());
    const Drawn meanwhile = extend(*context, text, kEnd);
    const auto prefilled = read(*context, text);
    QVERIFY(holder_->release());
    QVERIFY(meanwhile.error);
    QCOMPARE(meanwhile.error->kind, ErrorKind::DoesNotFit);
    QVERIFY2(meanwhile.error->sentence.contains(std::to_string(kGranule)),
             meanwhile.error->sentence.c_str());
    QVERIFY(isRefused(prefilled));
    QCOMPARE(context->cache().tokens().size(), kGranule);

    const Drawn after = extend(*context, text, kEnd);
    QVERIFY2(!after.error, after.error ? after.error->detail.c_str() : "");
    std::ranges::copy(meanwhile.ids, std::back_inserter(drawn.ids));
    std::ranges::copy(after.ids, std::back_inserter(drawn.ids));
    QCOMPARE(drawn.ids, expected.ids);
}

const Registered<FullCardTest> registered;

} // namespace lapidary::engine::test

#include "full_card_test.moc"
