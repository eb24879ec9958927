#pragma once

#include <QImage>
#include <QQuickPaintedItem>
#include <QtQml/qqmlregistration.h>

namespace lapidary::app {

/// Shows a small picture that is in memory already, cut to a square with round corners.
class Thumbnail : public QQuickPaintedItem {
    Q_OBJECT
    QML_ELEMENT
    Q_PROPERTY(QImage image MEMBER image_ WRITE setImage NOTIFY imageChanged)
    Q_PROPERTY(double radius MEMBER radius_ NOTIFY imageChanged)

public:
    explicit Thumbnail(QQuickItem* parent = nullptr) : QQuickPaintedItem(parent) {}

    void setImage(const QImage& image);
    void paint(QPainter* painter) override;

signals:
    void imageChanged();

private:
    QImage image_;
    double radius_ = 4;
};

} // namespace lapidary::app
