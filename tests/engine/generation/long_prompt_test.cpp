#include "generation/context.h"
#include "registry.h"

#include <QElapsedTimer>
#include <QTest>

#include <atomic>
#include <stop_token>
#include <thread>

namespace lapidary::engine::test {

/// A stop while a prompt of 128 k tokens is read (experience.md 8, line 11). The demo model on the
/// processor; what lies before the last chunks is taken as read, because reading it takes minutes.
class LongPromptTest final : public QObject {
    Q_OBJECT

private slots:
    void aStopIsHeardWithinAChunk_data();
    void aStopIsHeardWithinAChunk();
};

namespace {

constexpr int kContext = 131'072;
constexpr int kChunk = 64; // of a session on the processor

} // namespace

void LongPromptTest::aStopIsHeardWithinAChunk_data() {
    QTest::addColumn<int>("read");
    QTest::newRow("at the beginning") << 0;
    QTest::newRow("at the end") << kContext - 16 * kChunk;
}

void LongPromptTest::aStopIsHeardWithinAChunk() {
    QFETCH(int, read);
    auto checkpoint = Checkpoint::open(LAPIDARY_RESOURCES "/demo-model");
    auto backend = kernels::openDevice("cpu");
    QVERIFY(checkpoint && backend);
    const auto model =
        LoadedModel::load(std::move(*checkpoint), std::move(*backend), WeightChoice::AsStored);
    QVERIFY(model);
    auto context = Context::open(**model, kContext, CacheFormat::BF16, kChunk);
    QVERIFY(context);
    QVERIFY(context->fill(read));
    TokenSequence prompt = context->cache().tokens();
    for (int i = 0; i < 16 * kChunk; ++i)
        prompt.append(1000 + i);

    std::stop_source stop;
    std::atomic<int> done = read;
    std::atomic<bool> begun = false;
    int doneAtStop = 0;
    QElapsedTimer sinceStop;
    std::jthread canceller([&] {
        begun.wait(false);
        doneAtStop = done;
        sinceStop.start();
        stop.request_stop();
    });
    QElapsedTimer reading;
    reading.start();
    double slowest = 0;
    const auto progress = [&](int position) {
        slowest = std::max(slowest, static_cast<double>(reading.nsecsElapsed()) / 1e6);
        reading.start();
        done = position;
        // At the begin of a chunk, from where it takes longest.
        if (position >= read + kChunk && !begun.exchange(true))
            begun.notify_one();
        return !stop.stop_requested();
    };
    const auto finished =
        context->prefill({.tokens = prompt, .image = {}, .progress = progress, .logits = {}});
    canceller.join();
    const qint64 silent = sinceStop.elapsed();
    QVERIFY(finished && !*finished);
    qInfo("silent after %lld ms; a chunk took up to %.0f ms", silent, slowest);
    QVERIFY(done <= doneAtStop + kChunk);

    // The next question goes on where the stop was.
    QCOMPARE(context->cache().tokens().size(), done);
    QCOMPARE(context->cache().reusable(prompt), done);
    int first = 0;
    const auto again = [&](int position) {
        first = position;
        return false;
    };
    const int before = done;
    QVERIFY(context->prefill({.tokens = prompt, .image = {}, .progress = again, .logits = {}}));
    QCOMPARE(first, before + kChunk);
}

const Registered<LongPromptTest> registered;

} // namespace lapidary::engine::test

#include "long_prompt_test.moc"
