#include "engine/gemma4/reference_case.h"
#include "generation/context.h"
#include "registry.h"

#include <QTest>

#include <cstring>
#include <random>

namespace lapidary::engine::test {

/// The same tokens give the same bits, however they came to be computed: at once or in chunks,
/// fresh or after others, token by token, across the end of a ring, after a cancel.
class ContextTest final : public QObject {
    Q_OBJECT

private slots:
    void everyChunkSizeGivesTheSameBits_data() { addImageRows(); }
    void everyChunkSizeGivesTheSameBits();
    void tokenByTokenGivesTheSameBits_data() { addRows(); }
    void tokenByTokenGivesTheSameBits();
    void editedPromptsGiveTheSameBits_data() { addRows(); }
    void editedPromptsGiveTheSameBits();
    void cancelledPrefillGoesOnWithTheSameBits_data() { addRows(); }
    void cancelledPrefillGoesOnWithTheSameBits();
    void longContextsWrapWithTheSameBits_data() { addLongRows(); }
    void longContextsWrapWithTheSameBits();
    void rewindsBeyondTheRingStartAgain();
    void anotherImageIsNeverReused();
    void reuseNeverBeginsInsideAnImage();

private:
    static void addRows();
    static void addImageRows();
    static void addLongRows();
};

namespace {

constexpr int kContext = 1024;
constexpr int kAfter = 3; // tokens that are computed one by one after each prompt

using Logits = std::vector<float>; // [positions, vocabulary]

/// A prompt on a model, with its images' soft tokens.
struct Case {
    ReferenceModel reference;
    std::vector<SoftTokens> soft;
    TokenSequence tokens;

    Case(const std::string& checkpoint, const std::string& prompt)
        : reference(loadReference(checkpoint)) {
        const ReferencePrompt read = readPrompt(checkpoint, prompt);
        soft = reference.softTokens(read);
        tokens = reference.tokens(read);
    }

    [[nodiscard]] LoadedModel& model() const { return *reference.model; }
    [[nodiscard]] int vocabulary() const { return model().config().vocabulary; }

    [[nodiscard]] Context open(int chunk = kPrefillChunk, int contextTokens = kContext) const {
        auto context = Context::open(model(), contextTokens, CacheFormat::F32, chunk);
        if (!context)
            qFatal("%s", context.error().sentence.c_str());
        return std::move(*context);
    }

    void append(const kernels::Tensor& rows, Logits& to) const {
        to.resize(to.size() + std::size_t(rows.elements()));
        model().backend->download(
            rows, std::as_writable_bytes(std::span(to).last(std::size_t(rows.elements()))));
    }

    void prefill(Context& context, const TokenSequence& prompt) const {
        const auto done =
            context.prefill({.tokens = prompt, .image = image(), .progress = {}, .logits = {}});
        QVERIFY(done && *done);
    }

    [[nodiscard]] std::function<Expected<const SoftTokens*>(std::size_t)> image() const {
        return [this](std::size_t i) -> Expected<const SoftTokens*> { return &soft.at(i); };
    }

    /// The logits of the newest position, and of some tokens after it.
    [[nodiscard]] Logits goOn(Context& context) const {
        Logits logits;
        append(context.logits(), logits);
        for (int i = 0; i < kAfter; ++i) {
            context.extend(10 + i);
            append(context.logits(), logits);
        }
        return logits;
    }

    /// The same, fresh and in the usual chunks.
    [[nodiscard]] Logits fresh(const TokenSequence& prompt, int contextTokens = kContext) const {
        Context context = open(kPrefillChunk, contextTokens);
        prefill(context, prompt);
        return goOn(context);
    }

    /// Of all positions of the prompt.
    [[nodiscard]] Logits everyPosition(int chunk) const {
        Context context = open(chunk);
        Logits logits;
        const auto take = [&](const kernels::Tensor& rows, int) { append(rows, logits); };
        if (!context.prefill({.tokens = tokens, .image = image(), .progress = {}, .logits = take}))
            qFatal("prefill failed");
        return logits;
    }

