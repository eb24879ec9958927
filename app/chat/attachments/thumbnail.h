#pragma once

#include <QImage>
#include <QQuickPaintedItem>
#include <QtQml/qqmlregistration.h>

namespace lapidary::app {

/// Shows a picture that is in memory already, with round corners: cut to the shape of the item, or,
/// with `fits`, all of it in the middle and never larger than it is.
class Thumbnail : public QQuickPaintedItem {
    Q_OBJECT
    QML_ELEMENT
    Q_PROPERTY(QImage image MEMBER image_ WRITE setImage NOTIFY imageChanged)
    Q_PROPERTY(double radius MEMBER radius_ NOTIFY imageChanged)
    Q_PROPERTY(bool fits MEMBER fits_ NOTIFY imageChanged)

public:
    explicit Thumbnail(QQuickItem* parent = nullptr) : QQuickPaintedItem(parent) {}

    void setImage(const QImage& image);
    void paint(QPainter* painter) override;

signals:
    void imageChanged();

private:
    QImage image_;
    double radius_ = 4;
    bool fits_ = false;
};

} // namespace lapidary::app
