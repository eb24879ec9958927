#include "attention_cases.h"
#include "card_test.h"
#include "registry.h"

#include <QTest>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

using namespace lapidary::kernels;
using namespace lapidary::kernels::test;

/// One to sixteen rows from their raw projections to the attended heads, at the shapes of every
/// model: against the processor, and bit against bit whatever stands beside a row.
class CudaAttentionDecodeTest final : public CardTest {
    Q_OBJECT

    struct Shape {
        const char* name;
        int heads, kvHeads, headDim, window, capacity;
        bool keyIsValue, ownsCache;
    };
    static constexpr Shape kShapes[] = {{"12B sliding", 16, 8, 256, 1024, 1400, false, true},
                                        {"12B full", 16, 1, 512, 0, 2100, true, true},
                                        {"31B sliding", 32, 16, 256, 1024, 1100, false, true},
                                        {"31B full", 32, 4, 512, 0, 2100, true, true},
                                        {"26B full", 16, 2, 512, 0, 2100, true, true},
                                        {"E4B sliding", 8, 2, 256, 512, 700, false, true},
                                        {"E4B full", 8, 2, 512, 0, 2100, false, true},
                                        {"E2B sliding", 8, 1, 256, 512, 531, false, true},
                                        {"E2B full", 8, 1, 512, 0, 2100, false, true},
                                        {"borrowed cache", 8, 1, 512, 0, 2100, false, false},
                                        {"small window", 4, 2, 64, 40, 100, false, true},
                                        {"odd", 6, 2, 24, 33, 130, false, true},
                                        {"not a power", 3, 1, 72, 0, 2100, false, true},
                                        {"130 K/V heads", 130, 130, 64, 0, 2100, false, true},
                                        {"200 K/V heads", 400, 200, 32, 0, 2100, false, true}};

    /// A layer's numbers for 16 rows from `first`, with a cache of what is before them and NaN
    /// everywhere else.
    struct Layer {
        Shape s;
        int first;
        Twin k, v;             // cache
        Twin rawQ, rawK, rawV; // 16 rows
        Table qNorm, kNorm, frequencies;
    };

private slots:
    void agrees_data() {
        shapesAndPlaces(kShapes, {{1, 0},
                                  {16, 0},
                                  {2, 1},
                                  {3, 31},
                                  {1, 126},
                                  {4, 127},
                                  {1, 128},
                                  {7, 254},
                                  {1, 256},
                                  {1, 1022},
                                  {5, 1023},
                                  {16, 1024},
                                  {8, 1400},
                                  {16, 2040}});
    }
    void agrees() {
        QFETCH(int, shape);
        QFETCH(int, first);
        QFETCH(int, rows);
        compare(kShapes[shape], first, rows);
    }

    /// Runs of keys grow at 2 k, 16 k and 64 k.
    void agreesWhereRunsGrow_data() {
        QTest::addColumn<int>("first");
        QTest::addColumn<int>("rows");
        for (const auto& [first, rows] : {std::pair(16383, 1), {16384, 2}, {16380, 8}, {65534, 4}})
            QTest::addRow("%d rows at %d", rows, first) << first << rows;
    }
    void agreesWhereRunsGrow() {
        QFETCH(int, first);
        QFETCH(int, rows);
        compare({"long", 2, 1, 512, 0, first + 40, false, true}, first, rows);
    }

    void aRowIsTheSameBesideOthers_data() {
        QTest::addColumn<int>("shape");
        for (int shape = 0; shape < static_cast<int>(std::size(kShapes)); ++shape)
            QTest::addRow("%s", kShapes[shape].name) << shape;
    }
    void aRowIsTheSameBesideOthers() {
        QFETCH(int, shape);
        const Shape& s = kShapes[shape];
        for (const int first : {1, 56, 250, 1010, 2041}) {
            const auto width = static_cast<std::size_t>(s.heads * s.headDim);
            std::vector<float> alone;
            const Layer steps = layer(s, first);
            for (int r = 0; r < 16; ++r) {
                const Result one = attend(steps, r, 1);
                alone.insert(alone.end(), one.out.begin(), one.out.end());
            }
            // Single steps have filled the cache, so that rows before `begin` are in it.
            for (const int rows : {2, 3, 7, 8, 9, 15, 16})
                for (const int begin : {0, 16 - rows}) {
                    const Result got = attend(steps, begin, rows);
                    QVERIFY2(std::memcmp(got.out.data(), alone.data() + begin * width,
                                         got.out.size() * sizeof(float))
                                 == 0,
                             qPrintable(QString::asprintf("%s: %d rows from %d at %d", s.name, rows,
                                                          begin, first)));
                }
            const Layer batch = layer(s, first);
            attend(batch, 0, 16);
            QVERIFY(same(batch.k.fromCard(*pair_.card), steps.k.fromCard(*pair_.card)));
            QVERIFY(same(batch.v.fromCard(*pair_.card), steps.v.fromCard(*pair_.card)));
        }
    }

