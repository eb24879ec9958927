#include "sparkline_bars.h"

#include <QQuickWindow>
#include <QSGRectangleNode>
#include <QSGTransformNode>

#include <algorithm>
#include <cmath>

namespace lapidary::app {

namespace {

// The width is for so many, a second each.
constexpr int kBars = 60;
constexpr double kGap = 1;

} // namespace

SparklineBars::SparklineBars(QQuickItem* parent) : QQuickItem(parent) {
    setFlag(ItemHasContents);
}

void SparklineBars::setValues(const QList<double>& values) {
    if (values_ == values)
        return;
    values_ = values;
    emit valuesChanged();
    update();
}

void SparklineBars::setColor(const QColor& color) {
    if (color_ == color)
        return;
    color_ = color;
    emit colorChanged();
    update();
}

QSGNode* SparklineBars::updatePaintNode(QSGNode* old, UpdatePaintNodeData*) {
    // Software drawing knows where a node that comes later lies from its parent, if that
    // transforms.
    QSGNode* root = old != nullptr ? old : new QSGTransformNode;
    while (root->childCount() > static_cast<int>(values_.size())) {
        QSGNode* extra = root->lastChild();
        root->removeChildNode(extra);
        delete extra;
    }
    while (root->childCount() < static_cast<int>(values_.size()))
        root->appendChildNode(window()->createRectangleNode());
    const double bar = std::max(1.0, std::floor(width() / kBars) - kGap);
    double greatest = 1;
    for (const double value : std::as_const(values_))
        greatest = std::max(greatest, value);
    double x = width() - static_cast<double>(values_.size()) * (bar + kGap) + kGap;
    QSGNode* node = root->firstChild();
    for (const double value : std::as_const(values_)) {
        auto* rectangle = static_cast<QSGRectangleNode*>(node);
        const double tall = std::max(1.0, std::floor(height() * value / greatest));
        rectangle->setRect({x, height() - tall, bar, tall});
        rectangle->setColor(color_);
        x += bar + kGap;
        node = node->nextSibling();
    }
    return root;
}

} // namespace lapidary::app
