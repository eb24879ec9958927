#include "thumbnail.h"

#include <QPainter>
#include <QPainterPath>

#include <algorithm>

namespace lapidary::app {

void Thumbnail::setImage(const QImage& image) {
    image_ = image;
    emit imageChanged();
    update();
}

void Thumbnail::paint(QPainter* painter) {
    if (image_.isNull())
        return;
    QRectF box = boundingRect();
    if (fits_) {
        const QSizeF size = image_.size();
        const double scale =
            std::min({1.0, box.width() / size.width(), box.height() / size.height()});
        const QPointF centre = box.center();
        box.setSize(size * scale);
        box.moveCenter(centre);
    }
    const double side =
        std::min<double>(image_.width() / box.width(), image_.height() / box.height());
    const QSizeF cut(box.width() * side, box.height() * side);
    const QRectF source((image_.width() - cut.width()) / 2, (image_.height() - cut.height()) / 2,
                        cut.width(), cut.height());
    QPainterPath corners;
    corners.addRoundedRect(box, radius_, radius_);
    painter->setRenderHint(QPainter::Antialiasing);
    painter->setRenderHint(QPainter::SmoothPixmapTransform);
    painter->setClipPath(corners);
    painter->drawImage(box, image_, source);
}

} // namespace lapidary::app
