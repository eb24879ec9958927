#include "card_test.h"
#include "quantise.h"
#include "registry.h"

#include <QTest>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

using namespace lapidary::kernels;
using namespace lapidary::kernels::test;

/// A head read in 8 bits: its bounds hold, and what is drawn from it is what the head itself says.
class CudaEstimateTest final : public CardTest {
    Q_OBJECT

    static constexpr float kInfinite = std::numeric_limits<float>::infinity();
    static constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
    static constexpr float kCap = 30;

    /// A head and rows to ask it of.
    struct Head {
        Head(Pair& pair, std::vector<float> of, std::int64_t vocabulary, std::int64_t columns)
            : card(*pair.card), numbers(std::move(of)) {
            auto bits = std::make_shared<std::vector<std::uint16_t>>(numbers.size());
            for (std::size_t i = 0; i < bits->size(); ++i) {
                (*bits)[i] = toBf16Bits(numbers[i]);
                numbers[i] = fromBf16Bits((*bits)[i]);
            }
            w = *card.pack({.format = WeightFormat::BF16,
                            .rows = vocabulary,
                            .columns = columns,
                            .data = std::as_bytes(std::span(*bits)),
                            .owner = bits});
            coarse = *card.coarsen(w);
        }

        Backend& card;
        std::vector<float> numbers; ///< [vocabulary, columns], as bf16 has them
        Weight w;
        CoarseHead coarse;
    };

    static std::vector<float> headNumbers(std::mt19937& random, std::int64_t vocabulary,
                                          std::int64_t columns) {
        auto numbers =
            randomNumbers(random, vocabulary * columns, 1 / std::sqrt(static_cast<float>(columns)));
        // Rows of other sizes, a zero one, and one with a column that stands out.
        for (std::int64_t token = 0; token < vocabulary; ++token)
            for (std::int64_t c = 0; c < columns; ++c) {
                float& number = numbers[static_cast<std::size_t>(token * columns + c)];
                number *= token % 13 == 5 ? 0.0F : token % 7 == 3 ? 0.01F : 1.0F;
                number *= token % 5 == 2 && c == token % columns ? 30.0F : 1.0F;
            }
        return numbers;
    }

    static std::vector<float> rowNumbers(std::mt19937& random, std::int64_t rows,
                                         std::int64_t columns, float spread) {
        auto numbers = randomNumbers(random, rows * columns, spread);
        for (std::int64_t row = 0; row < rows; ++row)
            for (int i = 0; i < row % 4; ++i)
                numbers[static_cast<std::size_t>(row * columns) + random() % columns] *= 50;
        return numbers;
    }

    /// An estimate and its memory.
    struct Asked {
        Asked(Pair& pair, const Head& head, const Tensor& x)
            : logits(pair, std::vector<float>(static_cast<std::size_t>(x.rows() * head.w.rows())),
                     {x.rows(), head.w.rows()})
            , bounds(
                  pair,
                  std::vector<float>(static_cast<std::size_t>(x.rows() * boundsOf(head.w.rows()))),
                  {x.rows(), boundsOf(head.w.rows())})
            , tokens(pair, std::vector<std::int32_t>(static_cast<std::size_t>(x.rows())),
                     {x.rows()})
            , estimate{.w = head.w,
                       .coarse = head.coarse,
                       .cap = kCap,
                       .x = x,
                       .logits = logits.card,
                       .bounds = bounds.card} {}

        Table logits, bounds, tokens;
        Estimate estimate;
    };

    std::vector<float> numbersOf(const Table& table) {
        std::vector<float> numbers(static_cast<std::size_t>(table.card.elements()));
        pair_.card->download(table.card, std::as_writable_bytes(std::span(numbers)));
        if (!pair_.card->wait())
            qFatal("the card is lost");
        return numbers;
    }

    /// Tokens by the coarse head, and by the head itself.
    std::vector<std::int32_t> drawn(const Head& head, const Tensor& x, const Sampling& sampling,
                                    std::span<const std::int32_t> banned, bool coarse,
                                    std::int64_t position = 0) {
        const Asked asked(pair_, head, x);
        const std::vector<std::int32_t> seen = {0, 1, 1, 0};
        if (coarse)
            pair_.card->estimate(asked.estimate);
        else
            pair_.card->logits(head.w, x, kCap, asked.logits.card);
        pair_.card->sample({.logits = asked.logits.card,
                            .sampling = sampling,
                            .firstPosition = position,
                            .seenTokens = seen,
                            .bannedTokens = banned,
                            .tokens = asked.tokens.card,
                            .estimate = coarse ? &asked.estimate : nullptr});
        return asked.tokens.integersFromCard(*pair_.card);
    }

