#pragma once

#include <QColor>
#include <QList>
#include <QQuickItem>
#include <QtQml/qqmlregistration.h>

namespace lapidary::app {

/// Hairlines across an item, at the given heights. One item for all of them: a table that grows
/// gets its lines without making any again.
class RowLines : public QQuickItem {
    Q_OBJECT
    QML_ELEMENT
    Q_PROPERTY(QList<double> tops MEMBER tops_ WRITE setTops NOTIFY topsChanged)
    Q_PROPERTY(QColor color MEMBER color_ WRITE setColor NOTIFY colorChanged)

public:
    explicit RowLines(QQuickItem* parent = nullptr);

    void setTops(const QList<double>& tops);
    void setColor(const QColor& color);

signals:
    void topsChanged();
    void colorChanged();

protected:
    QSGNode* updatePaintNode(QSGNode* old, UpdatePaintNodeData* data) override;

private:
    QList<double> tops_;
    QColor color_;
};

} // namespace lapidary::app
