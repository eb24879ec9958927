import QtQuick
import QtQuick.Templates as T

/// A line of help that appears beside what the pointer rests on.
T.ToolTip {
    id: root

    x: parent ? Math.round((parent.width - implicitWidth) / 2) : 0
    y: parent ? parent.height + Theme.u : 0
    margins: Theme.u
    padding: Theme.u * 1.5
    leftPadding: Theme.u * 2
    rightPadding: Theme.u * 2
    delay: 500
    implicitWidth: Math.min(contentItem.implicitWidth + leftPadding + rightPadding, Theme.u * 80)
    implicitHeight: contentItem.implicitHeight + topPadding + bottomPadding
    closePolicy: T.Popup.CloseOnEscape | T.Popup.CloseOnPressOutsideParent

    contentItem: Label {
        text: root.text
        font.pixelSize: Theme.smallPixels
        wrapMode: Text.Wrap
        elide: Text.ElideNone
    }

    background: Rectangle {
        color: Theme.raised
        radius: Theme.radius
        border.color: Theme.hairline
        border.width: Theme.line
    }
}
