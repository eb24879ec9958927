#include "language_warming.h"

#include "code_colours.h"

#include <QTimerEvent>

using namespace Qt::StringLiterals;

namespace lapidary::app {

namespace {

struct Sample {
    const char* language;
    const char* line;
};

// The first, without a language, reads the library's index and themes.
constexpr Sample kSamples[] = {
    {"", ""},
    {"python", "def f(x): return [1, \"a\"]  # b"},
    {"bash", "for f in \"$@\"; do echo ${f%.*} | grep -q a; done # b"},
    {"javascript", "const f = async (x) => `${x.y}` + 1; // b"},
    {"typescript", "export const f = (x: number): string => `${x}`; // b"},
    {"cpp", "#include <a>\nstd::vector<int> f(const char* s = \"a\") { return {1}; } // b"},
    {"c", "static int f(const char* s) { return s[0] + 1; } /* b */"},
    {"json", "{\"a\": [1, true, null]}"},
    {"html", "<p class=\"a\">b &amp; c</p><script>let x = 1;</script>"},
    {"css", "a:hover { color: #fff; margin: 1px } /* b */"},
    {"rust", "pub fn f<'a>(x: &'a str) -> Option<u8> { Some(1) } // b"},
    {"java", "public final class A { int f() { return \"a\".length(); } } // b"},
    {"sql", "SELECT a, count(*) FROM b WHERE c = 'd' GROUP BY a; -- e"},
    {"go", "func f(x []int) (string, error) { return `a`, nil } // b"},
    {"yaml", "a: [1, \"b\"] # c"},
    {"csharp", "public int F(string s) => s?.Length ?? 1; // b"},
};

// Between two languages, so that keys and frames come first.
constexpr int kPauseMs = 60;

} // namespace

void LanguageWarming::start() {
    if (!isDone())
        timer_.start(kPauseMs, this);
}

bool LanguageWarming::isDone() const {
    return next_ == std::size(kSamples);
}

void LanguageWarming::timerEvent(QTimerEvent* event) {
    if (event->timerId() != timer_.timerId() || busy_())
        return;
    const Sample& sample = kSamples[next_++];
    CodeColours colours(QString::fromLatin1(sample.language), false);
    std::size_t number = 0;
    for (const QString& line : QString::fromLatin1(sample.line).split(u'\n'))
        static_cast<void>(colours.line(number++, line));
    if (isDone())
        timer_.stop();
}

} // namespace lapidary::app