    void twentyTimesTheSame() {
        for (const Shape& s : kShapes) {
            const Layer numbers = layer(s, 1500);
            const Result once = attend(numbers, 0, 8);
            for (int i = 0; i < 20; ++i) {
                const Result again = attend(numbers, 0, 8);
                QVERIFY2(same(again.out, once.out), s.name);
                QVERIFY2(same(again.largest, once.largest), s.name);
            }
        }
    }

    /// A recorded step takes its position from the card.
    void aRepeatedStepIsTheSame() {
        for (const Shape& s : kShapes) {
            const Layer direct = layer(s, 500);
            const Layer repeated = layer(s, 500);
            Twin out = Twin::unwritten(pair_, {1, s.heads, s.headDim});
            Twin q = Twin::unwritten(pair_, {1, s.heads, s.headDim});
            Twin k = Twin::unwritten(pair_, {1, s.kvHeads, s.headDim});
            Twin v = Twin::unwritten(pair_, {1, s.kvHeads, s.headDim});
            std::unique_ptr<Backend::Recording> recording;
            for (int r = 0; r < 16; ++r) {
                const Result expected = attend(direct, r, 1);
                copyRow(repeated.rawQ, r, q);
                copyRow(repeated.rawK, r, k);
                copyRow(repeated.rawV, r, v);
                pair_.card->repeat(recording, 500 + r, [&] {
                    pair_.card->rotateAndAttend(rotation(repeated, 500 + r, q.card, k.card, v.card,
                                                         {repeated.k.card, repeated.v.card}, false),
                                                question(repeated, 500 + r, q.card,
                                                         {repeated.k.card, repeated.v.card},
                                                         out.card, {}));
                });
                QVERIFY2(same(out.fromCard(*pair_.card), expected.out),
                         qPrintable(QString::asprintf("%s: row %d", s.name, r)));
            }
        }
    }

private:
    struct Result {
        std::vector<float> out;
        std::vector<std::int32_t> largest; // bits
    };

