import QtQuick
import QtQuick.Templates as T

/// A surface above the page. Esc and a click outside close it, and focus goes back.
T.Popup {
    id: root

    padding: Theme.u * 4
    margins: Theme.u * 2
    implicitWidth: contentItem.implicitWidth + leftPadding + rightPadding
    implicitHeight: contentItem.implicitHeight + topPadding + bottomPadding
    focus: true
    closePolicy: T.Popup.CloseOnEscape | T.Popup.CloseOnPressOutside

    background: Rectangle {
        color: Theme.raised
        radius: Theme.radius * 1.5
        border.width: Theme.line
        border.color: Theme.hairline

        Rectangle {
            anchors.fill: parent
            anchors.margins: -1
            anchors.topMargin: 2
            anchors.bottomMargin: -4
            z: -1
            radius: Theme.radius * 2
            color: Theme.shade
            opacity: 0.35
        }
    }

    T.Overlay.modal: Rectangle {
        color: Theme.shade
    }
}
