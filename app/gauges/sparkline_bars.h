#pragma once

#include <QColor>
#include <QList>
#include <QQuickItem>
#include <QtQml/qqmlregistration.h>

namespace lapidary::app {

/// Values as bars side by side, the newest on the right, the greatest as high as the item. One item
/// for all of them: a Repeater would make sixty anew for each value that comes.
class SparklineBars : public QQuickItem {
    Q_OBJECT
    QML_ELEMENT
    Q_PROPERTY(QList<double> values MEMBER values_ WRITE setValues NOTIFY valuesChanged)
    Q_PROPERTY(QColor color MEMBER color_ WRITE setColor NOTIFY colorChanged)

public:
    explicit SparklineBars(QQuickItem* parent = nullptr);

    void setValues(const QList<double>& values);
    void setColor(const QColor& color);

signals:
    void valuesChanged();
    void colorChanged();

protected:
    QSGNode* updatePaintNode(QSGNode* old, UpdatePaintNodeData* data) override;

private:
    QList<double> values_;
    QColor color_;
};

} // namespace lapidary::app