    /// Empty where the tokens are those that the head itself says, or differ from them by no more
    /// than sums in another order do.
    QString difference(const Head& head, const Tensor& x, const std::vector<std::int32_t>& tokens,
                       const std::vector<std::int32_t>& expected) {
        if (tokens == expected)
            return {};
        const Asked asked(pair_, head, x);
        pair_.card->logits(head.w, x, 0, asked.logits.card);
        const std::vector<float> logits = numbersOf(asked.logits);
        const auto vocabulary = static_cast<std::size_t>(head.w.rows());
        for (std::size_t row = 0; row < tokens.size(); ++row) {
            const float* const own = logits.data() + row * vocabulary;
            float largest = 1;
            for (std::size_t token = 0; token < vocabulary; ++token)
                if (std::isfinite(own[token]))
                    largest = std::max(largest, std::abs(own[token]));
            // Once capped, tokens may be nearer still.
            const float got = kCap * std::tanh(own[tokens[row]] / kCap);
            const float wanted = kCap * std::tanh(own[expected[row]] / kCap);
            if (tokens[row] != expected[row]
                && std::abs(own[tokens[row]] - own[expected[row]]) > 4e-6F * largest
                && std::abs(got - wanted) > 4e-6F)
                return QString("row %1: token %2 with %3 for token %4 with %5, of at most %6")
                    .arg(row)
                    .arg(tokens[row])
                    .arg(own[tokens[row]])
                    .arg(expected[row])
                    .arg(own[expected[row]])
                    .arg(largest);
        }
        return {};
    }

    static std::vector<Sampling> samplings() {
        return {{.temperature = 0},
                {.seed = 5},
                {.temperature = 0.6F, .topK = 20, .topP = 0.5F, .seed = 6},
                {.temperature = 2, .topK = 1000, .topP = 1, .minP = 0.02F, .seed = 7},
                {.topK = 3, .repetitionPenalty = 1.5F, .seed = 8},
                {.topK = 0, .topP = 0.9F, .seed = 9}};
    }

private slots:
    void boundsHold_data() {
        QTest::addColumn<int>("vocabulary");
        QTest::addColumn<int>("columns");
        const int shapes[][2] = {{1500, 3840}, {1024, 5376}, {1111, 2816}, {2048, 2560},
                                 {4099, 1536}, {1, 8},       {31, 24},     {33, 72},
                                 {65, 1000},   {97, 8192},   {20000, 64}};
        for (const auto& shape : shapes)
            QTest::addRow("%d x %d", shape[0], shape[1]) << shape[0] << shape[1];
    }
    void boundsHold() {
        QFETCH(int, vocabulary);
        QFETCH(int, columns);
        std::mt19937 random(21);
        const Head head(pair_, headNumbers(random, vocabulary, columns), vocabulary, columns);
        QCOMPARE(head.coarse.bytes, coarseBytes(vocabulary, columns));
        for (const int rows : {1, 5, 8, 9, 16}) {
            const Twin x = Twin::of(pair_, rowNumbers(random, rows, columns, 2), {rows, columns});
            const std::vector<float> inputs = x.fromCpu();
            const Asked asked(pair_, head, x.card);
            pair_.card->estimate(asked.estimate);
            const std::vector<float> estimates = numbersOf(asked.logits);
            const std::vector<float> bounds = numbersOf(asked.bounds);
            const std::int64_t groups = boundedGroups(vocabulary);
            for (int row = 0; row < rows; ++row) {
                const float* const own = bounds.data() + row * boundsOf(vocabulary);
                for (std::int64_t group = 0; group * kBoundedTokens < vocabulary; ++group) {
                    double best = -1e30;
                    double guessed = -1e30;
                    const std::int64_t end =
                        std::min<std::int64_t>(vocabulary, (group + 1) * kBoundedTokens);
                    for (std::int64_t token = group * kBoundedTokens; token < end; ++token) {
                        double exact = 0;
                        for (int c = 0; c < columns; ++c)
                            exact +=
                                static_cast<double>(
                                    head.numbers[static_cast<std::size_t>(token * columns + c)])
                                * static_cast<double>(
                                    inputs[static_cast<std::size_t>(row * columns + c)]);
                        best = std::max(best, exact);
                        guessed = std::max(guessed,
                                           static_cast<double>(estimates[static_cast<std::size_t>(
                                               std::int64_t{row} * vocabulary + token)]));
                    }
                    const double reached = static_cast<double>(own[group]);
                    const double possible = static_cast<double>(own[groups + group]);
                    const auto told = QString("row %1 of %2, group %3: %4 of %5 … %6, about %7")
                                          .arg(row)
                                          .arg(rows)
                                          .arg(group)
                                          .arg(best)
                                          .arg(reached)
                                          .arg(possible)
                                          .arg(guessed);
                    QVERIFY2(reached <= best && best <= possible, qPrintable(told));
                    QVERIFY2(reached <= guessed && guessed <= possible, qPrintable(told));
                }
            }
        }
    }

