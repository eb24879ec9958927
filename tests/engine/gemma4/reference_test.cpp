#include "engine/gemma4/reference_case.h"
#include "generation/context.h"
#include "registry.h"

#include <QTest>

#include <algorithm>
#include <cstring>

namespace lapidary::engine::test {

/// Every variant of the family against what transformers computes (tests/reference/README.md).
class ReferenceTest final : public QObject {
    Q_OBJECT

private slots:
    void logitsOfEveryPositionAgree_data() { addPromptRows(); }
    void logitsOfEveryPositionAgree();
    void greedyContinuationsAreEqual_data() { addPromptRows(); }
    void greedyContinuationsAreEqual();
    void imageFeaturesAgree_data() { addPromptRows(); }
    void imageFeaturesAgree();
};

namespace {

constexpr int kContext = 1024;

auto imagesOf(const std::vector<SoftTokens>& soft) {
    return [&soft](std::size_t i) -> Expected<const SoftTokens*> { return &soft[i]; };
}

} // namespace

void ReferenceTest::logitsOfEveryPositionAgree() {
    QFETCH(std::string, checkpoint);
    QFETCH(std::string, prompt);
    const ReferenceModel reference = loadReference(checkpoint);
    const ReferencePrompt expected = readPrompt(checkpoint, prompt);
    const std::vector<SoftTokens> soft = reference.softTokens(expected);
    const TokenSequence tokens = reference.tokens(expected);

    std::vector<float> logits;
    auto context = Context::open(*reference.model, kContext, CacheFormat::F32);
    QVERIFY(context);
    QVERIFY(context->prefill({
        .tokens = tokens,
        .image = imagesOf(soft),
        .progress = {},
        .logits =
            [&](const kernels::Tensor& rows, int begin) {
                QCOMPARE(std::size_t(begin) * std::size_t(rows.rowSize()), logits.size());
                logits.resize(logits.size() + std::size_t(rows.elements()));
                reference.model->backend->download(
                    rows,
                    std::as_writable_bytes(std::span(logits).last(std::size_t(rows.elements()))));
            },
    }));
    const auto vocabulary = std::size_t(reference.model->config().vocabulary);
    std::vector<double> errors = relativeErrors(logits, expected.logits, vocabulary);
    std::ranges::sort(errors);
    qInfo("largest relative error %.2e, median %.2e", errors.back(), errors[errors.size() / 2]);
    // Where inputs are quantised, the last bit of a float can move a number to the next code, one
    // part in sixteen of it; that happens to few positions, and the others agree as ever.
    const bool quantisesInputs = checkpoint.starts_with("fp8_torchao");
    QVERIFY(errors[errors.size() / 2] < 2e-4);
    QVERIFY(errors.back() < (quantisesInputs ? 0.1 : 2e-4));
}

void ReferenceTest::greedyContinuationsAreEqual() {
    QFETCH(std::string, checkpoint);
    QFETCH(std::string, prompt);
    const ReferenceModel reference = loadReference(checkpoint);
    const ReferencePrompt expected = readPrompt(checkpoint, prompt);
    const std::vector<SoftTokens> soft = reference.softTokens(expected);
    const TokenSequence tokens = reference.tokens(expected);

    auto context = Context::open(*reference.model, kContext, CacheFormat::F32);
    QVERIFY(context);
    QVERIFY(context->prefill(
        {.tokens = tokens, .image = imagesOf(soft), .progress = {}, .logits = {}}));
    std::vector<std::int32_t> greedy;
    while (greedy.size() < expected.greedy.size()) {
        const auto id = context->draw({.temperature = 0}, {});
        QVERIFY(id);
        greedy.push_back(*id);
        context->extend(*id);
    }
    QCOMPARE(greedy, expected.greedy);
}

void ReferenceTest::imageFeaturesAgree() {
    QFETCH(std::string, checkpoint);
    QFETCH(std::string, prompt);
    const ReferenceModel reference = loadReference(checkpoint);
    const ReferencePrompt expected = readPrompt(checkpoint, prompt);
    if (expected.images.empty())
        QSKIP("a prompt without images");

    std::vector<float> features;
    for (const SoftTokens& soft : reference.softTokens(expected)) {
        const std::size_t begin = features.size();
        features.resize(begin + soft.values.size() / sizeof(float));
        std::memcpy(&features[begin], soft.values.data(), soft.values.size());
    }
    const auto hidden = std::size_t(reference.model->config().hidden);
    const double error = largestRelativeError(features, expected.imageFeatures, hidden);
    qInfo("largest relative error %.2e", error);
    QVERIFY(error < 1e-4);
}

const Registered<ReferenceTest> registered;

} // namespace lapidary::engine::test

#include "reference_test.moc"
