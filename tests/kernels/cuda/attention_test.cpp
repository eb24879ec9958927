#include "attention_cases.h"
#include "card_test.h"
#include "registry.h"

#include <QTest>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <span>
#include <vector>

using namespace lapidary::kernels;
using namespace lapidary::kernels::test;

/// Rotation, cache and attention on the card: windows, rings, image runs, every head size.
class CudaAttentionTest final : public CardTest {
    Q_OBJECT

    struct Shape {
        const char* name;
        int heads, kvHeads, headDim, window, capacity;
        bool keyIsValue;
    };
    // What attends to more than 16 rows depends on the shape: Hopper's own kernels where heads are
    // of 256 or 512 and a ring is of whole boxes of 64 keys, portable ones otherwise.
    static constexpr Shape kShapes[] = {{"12B sliding", 16, 8, 256, 1024, 1408, false},
                                        {"12B sliding, odd ring", 16, 8, 256, 1024, 1400, false},
                                        {"12B full", 16, 1, 512, 0, 2048, true},
                                        {"31B full", 8, 1, 512, 0, 2048, true},
                                        {"full, odd heads", 10, 2, 448, 0, 2048, true},
                                        {"26B full", 16, 2, 512, 0, 2048, true},
                                        {"31B sliding", 32, 16, 256, 1024, 1408, false},
                                        {"E2B sliding", 8, 1, 256, 512, 704, false},
                                        {"E4B sliding", 8, 2, 256, 512, 704, false},
                                        {"E4B full", 8, 2, 512, 0, 2048, false},
                                        {"E4B sliding, odd ring", 8, 2, 256, 512, 700, false},
                                        {"512 in a window", 3, 1, 512, 200, 448, false},
                                        {"small window", 4, 2, 64, 40, 100, false},
                                        {"odd", 6, 2, 24, 33, 130, false},
                                        {"not a power", 3, 1, 72, 0, 2048, true}};

private slots:
    void agrees_data() {
        shapesAndPlaces(kShapes, {{1, 0},
                                  {1, 255},
                                  {1, 256},
                                  {1, 1500},
                                  {5, 300},
                                  {16, 1023},
                                  {17, 0},
                                  {64, 512},
                                  {130, 400},
                                  {61, 1311}});
    }
    void agrees() {
        QFETCH(int, shape);
        QFETCH(int, rows);
        QFETCH(int, first);
        const Cache cache = fill(kShapes[shape], first + rows);
        Twin out = Twin::unwritten(pair_, {rows, kShapes[shape].heads, kShapes[shape].headDim});
        const Twin q = cache.queries(rows);
        pair_.cpu->attention(cache.question(q.cpu, out.cpu, first, {}, true));
        pair_.card->attention(cache.question(q.card, out.card, first, {}, false));
        QCOMPARE(difference(out.fromCard(*pair_.card), out.fromCpu(), kShapes[shape].headDim, 0.03),
                 QString());
    }

    void bitsDependOnPositionAlone_data() { shapesAndPlaces(kShapes, {{61, 0}, {60, 1030}}); }
    void bitsDependOnPositionAlone() {
        QFETCH(int, shape);
        QFETCH(int, rows);
        QFETCH(int, first);
        const Shape& s = kShapes[shape];
        const Cache cache = fill(s, first + rows);
        const Twin q = cache.queries(rows);
        const auto attend = [&](int begin, int count, const Tensor& out, const Tensor& largest) {
            Attention question = cache.question(q.card.slice(begin, count), out.slice(begin, count),
                                                first + begin, {}, false);
            question.largest = largest.slice(begin, count);
            pair_.card->attention(question);
        };
        const auto nothing = std::vector(static_cast<std::size_t>(rows) * s.heads, -1.0F);
        Twin whole = Twin::unwritten(pair_, {rows, s.heads, s.headDim});
        const Table wholeLargest(pair_, nothing, {rows, s.heads});
        attend(0, rows, whole.card, wholeLargest.card);
        Twin parts = Twin::unwritten(pair_, {rows, s.heads, s.headDim});
        const Table partsLargest(pair_, nothing, {rows, s.heads});
        attend(0, 23, parts.card, partsLargest.card);
        attend(23, rows - 23, parts.card, partsLargest.card);

        const std::vector<float> expected = whole.fromCard(*pair_.card);
        const std::vector<float> got = parts.fromCard(*pair_.card);
        QVERIFY(std::memcmp(got.data(), expected.data(), got.size() * sizeof(float)) == 0);
        const auto largest = wholeLargest.integersFromCard(*pair_.card);
        QCOMPARE(partsLargest.integersFromCard(*pair_.card), largest);
        for (std::size_t head = 0; head < largest.size(); ++head) {
            const auto width = static_cast<std::size_t>(s.headDim);
            const auto values = std::span(expected).subspan(head * width, width);
            float most = 0;
            for (const float value : values)
                most = std::max(most, std::abs(value));
            QCOMPARE(std::bit_cast<float>(largest[head]), most);
        }
    }

