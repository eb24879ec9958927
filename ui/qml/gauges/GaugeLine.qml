import QtQuick
import Lapidary.Components

/// A name and its value, with a mark in the colour of its part of a bar.
Item {
    id: root

    required property string name
    required property string value
    property color mark: "transparent"

    implicitHeight: label.implicitHeight + Theme.u * 0.5
    width: parent ? (parent as Item).width : 0

    Rectangle {
        anchors.verticalCenter: label.verticalCenter
        width: Theme.u * 2
        height: width
        radius: 2
        visible: root.mark.a > 0
        color: root.mark
        border.width: 1
        border.color: Theme.hairline
    }
    Label {
        id: label

        x: root.mark.a > 0 ? Theme.u * 3.5 : 0
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
