#include "field_text.h"

namespace lapidary::app {

namespace {

constexpr qsizetype kMaxCharacters = qsizetype{256} * 1024;
constexpr qsizetype kMaxLine = 10'000; // 13 ms a key: less than a frame

} // namespace

bool fitsField(QStringView text) {
    if (text.size() > kMaxCharacters)
        return false;
    for (qsizetype at = 0; at < text.size();) {
        const qsizetype newline = text.indexOf(u'\n', at);
        const qsizetype end = newline < 0 ? text.size() : newline;
        if (end - at > kMaxLine)
            return false;
        at = end + 1;
    }
    return true;
}

} // namespace lapidary::app
