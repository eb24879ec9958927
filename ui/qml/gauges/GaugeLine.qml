import QtQuick
import Lapidary.Components

/// A name and its value.
Item {
    id: root

    required property string name
    required property string value

    implicitHeight: label.implicitHeight + Theme.u * 0.5
    width: parent ? (parent as Item).width : 0

    Label {
        id: label

        text: root.name
        font.pixelSize: Theme.smallPixels
        color: Theme.dim
    }
    Label {
        anchors.right: parent.right
        text: root.value
        font.pixelSize: Theme.smallPixels
    }
}
