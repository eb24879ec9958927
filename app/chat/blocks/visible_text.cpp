#include "visible_text.h"

#include "block.h"

#include <QStringDecoder>

#include <algorithm>

namespace lapidary::app {

namespace {

bool isDirectionOverride(char32_t c) {
    return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

bool isInvisible(char32_t c) {
    return (c >= 0x200B && c <= 0x200F) || (c >= 0x2060 && c <= 0x2064) || c == 0xFEFF
           || c == 0x00AD || c == 0x061C || c == 0x180E || (c >= 0xE0000 && c <= 0xE007F);
}

/// Characters by which QTextDocument marks frames, objects and paragraphs.
bool isDocumentSyntax(char32_t c) {
    return c == 0xFDD0 || c == 0xFDD1 || c == 0xFFFC || c == 0x2028 || c == 0x2029;
}

bool isMark(char32_t c) {
    const QChar::Category category = QChar::category(c);
    return category == QChar::Mark_NonSpacing || category == QChar::Mark_Enclosing;
}

QString named(char32_t c) {
    return QStringLiteral("\u27E8U+%1\u27E9")
        .arg(QString::number(static_cast<uint>(c), 16).toUpper(), 4, u'0');
}

bool isPlain(QStringView text) {
    return std::ranges::all_of(text, [](QChar c) {
        const char16_t u = c.unicode();
        return u < 0x7F && (u >= 0x20 || u == u'\n' || u == u'\t');
    });
}

} // namespace

QString visibleText(QStringView text, TextPlace place) {
    if (isPlain(text))
        return text.toString();
    QString out;
    out.reserve(text.size());
    int marks = 0;
    for (qsizetype i = 0; i < text.size(); ++i) {
        char32_t c = text[i].unicode();
        if (text[i].isHighSurrogate() && i + 1 < text.size() && text[i + 1].isLowSurrogate()) {
            c = QChar::surrogateToUcs4(text[i], text[i + 1]);
            ++i;
        }
        const bool mark = isMark(c);
        marks = mark ? marks + 1 : 0;
        if (mark && marks > kMaxCombiningMarks)
            continue;
        if (c < 0x20 && c != U'\n' && c != U'\t')
            out += QChar(static_cast<char16_t>(0x2400 + c));
        else if (c == 0x7F)
            out += QChar(u'\u2421');
        else if ((c >= 0x80 && c < 0xA0) || isDocumentSyntax(c) || QChar::isSurrogate(c))
            out += QChar(QChar::ReplacementCharacter);
        else if (isDirectionOverride(c) || (place == TextPlace::Code && isInvisible(c)))
            out += named(c);
        else
            out += QStringView(QChar::fromUcs4(c));
    }
    return out;
}

QString fromUtf8(std::string_view utf8) {
    QStringDecoder decoder(QStringDecoder::Utf8, QStringDecoder::Flag::ConvertInitialBom
                                                     | QStringDecoder::Flag::Stateless);
    return decoder(QByteArrayView(utf8.data(), static_cast<qsizetype>(utf8.size())));
}

} // namespace lapidary::app
