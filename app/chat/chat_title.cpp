#include "chat_title.h"

namespace lapidary::app {

namespace {

constexpr qsizetype kCharacters = 60;

} // namespace

QString titleFrom(const QString& text) {
    QString line = text.trimmed().section(u'\n', 0, 0).simplified();
    if (line.size() <= kCharacters)
        return line;
    const qsizetype space = line.lastIndexOf(u' ', kCharacters);
    return line.left(space > kCharacters / 2 ? space : kCharacters) + u'…';
}

} // namespace lapidary::app
