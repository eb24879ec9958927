#include "code_colours.h"

#include <KSyntaxHighlighting/AbstractHighlighter>
#include <KSyntaxHighlighting/Definition>
#include <KSyntaxHighlighting/Format>
#include <KSyntaxHighlighting/Repository>
#include <KSyntaxHighlighting/State>
#include <KSyntaxHighlighting/Theme>

using namespace Qt::StringLiterals;

namespace lapidary::app {

namespace {

/// The library's rules and themes; a constant of the program that takes 7 ms to read.
const KSyntaxHighlighting::Repository& repository() {
    static const KSyntaxHighlighting::Repository all;
    return all;
}

KSyntaxHighlighting::Theme themeFor(bool dark) {
    return repository().theme(dark ? u"GitHub Dark"_s : u"GitHub Light"_s);
}

KSyntaxHighlighting::Definition definitionFor(const QString& language) {
    if (language.isEmpty())
        return {};
    const auto named = repository().definitionForName(language);
    return named.isValid() ? named
                           : repository().definitionForFileName(u"x."_s + language.toLower());
}

} // namespace

class CodeColours::Highlighter final : public KSyntaxHighlighting::AbstractHighlighter {
public:
    Highlighter(const QString& language, bool dark) {
        setDefinition(definitionFor(language));
        setTheme(themeFor(dark));
        states_.emplace_back();
    }

    QList<QTextLayout::FormatRange> line(std::size_t number, QStringView text) {
        ranges_.clear();
        if (!definition().isValid() || number >= states_.size())
            return {};
        states_.resize(number + 1);
        states_.push_back(highlightLine(text, states_[number]));
        return ranges_;
    }

    void goOnFrom(const Highlighter& before) { states_ = {before.states_.back()}; }

protected:
    void applyFormat(int offset, int length, const KSyntaxHighlighting::Format& format) override {
        if (length == 0 || format.isDefaultTextStyle(theme()))
            return;
        QTextLayout::FormatRange range;
        range.start = offset;
        range.length = length;
        if (format.hasTextColor(theme()))
            range.format.setForeground(format.textColor(theme()));
        if (format.isBold(theme()))
            range.format.setFontWeight(QFont::Bold);
        if (format.isItalic(theme()))
            range.format.setFontItalic(true);
        ranges_.append(range);
    }

private:
    std::vector<KSyntaxHighlighting::State> states_; ///< at the start of each line
    QList<QTextLayout::FormatRange> ranges_;
};

CodeColours::CodeColours(const QString& language, bool dark)
    : highlighter_(std::make_unique<Highlighter>(language, dark)) {}

CodeColours::~CodeColours() = default;
CodeColours::CodeColours(CodeColours&&) noexcept = default;
CodeColours& CodeColours::operator=(CodeColours&&) noexcept = default;

QList<QTextLayout::FormatRange> CodeColours::line(std::size_t number, QStringView text) {
    return highlighter_->line(number, text);
}

void CodeColours::goOnFrom(const CodeColours& before) {
    highlighter_->goOnFrom(*before.highlighter_);
}

QString CodeColours::languageName() const {
    const auto found = highlighter_->definition();
    return found.isValid() ? found.name() : QString();
}

QString properLanguageName(const QString& language) {
    const auto found = definitionFor(language);
    return found.isValid() ? found.translatedName() : language;
}

} // namespace lapidary::app
