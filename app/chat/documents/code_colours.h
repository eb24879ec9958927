#pragma once

#include <QList>
#include <QString>
#include <QStringView>
#include <QTextLayout>

#include <memory>
#include <vector>

namespace lapidary::app {

/// Colours the code of one block line by line. The state at the end of each line is kept, so that
/// growing code costs its new lines only. UI thread; the rules of a language are read when it is
/// met first (up to 6 ms) and shared by all.
class CodeColours {
public:
    /// `language` is the first word of a fence: a name ("C++"), an alias or a file ending ("py").
    CodeColours(const QString& language, bool dark);
    ~CodeColours();
    CodeColours(CodeColours&&) noexcept;
    CodeColours& operator=(CodeColours&&) noexcept;

    /// The formats of line `number`. Lines before it must have been asked for; asking again for a
    /// line (the last one, grown) forgets what came after it.
    [[nodiscard]] QList<QTextLayout::FormatRange> line(std::size_t number, QStringView text);

    /// The first line comes after the last one that `before` was asked for.
    void goOnFrom(const CodeColours& before);

    /// The proper name of the language, "" when it is not known.
    [[nodiscard]] QString languageName() const;

private:
    class Highlighter;
    std::unique_ptr<Highlighter> highlighter_;
};

/// The proper name for a fence's word: "C++" for "cpp"; the word itself when nobody knows it.
[[nodiscard]] QString properLanguageName(const QString& language);

} // namespace lapidary::app
