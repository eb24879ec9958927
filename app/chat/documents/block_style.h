#pragma once

#include <QColor>
#include <QFont>
#include <QObject>
#include <QString>
#include <QtQml/qqmlregistration.h>

namespace lapidary::app {

/// How documents look: the tokens of the theme that C++ needs. One object for answers, one for the
/// smaller text of thoughts. UI thread.
class BlockStyle : public QObject {
    Q_OBJECT
    QML_ELEMENT
    Q_PROPERTY(QColor text MEMBER text NOTIFY changed)
    Q_PROPERTY(QColor dim MEMBER dim NOTIFY changed)
    Q_PROPERTY(QColor link MEMBER link NOTIFY changed)
    Q_PROPERTY(QColor codeBackground MEMBER codeBackground NOTIFY changed)
    Q_PROPERTY(QColor hairline MEMBER hairline NOTIFY changed)
    Q_PROPERTY(bool dark MEMBER dark NOTIFY changed)
    Q_PROPERTY(QString textFamily MEMBER textFamily NOTIFY changed)
    Q_PROPERTY(QString codeFamily MEMBER codeFamily NOTIFY changed)
    Q_PROPERTY(int textPixels MEMBER textPixels NOTIFY changed)
    Q_PROPERTY(int codePixels MEMBER codePixels NOTIFY changed)
    Q_PROPERTY(double lineHeight MEMBER lineHeight NOTIFY changed)

public:
    using QObject::QObject;

    QColor text, dim, link, codeBackground, hairline;
    bool dark = false;
    QString textFamily, codeFamily;
    int textPixels = 16;
    int codePixels = 14;
    double lineHeight = 1.5; ///< × textPixels

    [[nodiscard]] QFont codeFont(int pixels) const {
        QFont font(codeFamily);
        font.setPixelSize(pixels);
        return font;
    }

signals:
    void changed();
};

} // namespace lapidary::app