    static bool same(const std::vector<float>& a, const std::vector<float>& b) {
        return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * 4) == 0;
    }
    static bool same(const std::vector<std::int32_t>& a, const std::vector<std::int32_t>& b) {
        return a == b;
    }

    static std::vector<std::uint16_t> bitsOf(std::span<const float> numbers) {
        std::vector<std::uint16_t> bits(numbers.size());
        std::ranges::transform(numbers, bits.begin(), [](float number) {
            return static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(number) >> 16U);
        });
        return bits;
    }

    /// Rows of numbers that bf16 holds into both sides.
    void write(const Tensor& cpu, const Tensor& card, std::span<const float> numbers) {
        std::memcpy(cpu.data, numbers.data(), numbers.size_bytes());
        const std::vector<std::uint16_t> bits = bitsOf(numbers);
        pair_.card->upload(std::as_bytes(std::span(bits)), card);
        QVERIFY(pair_.card->wait().has_value());
    }
    void copyRow(const Twin& from, int row, const Twin& to) {
        const auto size = static_cast<std::size_t>(to.cpu.elements());
        const auto* numbers = static_cast<const float*>(from.cpu.slice(row, 1).data);
        write(to.cpu, to.card, {numbers, size});
    }

    Layer layer(const Shape& s, int first) {
        std::mt19937 random(29);
        std::vector<float> frequencies(static_cast<std::size_t>(s.headDim) / 2);
        for (std::size_t i = 0; i < frequencies.size(); ++i)
            frequencies[i] = i % 3 == 2
                                 ? 0
                                 : std::pow(10000.0F, -static_cast<float>(i)
                                                          / static_cast<float>(frequencies.size()));
        Layer layer{s,
                    first,
                    Twin::unwritten(pair_, {s.capacity, s.kvHeads, s.headDim}),
                    Twin::unwritten(pair_, {s.capacity, s.kvHeads, s.headDim}),
                    Twin::random(pair_, random, {16, s.heads, s.headDim}),
                    Twin::random(pair_, random, {16, s.kvHeads, s.headDim}),
                    Twin::random(pair_, random, {16, s.kvHeads, s.headDim}),
                    Table(pair_, randomNumbers(random, s.headDim, 0.2F, 1), {s.headDim}),
                    Table(pair_, randomNumbers(random, s.headDim, 0.02F, 0.3F), {s.headDim}),
                    Table(pair_, frequencies, {s.headDim / 2})};
        if (s.keyIsValue)
            layer.rawV = layer.rawK;
        // A layer that borrows its cache finds the rows in it.
        const int filled = s.ownsCache ? first : first + 16;
        const int kept = std::min(filled, s.capacity);
        if (kept == 0)
            return layer;
        const Twin keys = Twin::random(pair_, random, {kept, s.kvHeads, s.headDim}, 0.3F);
        const Twin values = Twin::random(pair_, random, {kept, s.kvHeads, s.headDim});
        // Positions filled − kept … filled − 1, which a ring holds in two stretches.
        for (int at = 0; at < kept;) {
            const int slot = (filled - kept + at) % s.capacity;
            const int count = std::min(kept - at, s.capacity - slot);
            const auto part = [&](const Twin& twin) {
                return std::span(static_cast<const float*>(twin.cpu.slice(at, count).data),
                                 static_cast<std::size_t>(count * s.kvHeads * s.headDim));
            };
            write(layer.k.cpu.slice(slot, count), layer.k.card.slice(slot, count), part(keys));
            write(layer.v.cpu.slice(slot, count), layer.v.card.slice(slot, count), part(values));
            at += count;
        }
        return layer;
    }

    static RotateAndStore rotation(const Layer& l, int first, const Tensor& q, const Tensor& k,
                                   const Tensor& v, const KvView& cache, bool onCpu) {
        RotateAndStore op{.q = q,
                          .k = {},
                          .v = {},
                          .qNorm = onCpu ? l.qNorm.cpu : l.qNorm.card,
                          .kNorm = onCpu ? l.kNorm.cpu : l.kNorm.card,
                          .frequencies = onCpu ? l.frequencies.cpu : l.frequencies.card,
                          .firstPosition = first,
                          .cache = cache};
        if (l.s.ownsCache) {
            op.k = k;
            op.v = v;
        }
        return op;
    }
    static Attention question(const Layer& l, int first, const Tensor& q, const KvView& cache,
                              const Tensor& out, const Tensor& largest) {
        return {.q = q,
                .cache = cache,
                .firstPosition = first,
                .window = l.s.window,
                .runs = {},
                .out = out,
                .largest = largest};
    }

    /// Rows [begin, begin + rows) on the card; q is copied first, because the operation uses it up.
    Result attend(const Layer& l, int begin, int rows) {
        Twin q = Twin::unwritten(pair_, {rows, l.s.heads, l.s.headDim});
        const auto* numbers = static_cast<const float*>(l.rawQ.cpu.slice(begin, rows).data);
        write(q.cpu, q.card, {numbers, static_cast<std::size_t>(q.cpu.elements())});
        Twin out = Twin::unwritten(pair_, {rows, l.s.heads, l.s.headDim});
        const Table largest(pair_,
                            std::vector<float>(static_cast<std::size_t>(rows * l.s.heads), NAN),
                            {rows, l.s.heads});
        const KvView cache{l.k.card, l.v.card};
        pair_.card->rotateAndAttend(
            rotation(l, l.first + begin, q.card, l.rawK.card.slice(begin, rows),
                     l.rawV.card.slice(begin, rows), cache, false),
            question(l, l.first + begin, q.card, cache, out.card, largest.card));
        return {out.fromCard(*pair_.card), largest.integersFromCard(*pair_.card)};
    }

    void compare(const Shape& s, int first, int rows) {
        if (s.window == 0 && first + 16 > s.capacity)
            QSKIP("beyond this cache");
        const Layer l = layer(s, first);
        const Result card = attend(l, 0, rows);
        Twin out = Twin::unwritten(pair_, {rows, s.heads, s.headDim});
        const KvView cache{l.k.cpu, l.v.cpu};
        const Tensor q = l.rawQ.cpu.slice(0, rows);
        pair_.cpu->rotateAndAttend(rotation(l, first, q, l.rawK.cpu.slice(0, rows),
                                            l.rawV.cpu.slice(0, rows), cache, true),
                                   question(l, first, q, cache, out.cpu, {}));
        // Scores are sums of up to 512 products of bf16 numbers, scaled by one: they are off by
        // some hundredths, and so are their exponentials.
        QCOMPARE(difference(card.out, out.fromCpu(), s.headDim, 0.06), QString());
        for (std::size_t head = 0; head < card.largest.size(); ++head) {
            float largest = 0;
            for (int i = 0; i < s.headDim; ++i)
                largest =
                    std::max(largest, std::abs(card.out[head * static_cast<std::size_t>(s.headDim)
                                                        + static_cast<std::size_t>(i)]));
            QCOMPARE(std::bit_cast<float>(card.largest[head]), largest);
        }
        if (!s.ownsCache)
            return;
        // The new rows are in the cache, and nothing else has changed.
        const std::vector<float> keys = l.k.fromCard(*pair_.card);
        const std::vector<float> values = l.v.fromCard(*pair_.card);
        const auto width = static_cast<std::size_t>(s.kvHeads * s.headDim);
        const auto slot = [&](const std::vector<float>& numbers, int at) {
            const auto begin = numbers.begin() + static_cast<std::ptrdiff_t>(width) * at;
            return std::vector<float>(begin, begin + static_cast<std::ptrdiff_t>(width));
        };
        for (int r = 0; r < rows; ++r) {
            const int at = (first + r) % s.capacity;
            QCOMPARE(difference(slot(keys, at), slot(l.k.fromCpu(), at), s.headDim, kTolerance),
                     QString());
            QCOMPARE(difference(slot(values, at), slot(l.v.fromCpu(), at), s.headDim, kTolerance),
                     QString());
        }
        if (first + rows < s.capacity)
            for (const float number : slot(keys, first + rows))
                QVERIFY(std::isnan(number));
    }
};

static const Registered<CudaAttentionDecodeTest> registered;

#include "attention_decode_test.moc"
