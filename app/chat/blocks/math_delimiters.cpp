#include "math_delimiters.h"

#include <algorithm>

namespace lapidary::app {

namespace {

/// Where the paragraph that holds `position` ends: at the next blank line, or the end.
std::size_t paragraphEnd(std::string_view text, std::size_t position) {
    while (position < text.size()) {
        const std::size_t newline = text.find('\n', position);
        if (newline == std::string_view::npos)
            return text.size();
        const std::size_t next = text.find_first_not_of(" \t\r", newline + 1);
        if (next == std::string_view::npos || text[next] == '\n')
            return newline;
        position = next;
    }
    return text.size();
}

std::size_t runLength(std::string_view text, std::size_t position) {
    const std::size_t end = text.find_first_not_of(text[position], position);
    return (end == std::string_view::npos ? text.size() : end) - position;
}

/// One past the code span that opens at `position`, or past the backticks if none closes it.
std::size_t skipCodeSpan(std::string_view text, std::size_t position, std::size_t end) {
    const std::size_t ticks = runLength(text, position);
    for (std::size_t i = position + ticks; i < end;) {
        if (text[i] != '`') {
            ++i;
            continue;
        }
        const std::size_t run = runLength(text, i);
        i += run;
        if (run == ticks)
            return i;
    }
    return position + ticks;
}

/// The length of a fence that the line at `position` opens inside quotes or list items, else 0.
std::size_t fenceLength(std::string_view text, std::size_t position) {
    const std::size_t start = text.find_first_not_of(" \t>-*+0123456789.)", position);
    if (start == std::string_view::npos || (text[start] != '`' && text[start] != '~'))
        return 0;
    const std::size_t run = runLength(text, start);
    return run >= 3 ? run : 0;
}

std::size_t findClosing(std::string_view text, std::size_t from, std::size_t end, char bracket) {
    for (std::size_t i = from; i + 1 < end; ++i) {
        if (text[i] != '\\')
            continue;
        if (text[i + 1] == bracket)
            return i;
        ++i;
    }
    return std::string_view::npos;
}

/// Puts dollars around the formula between the brackets at `open` and `close`. Inline ones must
/// touch it, or Markdown takes them for prices.
void replace(std::string& text, std::size_t open, std::size_t close, bool display) {
    if (display) {
        text.replace(open, 2, "$$").replace(close, 2, "$$");
        return;
    }
    std::size_t first = open + 1;
    while (first + 1 < close && text[first + 1] == ' ')
        text[first++] = kMathFiller;
    std::size_t last = close;
    while (last - 1 > first && text[last - 1] == ' ')
        text[last--] = kMathFiller;
    text[open] = text[close] = text[close + 1] = kMathFiller;
    text[first] = text[last] = '$';
}

} // namespace

std::string withDollarMath(std::string_view markdown) {
    std::string out(markdown);
    if (markdown.find("\\(") == std::string_view::npos
        && markdown.find("\\[") == std::string_view::npos)
        return out;
    // Closings that were looked for in vain need not be looked for again in the same paragraph.
    std::size_t end = paragraphEnd(markdown, 0);
    bool roundOpen = true, squareOpen = true, lineStart = true;
    for (std::size_t i = 0; i < markdown.size();) {
        if (i >= end) {
            end = paragraphEnd(markdown, i + 1);
            roundOpen = squareOpen = true;
        }
        if (lineStart) {
            lineStart = false;
            if (const std::size_t ticks = fenceLength(markdown, i); ticks > 0) {
                const std::size_t fence = markdown.find_first_of("`~", i);
                const std::string closing(ticks, markdown[fence]);
                const std::size_t newline = markdown.find('\n', fence);
                const std::size_t found =
                    newline == std::string_view::npos ? newline : markdown.find(closing, newline);
                i = found == std::string_view::npos ? markdown.size() : found + ticks;
                end = std::max(end, std::min(i, markdown.size()));
                continue;
            }
        }
        const char c = markdown[i];
        if (c == '\n') {
            lineStart = true;
            ++i;
        } else if (c == '`') {
            i = skipCodeSpan(markdown, i, end);
        } else if (c == '\\' && i + 1 < end) {
            const char open = markdown[i + 1];
            bool& mayClose = open == '(' ? roundOpen : squareOpen;
            if ((open == '(' || open == '[') && mayClose) {
                const char close = open == '(' ? ')' : ']';
                const std::size_t at = findClosing(markdown, i + 2, end, close);
                mayClose = at != std::string_view::npos;
                if (mayClose) {
                    replace(out, i, at, open == '[');
                    i = at + 2;
                    continue;
                }
            }
            i += 2;
        } else {
            ++i;
        }
    }
    return out;
}

} // namespace lapidary::app
