#include "registry.h"

#include <chat/stop_matcher.h>

#include <QTest>

#include <random>

using namespace lapidary::engine;

class StopMatcherTest : public QObject {
    Q_OBJECT

private slots:
    /// Over two letters, where false beginnings abound, against a plain search.
    void findsTheFirstThatIsComplete() {
        std::mt19937 random(17);
        const auto word = [&](unsigned most) {
            std::string text;
            for (auto i = random() % most + 1; i > 0; --i)
                text += "ab"[random() % 2];
            return text;
        };
        for (int round = 0; round < 5000; ++round) {
            const std::vector<std::string> stops{word(6), word(4)};
            const std::string text = word(30);
            std::size_t end = std::string::npos;
            std::size_t begin = text.size();
            for (const std::string& stop : stops) {
                const std::size_t at = text.find(stop);
                if (at == std::string::npos)
                    continue;
                const std::size_t stopEnd = at + stop.size();
                if (stopEnd < end || (stopEnd == end && at < begin)) {
                    end = stopEnd;
                    begin = at;
                }
            }
            StopMatcher matcher(stops);
            std::string out;
            for (std::size_t i = 0; i < text.size() && !matcher.matched(); i += 3)
                out += matcher.add(std::string_view(text).substr(i, 3));
            QCOMPARE(matcher.matched(), end != std::string::npos);
            out += matcher.flush();
            QCOMPARE(out, text.substr(0, begin));
        }
    }

    void holdsBackNoMoreThanABeginning() {
        StopMatcher matcher({"abab!"});
        QCOMPARE(matcher.add("xab"), "x");
        QCOMPARE(matcher.add("aba"), "ab");
        QCOMPARE(matcher.add("x"), "abax");
        QCOMPARE(matcher.flush(), "");
    }
};

namespace {
const Registered<StopMatcherTest> registered;
}

#include "stop_matcher_test.moc"
