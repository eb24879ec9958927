#include "block_dump.h"

#include <QStringList>

using namespace lapidary::app;

namespace {

QString styleNames(const Span& span) {
    QStringList names;
    const std::pair<TextStyle, const char*> all[] = {{Bold, "b"},   {Italic, "i"},
                                                     {Strike, "s"}, {CodeStyle, "c"},
                                                     {Link, "a"},   {ImageReference, "img"}};
    for (const auto& [style, name] : all)
        if ((span.styles & style) != 0)
            names.append(QLatin1String(name));
    QString result = names.join(u'+');
    return span.address.isEmpty() ? result : result + u' ' + span.address;
}

QString dumpText(const Paragraph& paragraph) {
    QString out;
    qsizetype at = 0;
    for (const Span& span : paragraph.spans) {
        out += QStringView(paragraph.text).sliced(at, span.start - at);
        out += u'{' + styleNames(span) + u'|' + paragraph.text.mid(span.start, span.length) + u'}';
        at = span.start + span.length;
    }
    out += QStringView(paragraph.text).sliced(at);
    return out.replace(QChar(0x2028), QStringLiteral("\\n"));
}

QString dumpParagraph(const Paragraph& paragraph) {
    QString line = paragraph.heading > 0 ? QStringLiteral("  h%1").arg(paragraph.heading)
                                         : QStringLiteral("  p");
    if (paragraph.indent > 0)
        line += QStringLiteral(" indent %1").arg(paragraph.indent);
    if (!paragraph.marker.isEmpty())
        line += QStringLiteral(" marker ") + paragraph.marker;
    return line + QStringLiteral(": ") + dumpText(paragraph) + u'\n';
}

QString dumpLines(const QString& code) {
    QString out;
    QStringList lines = code.split(u'\n');
    if (lines.last().isEmpty())
        lines.removeLast();
    for (const QString& line : std::as_const(lines))
        out += (QStringLiteral("  > ") + line).trimmed().prepend(QStringLiteral("  ")) + u'\n';
    return out;
}

QString dumpTable(const Block& block) {
    QString out = QStringLiteral("  ");
    for (const ColumnAlignment column : block.columns)
        out += QLatin1Char("-lcr"[static_cast<int>(column)]);
    out += u'\n';
    for (std::size_t i = 0; i < block.paragraphs.size(); ++i) {
        out += (i % block.columns.size() == 0 ? QStringLiteral("  | ") : QString())
               + dumpText(block.paragraphs[i]) + QStringLiteral(" |");
        out += (i + 1) % block.columns.size() == 0 ? QStringLiteral("\n") : QStringLiteral(" ");
    }
    return out;
}

} // namespace

QString dumpBlocks(const std::vector<Block>& blocks) {
    QString out;
    for (const Block& block : blocks) {
        const char* names[] = {"text", "code", "table", "math", "rule"};
        out += QLatin1String(names[static_cast<int>(block.kind)]);
        if (block.quoteDepth > 0)
            out += QStringLiteral(" quote %1").arg(block.quoteDepth);
        if (block.indent > 0)
            out += QStringLiteral(" indent %1").arg(block.indent);
        if (!block.language.isEmpty())
            out += u' ' + block.language;
        out += u'\n';
        if (block.kind == BlockKind::Text)
            for (const Paragraph& paragraph : block.paragraphs)
                out += dumpParagraph(paragraph);
        else if (block.kind == BlockKind::Table)
            out += dumpTable(block);
        else
            out += dumpLines(block.code);
    }
    return out;
}