    void drawsTheSame_data() {
        QTest::addColumn<int>("vocabulary");
        QTest::addColumn<int>("columns");
        QTest::addColumn<float>("spread");
        const int shapes[][2] = {{4096, 3840},  {3000, 5376}, {5001, 2816}, {2048, 2560},
                                 {40000, 1536}, {11, 8},      {1000, 72},   {100000, 64}};
        for (const auto& shape : shapes)
            for (const float spread : {1.0F, 8.0F, 40.0F})
                QTest::addRow("%d x %d, %g", shape[0], shape[1], static_cast<double>(spread))
                    << shape[0] << shape[1] << spread;
    }
    void drawsTheSame() {
        QFETCH(int, vocabulary);
        QFETCH(int, columns);
        QFETCH(float, spread);
        std::mt19937 random(22);
        const Head head(pair_, headNumbers(random, vocabulary, columns), vocabulary, columns);
        QVERIFY(!head.coarse.empty());
        const std::vector<std::int32_t> some = {0, 2, 5, 6, 9};
        int round = 0;
        for (const Sampling& sampling : samplings())
            for (const int rows : {1, 7, 16}) {
                const Twin x =
                    Twin::of(pair_, rowNumbers(random, rows, columns, spread), {rows, columns});
                // Also without the best ones of every row.
                const auto best = drawn(head, x.card, {.temperature = 0}, {}, false);
                std::vector<std::int32_t> banned;
                if (++round % 3 == 1)
                    banned = some;
                else if (round % 3 == 2 && vocabulary > 100)
                    banned = best;
                QCOMPARE(difference(head, x.card,
                                    drawn(head, x.card, sampling, banned, true, round),
                                    drawn(head, x.card, sampling, banned, false, round)),
                         QString());
            }
    }

    void aRowIsTheSameBesideOthers() {
        std::mt19937 random(23);
        constexpr int kVocabulary = 3000;
        constexpr int kColumns = 1536;
        const Head head(pair_, headNumbers(random, kVocabulary, kColumns), kVocabulary, kColumns);
        const Twin x = Twin::of(pair_, rowNumbers(random, 16, kColumns, 4), {16, kColumns});
        const Sampling sampling{.seed = 3};
        std::vector<std::int32_t> expected;
        std::vector<float> estimates;
        for (int row = 0; row < 16; ++row) {
            expected.push_back(drawn(head, x.card.slice(row, 1), sampling, {}, true, row).front());
            const Asked asked(pair_, head, x.card.slice(row, 1));
            pair_.card->estimate(asked.estimate);
            const auto own = numbersOf(asked.logits);
            estimates.insert(estimates.end(), own.begin(), own.end());
        }
        for (int rows = 2; rows <= 16; ++rows)
            for (int begin = 0; begin + rows <= 16; ++begin) {
                const Tensor some = x.card.slice(begin, rows);
                const auto tokens = drawn(head, some, sampling, {}, true, begin);
                QVERIFY2(std::equal(tokens.begin(), tokens.end(), expected.begin() + begin),
                         qPrintable(QString("%1 rows from %2").arg(rows).arg(begin)));
                const Asked asked(pair_, head, some);
                pair_.card->estimate(asked.estimate);
                const auto own = numbersOf(asked.logits);
                QVERIFY(std::memcmp(own.data(), estimates.data() + begin * kVocabulary,
                                    own.size() * sizeof(float))
                        == 0);
            }
    }

    void tiesGoToTheLowerId() {
        constexpr int kVocabulary = 3000;
        constexpr int kColumns = 64;
        std::mt19937 random(24);
        const auto row = randomNumbers(random, kColumns);
        std::vector<float> numbers;
        for (int token = 0; token < kVocabulary; ++token)
            numbers.insert(numbers.end(), row.begin(), row.end());
        const Head head(pair_, numbers, kVocabulary, kColumns);
        const Twin x = Twin::random(pair_, random, {3, kColumns});
        using Tokens = std::vector<std::int32_t>;
        const Tokens banned = {0, 1, 3};
        QCOMPARE(drawn(head, x.card, {.temperature = 0}, {}, true), (Tokens{0, 0, 0}));
        QCOMPARE(drawn(head, x.card, {.temperature = 0}, banned, true), (Tokens{2, 2, 2}));
        for (const std::int32_t token :
             drawn(head, x.card, {.topK = 2, .topP = 1, .seed = 4}, {}, true))
            QVERIFY(token < 2);
    }

