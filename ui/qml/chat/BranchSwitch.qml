pragma ComponentBehavior: Bound

import QtQuick
import Lapidary.Components

/// ‹ 2/3 ›: the versions of a message; nothing while there is one.
Loader {
    id: root

    required property int branch
    required property int count

    signal stepped(int direction)

    active: count > 1
    visible: active
    sourceComponent: Row {
        IconButton {
            width: Theme.u * 6
            enabled: root.branch > 1
            text: qsTr("Version before")
            icon.source: Theme.icon("left")
            icon.width: Theme.iconPixels * 0.8
            icon.height: Theme.iconPixels * 0.8
            onClicked: root.stepped(-1)
        }
        Label {
            anchors.verticalCenter: parent.verticalCenter
            text: root.branch + "/" + root.count
            color: Theme.dim
            font.pixelSize: Theme.smallPixels
        }
        IconButton {
            width: Theme.u * 6
            enabled: root.branch < root.count
            text: qsTr("Version after")
            icon.source: Theme.icon("right")
            icon.width: Theme.iconPixels * 0.8
            icon.height: Theme.iconPixels * 0.8
            onClicked: root.stepped(1)
        }
    }
}
