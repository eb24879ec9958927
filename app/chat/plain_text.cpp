#include "plain_text.h"

namespace lapidary::app {

namespace {

QString lineOf(const Paragraph& paragraph) {
    QString text = paragraph.text;
    text.replace(QChar(0x2028), u'\n');
    const QString indent(2 * std::max(0, paragraph.indent - 1), u' ');
    return paragraph.marker.isEmpty() ? indent + text : indent + paragraph.marker + u' ' + text;
}

QString blockText(const Block& block) {
    QString text;
    switch (block.kind) {
    case BlockKind::Text:
        for (const Paragraph& paragraph : block.paragraphs)
            text += lineOf(paragraph) + u'\n';
        break;
    case BlockKind::Table:
        for (std::size_t i = 0; i < block.paragraphs.size(); ++i)
            text +=
                block.paragraphs[i].text + ((i + 1) % block.columns.size() == 0 ? u'\n' : u'\t');
        break;
    case BlockKind::Code:
    case BlockKind::Math:
        text = block.code;
        break;
    case BlockKind::Rule:
        text = QStringLiteral("———");
        break;
    }
    return text.trimmed();
}

} // namespace

QString plainText(const std::vector<Block>& blocks) {
    QString text;
    for (const Block& block : blocks)
        text += (text.isEmpty() ? QString() : QStringLiteral("\n\n")) + blockText(block);
    return text;
}

} // namespace lapidary::app
