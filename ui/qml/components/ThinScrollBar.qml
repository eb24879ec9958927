import QtQuick
import QtQuick.Templates as T

/// A scroll bar that stays out of the way.
T.ScrollBar {
    id: root

    implicitWidth: Theme.u * 2.5
    implicitHeight: Theme.u * 2.5
    padding: 2
    minimumSize: 0.04
    visible: root.policy !== T.ScrollBar.AlwaysOff && root.size < 1
    hoverEnabled: true

    Accessible.role: Accessible.ScrollBar
    Accessible.name: qsTr("Scroll bar")

    contentItem: Rectangle {
        implicitWidth: Theme.u
        implicitHeight: Theme.u
        radius: Math.min(width, height) / 2
        color: root.pressed ? Theme.dim : root.hovered ? Theme.edge : Theme.hairline
    }
}