    void imageRunsSeeAhead_data() { shapesAndPlaces(kShapes, {{60, 70}}); }
    void imageRunsSeeAhead() {
        QFETCH(int, shape);
        QFETCH(int, rows);
        QFETCH(int, first);
        const Shape& s = kShapes[shape];
        const Cache cache = fill(s, first + rows);
        const std::vector<Run> runs = {{.begin = 75, .end = 90}, {.begin = 91, .end = 110}};
        Twin out = Twin::unwritten(pair_, {rows, s.heads, s.headDim});
        const Twin q = cache.queries(rows);
        pair_.cpu->attention(cache.question(q.cpu, out.cpu, first, runs, true));
        pair_.card->attention(cache.question(q.card, out.card, first, runs, false));
        QCOMPARE(difference(out.fromCard(*pair_.card), out.fromCpu(), s.headDim, 0.03), QString());
    }

    void aRowIsTheSameBesideOthers() {
        for (const Shape& s : kShapes) {
            for (const int first : {1, 240, 250, 1010}) {
                const Cache cache = fill(s, first + 16);
                const Twin q = cache.queries(16);
                Twin alone = Twin::unwritten(pair_, {16, s.heads, s.headDim});
                for (int r = 0; r < 16; ++r)
                    pair_.card->attention(cache.question(q.card.slice(r, 1), alone.card.slice(r, 1),
                                                         first + r, {}, false));
                const std::vector<float> expected = alone.fromCard(*pair_.card);
                for (const int rows : {2, 3, 7, 8, 9, 15, 16})
                    for (const int begin : {0, 16 - rows}) {
                        Twin out = Twin::unwritten(pair_, {rows, s.heads, s.headDim});
                        pair_.card->attention(cache.question(q.card.slice(begin, rows), out.card,
                                                             first + begin, {}, false));
                        const std::vector<float> got = out.fromCard(*pair_.card);
                        QVERIFY2(std::memcmp(got.data(),
                                             expected.data() + begin * s.heads * s.headDim,
                                             got.size() * sizeof(float))
                                     == 0,
                                 qPrintable(QString::asprintf("%s: %d rows from %d at %d", s.name,
                                                              rows, begin, first)));
                    }
            }
        }
    }

private:
    struct Cache {
        Shape shape;
        Twin k, v;
        Pair* pair;
        std::shared_ptr<std::mt19937> random;

        [[nodiscard]] Twin queries(int rows) const {
            return Twin::random(*pair, *random, {rows, shape.heads, shape.headDim}, 0.6F);
        }
        [[nodiscard]] Attention question(const Tensor& q, const Tensor& out, int first,
                                         std::span<const Run> runs, bool onCpu) const {
            return {.q = q,
                    .cache = {onCpu ? k.cpu : k.card, onCpu ? v.cpu : v.card},
                    .firstPosition = first,
                    .window = shape.window,
                    .runs = runs,
                    .out = out};
        }
    };

    /// Fills a cache through rotateAndStore, in steps, and checks that both hold the same.
    Cache fill(const Shape& s, int positions) {
        auto random = std::make_shared<std::mt19937>(11);
        Cache cache{s, Twin::unwritten(pair_, {s.capacity, s.kvHeads, s.headDim}),
                    Twin::unwritten(pair_, {s.capacity, s.kvHeads, s.headDim}), &pair_, random};
        const Table qNorm(pair_, randomNumbers(*random, s.headDim, 0.2F, 1), {s.headDim});
        const Table kNorm(pair_, randomNumbers(*random, s.headDim, 0.02F, 0.3F), {s.headDim});
        std::vector<float> frequencies(static_cast<std::size_t>(s.headDim) / 2);
        for (std::size_t i = 0; i < frequencies.size(); ++i)
            frequencies[i] = i % 3 == 2
                                 ? 0
                                 : std::pow(10000.0F, -static_cast<float>(i)
                                                          / static_cast<float>(frequencies.size()));
        const Table turns(pair_, frequencies, {s.headDim / 2});
        for (int at = 0; at < positions; at += 97) {
            const int rows = std::min(97, positions - at);
            const Twin q = Twin::random(pair_, *random, {rows, s.heads, s.headDim});
            const Twin k = Twin::random(pair_, *random, {rows, s.kvHeads, s.headDim});
            const Twin v =
                s.keyIsValue ? k : Twin::random(pair_, *random, {rows, s.kvHeads, s.headDim});
            const auto op = [&](auto side) {
                return RotateAndStore{.q = side(q),
                                      .k = side(k),
                                      .v = side(v),
                                      .qNorm = side(qNorm),
                                      .kNorm = side(kNorm),
                                      .frequencies = side(turns),
                                      .firstPosition = at,
                                      .cache = {side(cache.k), side(cache.v)}};
            };
            pair_.cpu->rotateAndStore(op([](const auto& t) { return t.cpu; }));
            pair_.card->rotateAndStore(op([](const auto& t) { return t.card; }));
            const QString wrong =
                difference(q.fromCard(*pair_.card), q.fromCpu(), s.headDim, kTolerance);
            if (!wrong.isEmpty())
                qFatal("rotation: %s", qPrintable(wrong));
        }
        return cache;
    }
};

static const Registered<CudaAttentionTest> registered;

#include "attention_test.moc"
