#include "checkpoint/checkpoint.h"
#include "generation/context.h"
#include "generation/loaded_model.h"
#include "memory/footprint.h"
#include "model.h"
#include "registry.h"

#include <kernels/device.h>

#include <QTest>

#include <filesystem>
#include <string>
#include <vector>

namespace lapidary::engine::test {

/// A model whose head is read in 8 bits says what it says otherwise.
///   --model=FOLDER  the demo model, where it lies elsewhere
class EightBitHeadTest final : public QObject {
    Q_OBJECT

private slots:
    void initTestCase();
    void saysTheSame_data();
    void saysTheSame();
    void wantedLogitsAreExact();
    void isPlanned();

private:
    [[nodiscard]] std::unique_ptr<LoadedModel> load(HeadChoice head) const;

    std::filesystem::path folder_;
    kernels::DeviceDescription device_;
};

namespace {

TokenSequence prompt() {
    TokenSequence tokens;
    for (int i = 0; i < 70; ++i)
        tokens.append(300 + i * 37 % 3000);
    return tokens;
}

} // namespace

void EightBitHeadTest::initTestCase() {
    device_ = kernels::listDevices().front();
    if (device_.id == "cpu")
        QSKIP("this computer has no card that Lapidary can use");
    const QString chosen = testOption("model");
    folder_ = chosen.isEmpty() ? LAPIDARY_RESOURCES "/demo-model" : chosen.toStdString();
}

std::unique_ptr<LoadedModel> EightBitHeadTest::load(HeadChoice head) const {
    auto model =
        LoadedModel::load(*Checkpoint::open(folder_), std::move(*kernels::openDevice(device_.id)),
                          WeightChoice::AsStored, head);
    if (!model)
        qFatal("%s", model.error().sentence.c_str());
    return std::move(*model);
}

void EightBitHeadTest::saysTheSame_data() {
    QTest::addColumn<kernels::Sampling>("sampling");
    QTest::newRow("greedy") << kernels::Sampling{.temperature = 0};
    QTest::newRow("default") << kernels::Sampling{.seed = 3};
    QTest::newRow("hot") << kernels::Sampling{.temperature = 3, .topK = 500, .seed = 4};
    QTest::newRow("penalty") << kernels::Sampling{.repetitionPenalty = 1.3F, .seed = 5};
    QTest::newRow("everything") << kernels::Sampling{.topK = 0, .seed = 6};
}

void EightBitHeadTest::saysTheSame() {
    QFETCH(kernels::Sampling, sampling);
    constexpr int kTokens = 60;
    const std::vector<std::int32_t> banned = {0, 2, 5};
    std::vector<std::vector<std::int32_t>> said;
    for (const HeadChoice head : {HeadChoice::AsStored, HeadChoice::EightBits}) {
        const auto model = load(head);
        auto context = Context::open(*model, 200, CacheFormat::BF16);
        QVERIFY(context);
        std::vector<std::int32_t>& ids = said.emplace_back();
        // Twice, so that a prompt follows a recorded step.
        for (int turn = 0; turn < 2; ++turn) {
            const auto read =
                context->prefill({.tokens = prompt(), .image = {}, .progress = {}, .logits = {}});
            QVERIFY(read);
            for (int i = 0; i < kTokens; ++i) {
                const auto id = context->draw(sampling, banned);
                QVERIFY2(id, id ? "" : id.error().detail.c_str());
                ids.push_back(*id);
                context->extend(*id);
            }
            QVERIFY(context->settle());
        }
    }
    QCOMPARE(said[1], said[0]);
}

void EightBitHeadTest::wantedLogitsAreExact() {
    std::vector<std::vector<float>> told;
    for (const HeadChoice head : {HeadChoice::AsStored, HeadChoice::EightBits}) {
        const auto model = load(head);
        auto context = Context::open(*model, 100, CacheFormat::BF16);
        QVERIFY(context);
        const TokenSequence tokens = prompt();
        std::vector<float>& all = told.emplace_back();
        const auto read = context->prefill(
            {.tokens = tokens,
             .image = {},
             .progress = {},
             .logits = [&](const kernels::Tensor& logits, int) {
                 const std::size_t begin = all.size();
                 all.resize(begin + static_cast<std::size_t>(logits.elements()));
                 model->backend->download(logits,
                                          std::as_writable_bytes(std::span(all).subspan(begin)));
                 QVERIFY(model->backend->wait());
             }});
        QVERIFY(read);
        QVERIFY(context->draw({.temperature = 0}, {}));
    }
    QVERIFY(!told[0].empty());
    QCOMPARE(told[1], told[0]);
}

void EightBitHeadTest::isPlanned() {
    const auto stored = load(HeadChoice::AsStored);
    const auto coarse = load(HeadChoice::EightBits);
    QCOMPARE(coarse->weightBytes - stored->weightBytes,
             headBytes(stored->config(), HeadChoice::EightBits, device_));
    QVERIFY(coarse->weightBytes > stored->weightBytes);
}

const Registered<EightBitHeadTest> registered;

} // namespace lapidary::engine::test

#include "eight_bit_head_test.moc"
