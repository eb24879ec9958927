#include "conversation_view.h"

#include <QMouseEvent>

namespace lapidary::app {

/// What begins in a field of text is the field's, until the pointer leaves it: a field that has
/// scrolled out of sight hears no mouse, so the view takes it from there.
bool ConversationView::childMouseEventFilter(QQuickItem* item, QEvent* event) {
    if (event->type() == QEvent::MouseButtonPress) {
        const auto* mouse = static_cast<QMouseEvent*>(event);
        if (mouse->button() == Qt::LeftButton
            && selection_.press(item, mouse->scenePosition(), mouse->modifiers())) {
            grabMouse();
            setKeepMouseGrab(true);
            return true;
        }
    } else if (event->type() == QEvent::MouseButtonRelease) {
        selection_.release();
    } else if (event->type() == QEvent::MouseMove) {
        const auto* mouse = static_cast<QMouseEvent*>(event);
        if (mouse->buttons() == Qt::LeftButton && selection_.move(mouse->scenePosition())) {
            grabMouse();
            setKeepMouseGrab(true);
            return true;
        }
    }
    return QQuickItem::childMouseEventFilter(item, event);
}

/// In the blank space around the text, from which a finger scrolls.
void ConversationView::mousePressEvent(QMouseEvent* event) {
    const bool finger = event->deviceType() == QInputDevice::DeviceType::TouchScreen;
    if (finger || !selection_.press(nullptr, event->scenePosition(), event->modifiers()))
        event->ignore();
    else
        setKeepMouseGrab(true);
}

void ConversationView::mouseMoveEvent(QMouseEvent* event) {
    selection_.move(event->scenePosition());
}

void ConversationView::mouseReleaseEvent(QMouseEvent*) {
    selection_.release();
    setKeepMouseGrab(false);
}

void ConversationView::mouseUngrabEvent() {
    selection_.release();
    setKeepMouseGrab(false);
}

} // namespace lapidary::app