    /// Random text.
    [[nodiscard]] TokenSequence text(int length, unsigned seed) const {
        std::mt19937 random(seed);
        TokenSequence result;
        for (int i = 0; i < length; ++i)
            result.append(std::int32_t(8 + random() % unsigned(vocabulary() - 32)));
        return result;
    }
};

bool sameBits(const Logits& a, const Logits& b) {
    return a.size() == b.size() && !a.empty()
           && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/// `tokens` with the token at `position` changed.
TokenSequence edited(const TokenSequence& tokens, int position) {
    TokenSequence result;
    result.appendFrom(tokens, 0, position);
    result.append(tokens.ids()[std::size_t(position)] == 9 ? 11 : 9);
    result.appendFrom(tokens, position + 1, tokens.size());
    return result;
}

} // namespace

void ContextTest::addRows() {
    QTest::addColumn<std::string>("checkpoint");
    QTest::addColumn<std::string>("prompt");
    for (const char* variant : {"unified", "e_series", "experts", "dense", "text_only"})
        for (const std::string& prompt : promptNames(std::string(variant) + "/checkpoint"))
            QTest::addRow("%s, %s", variant, prompt.c_str())
                << std::string(variant) + "/checkpoint" << prompt;
}

void ContextTest::addImageRows() {
    QTest::addColumn<std::string>("checkpoint");
    QTest::addColumn<std::string>("prompt");
    for (const auto& [variant, prompt] : {std::pair{"unified", "image"},
                                          {"e_series", "image"},
                                          {"experts", "two_images"},
                                          {"dense", "text"},
                                          {"text_only_f32", "text"}})
        QTest::addRow("%s, %s", variant, prompt)
            << std::string(variant) + "/checkpoint" << std::string(prompt);
}

void ContextTest::addLongRows() {
    QTest::addColumn<std::string>("checkpoint");
    for (const char* variant : {"unified", "e_series", "experts", "text_only"})
        QTest::addRow("%s", variant) << std::string(variant) + "/checkpoint";
}

void ContextTest::everyChunkSizeGivesTheSameBits() {
    QFETCH(std::string, checkpoint);
    QFETCH(std::string, prompt);
    const Case c(checkpoint, prompt);
    const Logits expected = c.everyPosition(kPrefillChunk);
    for (int chunk = 1; chunk <= c.tokens.size(); ++chunk)
        if (!sameBits(c.everyPosition(chunk), expected))
            QFAIL(qPrintable(QString("chunks of %1 differ").arg(chunk)));
}

void ContextTest::tokenByTokenGivesTheSameBits() {
    QFETCH(std::string, checkpoint);
    QFETCH(std::string, prompt);
    const Case c(checkpoint, prompt);
    const Logits expected = c.everyPosition(kPrefillChunk);
    // From behind the last image on, or from the first position.
    const int begin = c.tokens.images().empty() ? 1 : c.tokens.images().back().end + 1;
    Context context = c.open();
    TokenSequence head;
    head.appendFrom(c.tokens, 0, begin);
    c.prefill(context, head);
    Logits logits;
    c.append(context.logits(), logits);
    for (int position = begin; position < c.tokens.size(); ++position) {
        context.extend(c.tokens.ids()[std::size_t(position)]);
        c.append(context.logits(), logits);
    }
    const auto vocabulary = std::size_t(c.vocabulary());
    QVERIFY(
        sameBits(logits, Logits(expected.end() - std::ptrdiff_t(logits.size()), expected.end())));
    QCOMPARE(logits.size() / vocabulary, std::size_t(c.tokens.size() - begin + 1));
}

void ContextTest::editedPromptsGiveTheSameBits() {
    QFETCH(std::string, checkpoint);
    QFETCH(std::string, prompt);
    const Case c(checkpoint, prompt);
    Context context = c.open(64);
    c.prefill(context, c.tokens);
    std::mt19937 random(7);
    for (int round = 0; round < 12; ++round) {
        // The prompt, an edit of it, a shorter one: in any order, after tokens of other answers.
        TokenSequence next;
        int position = int(random() % unsigned(c.tokens.size()));
        if (c.tokens.outsideImage(position) != position
            || c.tokens.ids()[std::size_t(position)] == c.model().config().tokens.image)
            position = 0;
        if (round % 3 == 0)
            next.appendFrom(c.tokens, 0, c.tokens.size());
        else if (round % 3 == 1)
            next = edited(c.tokens, position);
        else
            next.appendFrom(c.tokens, 0, position + 1);
        const int reusable = context.cache().reusable(next);
        QCOMPARE(reusable, next.outsideImage(reusable));
        c.prefill(context, next);
        QCOMPARE(context.cache().tokens().size(), next.size());
        const Logits logits = c.goOn(context);
        QVERIFY2(sameBits(logits, c.fresh(next)), qPrintable(QString::number(round)));
    }
}

void ContextTest::cancelledPrefillGoesOnWithTheSameBits() {
    QFETCH(std::string, checkpoint);
    QFETCH(std::string, prompt);
    const Case c(checkpoint, prompt);
    const Logits expected = c.fresh(c.tokens);
    for (const int chunk : {7, 32})
        for (int chunks = 1; chunks < 9; ++chunks) {
            Context context = c.open(chunk);
            int left = chunks;
            int done = 0;
            const auto stop = [&](int position) {
                done = position;
                return --left > 0;
            };
            const auto finished = context.prefill(
                {.tokens = c.tokens, .image = c.image(), .progress = stop, .logits = {}});
            QVERIFY(finished);
            if (*finished)
                break;
            QCOMPARE(context.cache().tokens().size(), done);
            const int reusable = context.cache().reusable(c.tokens);
            QVERIFY(reusable > 0 && c.tokens.outsideImage(done) <= reusable + 1);
            c.prefill(context, c.tokens);
            QVERIFY(sameBits(c.goOn(context), expected));
        }
}

void ContextTest::longContextsWrapWithTheSameBits() {
    QFETCH(std::string, checkpoint);
    const Case c(checkpoint, "text");
    constexpr int kLong = 3000; // the rings hold 2048 and a window of 16 to 32
    const TokenSequence tokens = c.text(kLong - kAfter - 1, 1);
    const LoadedModel& model = c.model();
    const int window = model.config().slidingWindow;
    QVERIFY(window + kRingReserve < kLong - 500);

    // Without rings: the cache of every layer keeps all positions, and only the mask has a window.
    CacheGeometry whole = cacheGeometry(model.config());
    for (LayerCacheGeometry& layer : whole.layers)
        layer.window = 0;
    auto cache = KvCache::allocate(*model.backend, whole, kLong, CacheFormat::F32);
    QVERIFY(cache && cache->makeRoom(kLong));
    Logits expected;
    const auto compute = [&](int begin, int end, std::span<const std::int32_t> ids) {
        const kernels::Tensor residual = model.decoder.run(
            *model.backend, {.ids = ids, .firstPosition = begin, .soft = {}, .runs = {}}, *cache,
            model.activations, 1);
        if (end >= tokens.size())
            c.append(model.decoder.logits(*model.backend, residual, model.activations), expected);
    };
    for (int begin = 0; begin < tokens.size(); begin += 500)
        compute(begin, std::min(begin + 500, tokens.size()),
                tokens.ids().subspan(std::size_t(begin),
                                     std::size_t(std::min(500, tokens.size() - begin))));
    for (int i = 0; i < kAfter; ++i) {
        const std::int32_t id[] = {10 + i};
        compute(tokens.size() + i, tokens.size() + i + 1, id);
    }

    for (const int chunk : {512, 333}) {
        Context context = c.open(chunk, kLong);
        c.prefill(context, tokens);
        QVERIFY(sameBits(c.goOn(context), expected));

        // An edit that the rings still reach: only what follows it is computed again.
        const int near = tokens.size() - 700;
        const TokenSequence nearEdit = edited(tokens, near);
        QCOMPARE(context.cache().reusable(nearEdit), near);
        c.prefill(context, nearEdit);
        const Logits logits = c.goOn(context);
        QVERIFY(sameBits(logits, c.fresh(nearEdit, kLong)));
    }
}

void ContextTest::rewindsBeyondTheRingStartAgain() {
    const Case c("unified/checkpoint", "text");
    constexpr int kLong = 2600;
    const TokenSequence tokens = c.text(kLong - kAfter, 2);
    Context context = c.open(kPrefillChunk, kLong);
    c.prefill(context, tokens);
    const int window = c.model().config().slidingWindow;
    const CacheGeometry geometry = cacheGeometry(c.model().config());
    QVERIFY(geometry.layers.front().window == window);
    const auto ring = static_cast<int>(geometry.layers.front().capacity(kLong));
    QVERIFY(ring < tokens.size() - 100);
    const int first = tokens.size() - ring; // the oldest position in the rings

    // The position after the common prefix looks back window − 1 positions.
    QCOMPARE(context.cache().reusable(edited(tokens, first + window - 1)), first + window - 1);
    QCOMPARE(context.cache().reusable(edited(tokens, first + window - 2)), 0);

    const TokenSequence far = edited(tokens, 100);
    QCOMPARE(context.cache().reusable(far), 0);
    c.prefill(context, far);
    const Logits logits = c.goOn(context);
    QVERIFY(sameBits(logits, c.fresh(far, kLong)));

    // What the rings lost by moving on stays lost when the sequence became shorter since.
    c.prefill(context, tokens);
    TokenSequence shorter;
    shorter.appendFrom(tokens, 0, first + window + 50);
    c.prefill(context, shorter);
    QCOMPARE(context.cache().reusable(edited(shorter, first + window - 2)), 0);
}

void ContextTest::anotherImageIsNeverReused() {
    const Case c("experts/checkpoint", "image");
    Context context = c.open();
    c.prefill(context, c.tokens);
    const ImageSpan image = c.tokens.images().front();
    TokenSequence other;
    other.appendFrom(c.tokens, 0, image.begin);
    other.appendImage(c.model().config().tokens.image, image.end - image.begin, 99);
    other.appendFrom(c.tokens, image.end, c.tokens.size());
    QCOMPARE(context.cache().reusable(other), image.begin);
    QCOMPARE(context.cache().reusable(c.tokens), c.tokens.size() - 1);
}

void ContextTest::reuseNeverBeginsInsideAnImage() {
    const Case c("e_series/checkpoint", "image");
    const ImageSpan image = c.tokens.images().front();
    Context context = c.open(16);
    // E-series prefill may be cut inside an image; what was cut is computed again.
    const auto stop = [&](int position) { return position <= image.begin; };
    const auto finished =
        context.prefill({.tokens = c.tokens, .image = c.image(), .progress = stop, .logits = {}});
    QVERIFY(finished && !*finished);
    QVERIFY(context.cache().tokens().size() > image.begin);
    QVERIFY(context.cache().tokens().size() < image.end);
    QCOMPARE(context.cache().reusable(c.tokens), image.begin);
}

const Registered<ContextTest> registered;

} // namespace lapidary::engine::test

#include "context_test.moc"
