#include "plain_text.h"

namespace lapidary::app {

namespace {

QString lineOf(const Paragraph& paragraph) {
    QString text = paragraph.text;
    text.replace(QChar(0x2028), u'\n');
    const QString indent(qsizetype{2} * std::max(0, paragraph.indent - 1), u' ');
    return paragraph.marker.isEmpty() ? indent + text : indent + paragraph.marker + u' ' + text;
}

QString blockText(const Block& block) {
    QString text;
    switch (block.kind) {
    case BlockKind::Text:
        for (const Paragraph& paragraph : block.paragraphs)
            text += lineOf(paragraph) + u'\n';
        text.chop(1);
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
    return text;
}

} // namespace

QString jointText(Joint joint) {
    switch (joint) {
    case Joint::Apart:
        return QStringLiteral("\n\n");
    case Joint::Line:
        return QStringLiteral("\n");
    case Joint::Word:
        return QStringLiteral(" ");
    case Joint::Inside:
        break;
    }
    return {};
}

QString plainText(const std::vector<Block>& blocks) {
    QString text;
    QString part; // blocks that hang together
    const auto closePart = [&] {
        if (const QString trimmed = part.trimmed(); !trimmed.isEmpty())
            text += (text.isEmpty() ? QString() : jointText(Joint::Apart)) + trimmed;
        part.clear();
    };
    for (const Block& block : blocks) {
        if (block.joint == Joint::Apart)
            closePart();
        else
            part += jointText(block.joint);
        part += blockText(block);
    }
    closePart();
    return text;
}

} // namespace lapidary::app
