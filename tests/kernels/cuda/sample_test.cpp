#include "card_test.h"
#include "registry.h"

#include <QTest>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

using namespace lapidary::kernels;
using namespace lapidary::kernels::test;

/// Drawing on the card gives the tokens that the processor draws from the same logits.
class CudaSampleTest final : public CardTest {
    Q_OBJECT

private slots:
    void drawsTheSame_data() {
        QTest::addColumn<int>("vocabulary");
        QTest::addColumn<Sampling>("sampling");
        for (const int vocabulary : {11, 1000, 262144}) {
            QTest::addRow("greedy, %d", vocabulary) << vocabulary << Sampling{.temperature = 0};
            QTest::addRow("default, %d", vocabulary) << vocabulary << Sampling{.seed = 5};
            QTest::addRow("narrow, %d", vocabulary)
                << vocabulary << Sampling{.temperature = 0.6F, .topK = 20, .topP = 0.5F, .seed = 6};
            QTest::addRow("min-p, %d", vocabulary)
                << vocabulary
                << Sampling{.temperature = 2, .topK = 1000, .topP = 1, .minP = 0.02F, .seed = 7};
            QTest::addRow("penalty, %d", vocabulary)
                << vocabulary << Sampling{.topK = 3, .repetitionPenalty = 1.5F, .seed = 8};
            QTest::addRow("everything, %d", vocabulary)
                << vocabulary << Sampling{.topK = 0, .topP = 0.9F, .seed = 9};
        }
    }
    void drawsTheSame() {
        QFETCH(int, vocabulary);
        QFETCH(Sampling, sampling);
        std::mt19937 random(12);
        constexpr int kRows = 16;
        for (int round = 0; round < 8; ++round) {
            const Table logits(pair_, numbers(random, kRows, vocabulary, round),
                               {kRows, vocabulary});
            const Table tokens(pair_, std::vector<std::int32_t>(kRows), {kRows});
            const std::vector<std::int32_t> seen = {1, 3, 3, 10};
            const std::vector<std::int32_t> banned = {0, 3, 2}; // one of them is seen as well
            const auto op = [&](auto side) {
                return Sample{.logits = side(logits),
                              .sampling = sampling,
                              .firstPosition = 100 * round,
                              .seenTokens = seen,
                              .bannedTokens = banned,
                              .tokens = side(tokens)};
            };
            pair_.cpu->sample(op([](const auto& t) { return t.cpu; }));
            pair_.card->sample(op([](const auto& t) { return t.card; }));
            const auto* expected = static_cast<const std::int32_t*>(tokens.cpu.data);
            QCOMPARE(tokens.integersFromCard(*pair_.card),
                     std::vector<std::int32_t>(expected, expected + kRows));
        }
    }

    // The best ones may stand anywhere, also all in one place.
    static std::vector<float> numbers(std::mt19937& random, int rows, int vocabulary, int round) {
        auto logits = randomNumbers(random, std::int64_t{rows} * vocabulary, 3);
        if (round % 4 == 1) // side by side
            for (int row = 0; row < rows; ++row)
                std::ranges::sort(std::span(logits).subspan(std::size_t(row) * vocabulary,
                                                            std::size_t(vocabulary)));
        for (std::size_t i = 0; i < logits.size(); ++i) {
            if (round % 4 == 2) // many are equal
                logits[i] = std::round(logits[i]);
            if (round % 4 == 3 && random() % 3 == 0)
                logits[i] = random() % 2 == 0 ? std::numeric_limits<float>::quiet_NaN()
                                              : -std::numeric_limits<float>::infinity();
        }
        return logits;
    }

    void tiesGoToTheLowerId() {
        const Table logits(pair_, std::vector<float>(3000, 1.5F), {1, 3000});
        const Table tokens(pair_, std::vector<std::int32_t>(1, -1), {1});
        pair_.card->sample({.logits = logits.card,
                            .sampling = {.temperature = 0},
                            .seenTokens = {},
                            .bannedTokens = {},
                            .tokens = tokens.card});
        QCOMPARE(tokens.integersFromCard(*pair_.card), std::vector<std::int32_t>{0});
        pair_.card->sample({.logits = logits.card,
                            .sampling = {.topK = 2, .topP = 1, .seed = 4},
                            .seenTokens = {},
                            .bannedTokens = {},
                            .tokens = tokens.card});
        QVERIFY(tokens.integersFromCard(*pair_.card).front() < 2);
    }
};

static const Registered<CudaSampleTest> registered;

#include "sample_test.moc"
