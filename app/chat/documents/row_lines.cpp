#include "row_lines.h"

#include <QQuickWindow>
#include <QSGRectangleNode>

#include <cmath>

namespace lapidary::app {

RowLines::RowLines(QQuickItem* parent) : QQuickItem(parent) {
    setFlag(ItemHasContents);
}

void RowLines::setTops(const QList<double>& tops) {
    if (tops_ == tops)
        return;
    tops_ = tops;
    emit topsChanged();
    update();
}

void RowLines::setColor(const QColor& color) {
    if (color_ == color)
        return;
    color_ = color;
    emit colorChanged();
    update();
}

QSGNode* RowLines::updatePaintNode(QSGNode* old, UpdatePaintNodeData*) {
    QSGNode* lines = old != nullptr ? old : new QSGNode;
    while (lines->childCount() > tops_.size()) {
        QSGNode* last = lines->lastChild();
        lines->removeChildNode(last);
        delete last;
    }
    while (lines->childCount() < tops_.size())
        lines->appendChildNode(window()->createRectangleNode());
    qsizetype row = 0;
    for (QSGNode* node = lines->firstChild(); node != nullptr; node = node->nextSibling()) {
        auto* line = static_cast<QSGRectangleNode*>(node);
        line->setRect(0, std::round(tops_[row++]), width(), 1);
        line->setColor(color_);
    }
    return lines;
}

} // namespace lapidary::app
