import QtQuick
import QtQuick.Controls.impl
import Lapidary.App
import Lapidary.Components

/// An attachment of a message: a thumbnail, or a file with its name.
Rectangle {
    id: root

    required property Attachment attachment
    readonly property real side: Theme.u * 24

    implicitWidth: attachment.picture ? side : file.implicitWidth + Theme.u * 4
    implicitHeight: attachment.picture ? side : Theme.controlHeight
    radius: Theme.radius
    color: attachment.picture ? Theme.hover : Theme.raised
    border.width: attachment.picture ? 0 : Theme.line
    border.color: Theme.hairline

    Accessible.role: Accessible.Graphic
    Accessible.name: root.attachment.name
    Accessible.description: root.attachment.detail

    Thumbnail {
        anchors.fill: parent
        visible: root.attachment.picture
        image: root.attachment.thumbnail
        radius: Theme.radius
    }
    Row {
        id: file

        anchors.centerIn: parent
        visible: !root.attachment.picture
        spacing: Theme.u * 1.5

        IconImage {
            anchors.verticalCenter: parent.verticalCenter
            source: Theme.icon("file")
            sourceSize: Qt.size(Theme.iconPixels * 0.85, Theme.iconPixels * 0.85)
            color: Theme.dim
        }
        Label {
            text: root.attachment.name
        }
        Label {
            text: root.attachment.detail
            color: Theme.dim
        }
    }
}
