#include "engine/gemma4/reference_case.h"
#include "engine/generation/watched_backend.h"
#include "generation/context.h"
#include "registry.h"

#include <QTest>

#include <algorithm>
#include <string>

namespace lapidary::engine::test {

/// Steps are queued without waiting. One that fails is found out later, and is then forgotten.
class ContextWaitsTest final : public QObject {
    Q_OBJECT

private slots:
    void init();
    void aTokenIsOneWait();
    void drawForgetsWhatFailed();
    void settleForgetsWhatFailed();
    void prefillForgetsWhatFailed();
    void aChunkThatFailsIsForgotten();
    void aContextGoesOnOnceThereIsMemory();
    void noTokenWaitsForMemory();
    void aFilledContextHasRoomForSteps();

private:
    Expected<bool> prefill(int tokens);
    Expected<bool> prefill(const TokenSequence& prompt);
    std::vector<std::int32_t> goOn();

    ReferenceModel reference_;
    WatchedBackend* backend_ = nullptr;
    TokenSequence prompt_;
    std::optional<Context> context_;
};

namespace {

constexpr int kContext = 256;
const Error kFailure{.kind = ErrorKind::DeviceLost, .sentence = "The card stopped.", .detail = {}};

} // namespace

void ContextWaitsTest::init() {
    reference_ = loadReference("text_only/checkpoint");
    auto watched = std::make_unique<WatchedBackend>(std::move(reference_.model->backend));
    backend_ = watched.get();
    reference_.model->backend = std::move(watched);
    prompt_ = reference_.tokens(readPrompt("text_only/checkpoint", "text"));
    QVERIFY(prompt_.size() > 20);
    context_.emplace(std::move(*Context::open(*reference_.model, kContext, CacheFormat::F32, 16)));
}

/// The first tokens of the prompt.
Expected<bool> ContextWaitsTest::prefill(int tokens) {
    TokenSequence head;
    head.appendFrom(prompt_, 0, tokens);
    return prefill(head);
}

Expected<bool> ContextWaitsTest::prefill(const TokenSequence& prompt) {
    return context_->prefill({.tokens = prompt, .image = {}, .progress = {}, .logits = {}});
}

/// Greedy tokens after what the context holds; empty when one fails.
std::vector<std::int32_t> ContextWaitsTest::goOn() {
    std::vector<std::int32_t> ids;
    for (int i = 0; i < 6; ++i) {
        const auto id = context_->draw({.temperature = 0}, {});
        if (!id)
            return {};
        ids.push_back(*id);
        context_->extend(*id);
    }
    return context_->settle() ? ids : std::vector<std::int32_t>{};
}

void ContextWaitsTest::aTokenIsOneWait() {
    QVERIFY(prefill(prompt_.size()));
    const int before = backend_->waits;
    for (int i = 0; i < 5; ++i) {
        const auto id = context_->draw({}, {});
        QVERIFY(id);
        context_->extend(*id);
        QCOMPARE(backend_->waits - before, i + 1);
    }
    QCOMPARE(context_->cache().tokens().size(), prompt_.size() + 5);
    QVERIFY(context_->settle());
    QCOMPARE(context_->cache().tokens().size(), prompt_.size() + 5);
}

void ContextWaitsTest::drawForgetsWhatFailed() {
    QVERIFY(prefill(prompt_.size()));
    const std::vector<std::int32_t> expected = goOn();
    QVERIFY(!expected.empty());
    QVERIFY(prefill(prompt_.size()));
    context_->extend(9);
    QVERIFY(context_->draw({}, {})); // that one is safe
    context_->extend(10);
    context_->extend(11);
    backend_->next = kFailure;
    const auto id = context_->draw({}, {});
    QVERIFY(!id);
    QCOMPARE(id.error().kind, ErrorKind::DeviceLost);
    QCOMPARE(context_->cache().tokens().size(), prompt_.size() + 1);
    QVERIFY(prefill(prompt_.size()));
    QCOMPARE(goOn(), expected);
}

void ContextWaitsTest::settleForgetsWhatFailed() {
    QVERIFY(prefill(prompt_.size()));
    context_->extend(10);
    backend_->next = kFailure;
    QVERIFY(!context_->settle());
    QCOMPARE(context_->cache().tokens().size(), prompt_.size());
    QVERIFY(context_->settle());
    QCOMPARE(context_->cache().tokens().size(), prompt_.size());
}

void ContextWaitsTest::prefillForgetsWhatFailed() {
    QVERIFY(prefill(prompt_.size()));
    context_->extend(10);
    context_->extend(11);
    backend_->next = kFailure;
    QVERIFY(!prefill(5));
    QCOMPARE(context_->cache().tokens().size(), prompt_.size());
    // Nor does a context that was cleared meanwhile keep what it never had.
    context_->extend(12);
    context_->clear();
    backend_->next = kFailure;
    QVERIFY(!prefill(5));
    QCOMPARE(context_->cache().tokens().size(), 0);
    QVERIFY(prefill(5));
    QCOMPARE(context_->cache().tokens().size(), 5);
}

void ContextWaitsTest::aChunkThatFailsIsForgotten() {
    int chunks = 0;
    const auto secondFails = [&](int) {
        if (++chunks == 1)
            backend_->next = kFailure;
        return true;
    };
    QVERIFY(!context_->prefill(
        {.tokens = prompt_, .image = {}, .progress = secondFails, .logits = {}}));
    QCOMPARE(context_->cache().tokens().size(), 16);
}

void ContextWaitsTest::aContextGoesOnOnceThereIsMemory() {
    constexpr int kRoom = KvCache::kRoomStep;
    TokenSequence text;
    for (int i = 0; i < kRoom + 20; ++i)
        text.append(8 + i % 40);
    TokenSequence head;
    head.appendFrom(text, 0, kRoom);
    const auto open = [&] {
        context_.emplace(std::move(*Context::open(*reference_.model, 600, CacheFormat::F32, 16)));
    };
    open();
    QVERIFY(prefill(text));
    const std::vector<std::int32_t> expected = goOn();
    QVERIFY(!expected.empty());

    std::size_t rowBytes = 0; // of the widest full layer
    for (const LayerCacheGeometry& layer : cacheGeometry(reference_.model->config()).layers)
        if (layer.window == 0)
            rowBytes = std::max(rowBytes, std::size_t(layer.numbersPerPosition()) * 4 / 2);
    QVERIFY(rowBytes > 0);
    backend_->mostGrown = kRoom * rowBytes;
    open();
    QVERIFY(prefill(head));
    QVERIFY(context_->draw({.temperature = 0}, {}));
    const auto isFull = [&](const auto& result) {
        return !result && result.error().kind == ErrorKind::DoesNotFit
               && result.error().sentence.contains(std::to_string(kRoom))
               && context_->cache().tokens().size() == kRoom;
    };
    context_->extend(9);
    context_->extend(10);
    QVERIFY(isFull(context_->draw({}, {})));
    context_->extend(9);
    QVERIFY(isFull(context_->settle()));
    QVERIFY(context_->settle()); // it is told once
    QVERIFY(isFull(prefill(text)));
    QCOMPARE(context_->cache().room(), kRoom);
    QCOMPARE(context_->cache().reusable(text), kRoom);

    backend_->mostGrown = SIZE_MAX;
    QVERIFY(prefill(text));
    QCOMPARE(goOn(), expected);
}

// The cache grows while the device computes, a little with each step.
void ContextWaitsTest::noTokenWaitsForMemory() {
    constexpr int kLong = 2000;
    context_.emplace(std::move(*Context::open(*reference_.model, kLong, CacheFormat::F32, 16)));
    const auto goOnTo = [&](int length) {
        while (context_->cache().tokens().size() < length) {
            context_->extend(8 + context_->cache().tokens().size() % 40);
            if (!context_->draw({.temperature = 0}, {}))
                return false;
        }
        return true;
    };
    const int first = backend_->growths;
    QVERIFY(first > 0); // opened with room for a prompt
    backend_->growthsBetweenSteps = backend_->growthsOfStep = 0;
    QVERIFY(prefill(prompt_.size()));
    QVERIFY(goOnTo(1200));
    QVERIFY(backend_->growths > first);
    QCOMPARE(backend_->growthsBetweenSteps, 0);
    QCOMPARE(backend_->growthsOfStep, 1);
    QVERIFY(context_->cache().room() >= 1200 + KvCache::kRoomAhead);

    // What is refused ahead is no failure, and is not tried anew with every step.
    backend_->mostGrown = context_->cache().bytes() / 1000; // less than any layer has
    const int before = context_->cache().room();
    QVERIFY(goOnTo(before));
    QCOMPARE(context_->cache().room(), before);
    context_->extend(9);
    QVERIFY(!context_->draw({.temperature = 0}, {}));
    QCOMPARE(context_->cache().tokens().size(), before);
    backend_->mostGrown = SIZE_MAX;
    backend_->growthsBetweenSteps = 0;
    QVERIFY(goOnTo(before + 1));
    QVERIFY(backend_->growthsBetweenSteps > 0);
    backend_->growthsBetweenSteps = 0;
    QVERIFY(goOnTo(kLong - 1));
    QCOMPARE(backend_->growthsBetweenSteps, 0);
}

// Also for those that are measured without a context: they begin where the filled positions end.
void ContextWaitsTest::aFilledContextHasRoomForSteps() {
    constexpr int kLong = 2000;
    for (const int positions : {1, 256, 1024, 1900, kLong}) {
        context_.emplace(std::move(*Context::open(*reference_.model, kLong, CacheFormat::F32, 16)));
        QVERIFY(context_->fill(positions));
        const int room = context_->cache().room();
        QVERIFY(room >= std::min(positions + KvCache::kRoomAhead, kLong));
        QVERIFY(room <= positions + KvCache::kRoomAhead + 2 * KvCache::kRoomStep);
    }
}

const Registered<ContextWaitsTest> registered;

} // namespace lapidary::engine::test

#include "context_waits_test.moc"
