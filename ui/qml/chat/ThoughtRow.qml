pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Controls.impl
import Lapidary.Components

/// The reasoning pane's header and, while it reasons, its last three lines.
ConversationRow {
    id: root

    readonly property bool live: root.message.thinking && !root.message.thoughtOpen
    readonly property real lineHeight: Math.round(Theme.thought.textPixels * 1.5)

    implicitHeight: header.height + (live ? 3 * lineHeight + Theme.u : 0) + Theme.u * 2

    Pressable {
        id: header

        x: root.columnX - Theme.u * 2
        y: Theme.u
        width: content.implicitWidth + Theme.u * 4
        height: Theme.controlHeight
        hoverEnabled: true
        text: root.message.thoughtHeader
        onClicked: root.message.thoughtOpen = !root.message.thoughtOpen

        Accessible.role: Accessible.Button
        Accessible.name: root.message.thoughtOpen ? qsTr("%1, fold the thought").arg(header.text) : qsTr("%1, show the thought").arg(header.text)
        Accessible.onPressAction: header.click()

        contentItem: Row {
            id: content

            leftPadding: Theme.u * 2
            spacing: Theme.u

            IconImage {
                anchors.verticalCenter: parent.verticalCenter
                source: Theme.icon(root.message.thoughtOpen ? "down" : "right")
                sourceSize: Qt.size(Theme.iconPixels * 0.8, Theme.iconPixels * 0.8)
                color: Theme.dim
            }
            Label {
                anchors.verticalCenter: parent.verticalCenter
                text: header.text
                color: Theme.dim
            }
        }
        background: Rectangle {
            radius: Theme.radius
            color: header.hovered ? Theme.hover : "transparent"

            FocusRing {
                shown: header.visualFocus
            }
        }
    }
    Item {
        x: root.columnX + Theme.u * 4
        y: header.y + header.height
        width: root.column - Theme.u * 4
        height: 3 * root.lineHeight
        visible: root.live
        clip: true

        Label {
            id: tail

            width: parent.width
            y: Math.min(0, parent.height - height)
            text: root.live ? root.message.thoughtTail : ""
            font.pixelSize: Theme.thought.textPixels
            lineHeight: root.lineHeight
            lineHeightMode: Text.FixedHeight
            wrapMode: Text.Wrap
            elide: Text.ElideNone
            color: Theme.dim
        }
        Rectangle {
            width: parent.width
            height: root.lineHeight * 1.4
            visible: tail.y < 0
            gradient: Gradient {
                GradientStop {
                    position: 0
                    color: Theme.page
                }
                GradientStop {
                    position: 1
                    color: "transparent"
                }
            }
        }
    }
    Rectangle {
        x: root.columnX
        y: header.y + header.height
        width: 2
        height: root.height - y
        visible: root.live || root.message.thoughtOpen
        color: Theme.hairline
    }
}
