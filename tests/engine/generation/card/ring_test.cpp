#include "checkpoint/checkpoint.h"
#include "generation/context.h"
#include "generation/loaded_model.h"
#include "registry.h"

#include <kernels/device.h>

#include <QTest>

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace lapidary::engine::test {

/// How long a context may become does not choose the kernels that compute it.
class RingTest final : public QObject {
    Q_OBJECT

private slots:
    void anyLengthHasTheSameBits();
};

namespace {

/// Layers with the published models' heads, between small matrices.
ModelConfig smallModel() {
    ModelConfig config;
    config.modelType = "gemma4_unified";
    config.textOnly = true;
    config.hidden = 256;
    config.vocabulary = 2048;
    config.heads = 4;
    config.maxContextTokens = 16384;
    config.slidingWindow = 1024;
    config.logitCap = 30;
    config.slidingRotary = {.theta = 10000};
    config.fullRotary = {.theta = 1000000, .partialFactor = 0.25};
    for (int i = 0; i < 5; ++i)
        config.layers.push_back({.sliding = i < 4,
                                 .kvHeads = i < 4 ? 2 : 1,
                                 .headDim = i < 4 ? 256 : 512,
                                 .kvDonor = i,
                                 .keyIsValue = i == 4,
                                 .mlpWidth = 512});
    return config;
}

TokenSequence prompt(int length) {
    TokenSequence tokens;
    for (int i = 0; i < length; ++i)
        tokens.append(5 + (i * 37 + i / 11) % 2000);
    return tokens;
}

} // namespace

void RingTest::anyLengthHasTheSameBits() {
    const kernels::DeviceDescription device = kernels::listDevices().front();
    if (device.id == "cpu")
        QSKIP("this computer has no card that Lapidary can use");
    auto checkpoint = Checkpoint::synthetic(smallModel());
    QVERIFY(checkpoint);
    const auto model = LoadedModel::load(
        std::move(*checkpoint), std::move(*kernels::openDevice(device.id)), WeightChoice::AsStored);
    QVERIFY2(model, model ? "" : model.error().sentence.c_str());
    const auto logitsOf = [&](int contextTokens, int length) {
        std::vector<float> logits;
        auto context = Context::open(**model, contextTokens, CacheFormat::BF16);
        const TokenSequence tokens = prompt(length);
        if (!context
            || !context->prefill({.tokens = tokens, .image = {}, .progress = {}, .logits = {}}))
            return logits;
        for (int i = 0; i < 3; ++i) {
            std::vector<float> row(static_cast<std::size_t>(context->logits().elements()));
            (*model)->backend->download(context->logits(), std::as_writable_bytes(std::span(row)));
            if (!(*model)->backend->wait())
                return std::vector<float>{};
            logits.insert(logits.end(), row.begin(), row.end());
            context->extend(7 + i);
        }
        return context->settle() ? logits : std::vector<float>{};
    };
    for (const int length : {300, 1100, 1700}) {
        const std::vector<float> expected = logitsOf(8192, length);
        QVERIFY(!expected.empty());
        for (const int contextTokens : {length + 3, length + 50, 2001, 2999, 3073}) {
            const std::vector<float> logits = logitsOf(contextTokens, length);
            QVERIFY2(logits == expected,
                     qPrintable(QString("%1 of %2 tokens").arg(length).arg(contextTokens)));
        }
    }
}

const Registered<RingTest> registered;

} // namespace lapidary::engine::test

#include "ring_test.moc"