    // The estimate cannot tell them apart, so all are computed.
    void nearlyEqualLogitsAreToldApart() {
        constexpr int kVocabulary = 50000;
        constexpr int kColumns = 256;
        std::mt19937 random(25);
        const auto row = randomNumbers(random, kColumns);
        std::vector<float> numbers;
        for (int token = 0; token < kVocabulary; ++token) {
            numbers.insert(numbers.end(), row.begin(), row.end());
            // One column of some is the next bf16 or the one after.
            const std::size_t changed = static_cast<std::size_t>(token) * kColumns + token % 97;
            numbers[changed] *= 1 + 0x1p-7F * static_cast<float>(random() % 3);
        }
        const Head head(pair_, numbers, kVocabulary, kColumns);
        const Twin x = Twin::random(pair_, random, {16, kColumns});
        for (const Sampling& sampling : samplings())
            if (sampling.temperature == 0 || sampling.topK == 0)
                QCOMPARE(difference(head, x.card, drawn(head, x.card, sampling, {}, true),
                                    drawn(head, x.card, sampling, {}, false)),
                         QString());
    }

    void whatIsNoNumberIsNeverDrawn() {
        constexpr int kVocabulary = 2000;
        constexpr int kColumns = 128;
        std::mt19937 random(26);
        auto numbers = randomNumbers(random, std::int64_t{kVocabulary} * kColumns);
        for (int token = 0; token < kVocabulary; token += 3)
            numbers[static_cast<std::size_t>(token) * kColumns + token % kColumns] =
                token % 2 == 0   ? kNaN
                : token % 5 == 0 ? kInfinite
                                 : -kInfinite;
        const Head head(pair_, numbers, kVocabulary, kColumns);
        auto inputs = randomNumbers(random, 4 * kColumns);
        inputs[kColumns] = kNaN;
        inputs[2 * kColumns + 1] = kInfinite;
        std::fill_n(inputs.begin() + 3 * kColumns, kColumns, 0.0F);
        const Twin x = Twin::of(pair_, inputs, {4, kColumns});
        const std::vector<std::int32_t> banned = {0, 1};
        for (const Sampling& sampling : samplings())
            QCOMPARE(drawn(head, x.card, sampling, banned, true),
                     drawn(head, x.card, sampling, banned, false));
    }

    void whatTheCardHasNoBoundsForStaysAsItIs() {
        std::mt19937 random(27);
        for (const int columns : {33, 8200}) {
            const Head head(pair_, headNumbers(random, 40, columns), 40, columns);
            QVERIFY(head.coarse.empty());
            const Twin x = Twin::random(pair_, random, {3, columns});
            for (const Sampling& sampling : samplings())
                QCOMPARE(drawn(head, x.card, sampling, {}, true),
                         drawn(head, x.card, sampling, {}, false));
        }
    }

    void aRecordedStepIsTheSame() {
        constexpr int kVocabulary = 3000;
        constexpr int kColumns = 1536;
        std::mt19937 random(28);
        const Head head(pair_, headNumbers(random, kVocabulary, kColumns), kVocabulary, kColumns);
        const Table norm(pair_, randomNumbers(random, kColumns, 0.2F, 1), {kColumns});
        const Twin x = Twin::unwritten(pair_, {2, kColumns});
        const Twin normed = Twin::unwritten(pair_, {2, kColumns});
        const Asked asked(pair_, head, normed.card);
        std::unique_ptr<Backend::Recording> recording;
        for (int step = 0; step < 5; ++step) {
            const Twin next = Twin::of(pair_, rowNumbers(random, 2, kColumns, 4), {2, kColumns});
            pair_.card->repeat(recording, step, [&] {
                pair_.card->rmsNorm(x.card, norm.card, 1e-6F, normed.card);
                pair_.card->estimate(asked.estimate);
            });
            pair_.card->sample({.logits = asked.logits.card,
                                .sampling = {.seed = 4},
                                .firstPosition = step,
                                .seenTokens = {},
                                .bannedTokens = {},
                                .tokens = asked.tokens.card,
                                .estimate = &asked.estimate});
            const auto tokens = asked.tokens.integersFromCard(*pair_.card);
            if (step > 0)
                QCOMPARE(tokens, drawn(head, normed.card, {.seed = 4}, {}, false, step));
            // The next step's.
            std::vector<std::byte> bytes(x.card.bytes());
            pair_.card->download(next.card, bytes);
            QVERIFY(pair_.card->wait());
            pair_.card->upload(bytes, x.card);
        }
    }
};

static const Registered<CudaEstimateTest> registered;

#include "estimate_test.moc"
