pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Controls.impl
import Lapidary.App
import Lapidary.Components

/// An attachment of a message: a thumbnail that opens the picture, with what it costs, or a file
/// with its name.
Pressable {
    id: root

    required property Attachment attachment
    readonly property bool opens: attachment.picture && !attachment.bad
    readonly property real side: Theme.u * 24

    implicitWidth: attachment.picture ? side : file.implicitWidth + Theme.u * 4
    implicitHeight: attachment.picture ? side + cost.implicitHeight + Theme.u : Theme.controlHeight
    enabled: root.opens
    focusPolicy: root.opens ? Qt.TabFocus : Qt.NoFocus
    hoverEnabled: true
    text: root.attachment.name

    Accessible.role: root.opens ? Accessible.Button : Accessible.Graphic
    Accessible.name: root.opens ? qsTr("Show %1").arg(root.attachment.name) : root.attachment.name
    Accessible.description: root.attachment.detail
    Accessible.onPressAction: root.click()

    contentItem: Item {
        Thumbnail {
            width: root.side
            height: root.side
            visible: root.opens
            image: root.attachment.thumbnail
            radius: Theme.radius
        }
        IconImage {
            x: (root.side - width) / 2
            y: x
            visible: root.attachment.picture && root.attachment.bad
            source: Theme.icon("warning")
            sourceSize: Qt.size(Theme.iconPixels, Theme.iconPixels)
            color: Theme.fault
        }
        Label {
            id: cost

            y: root.side + Theme.u
            width: root.side
            visible: root.attachment.picture
            text: root.attachment.detail
            font.pixelSize: Theme.smallPixels
            color: root.attachment.bad ? Theme.fault : Theme.dim
            wrapMode: root.attachment.bad ? Text.Wrap : Text.NoWrap
            maximumLineCount: 4
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
    background: Rectangle {
        width: root.width
        height: root.attachment.picture ? root.side : root.height
        radius: Theme.radius
        color: root.attachment.picture ? Theme.hover : Theme.raised
        border.width: root.attachment.picture ? 0 : Theme.line
        border.color: Theme.hairline

        FocusRing {
            shown: root.visualFocus
        }
    }

    HoverHandler {
        enabled: root.opens
        cursorShape: Qt.PointingHandCursor
    }
}
