import QtQuick
import QtQuick.Controls.impl
import QtQuick.Templates as T

/// One action of a menu.
T.MenuItem {
    id: root

    property color tone: Theme.text
    property string keys: ""

    implicitHeight: Theme.controlHeight
    implicitWidth: row.implicitWidth + leftPadding + rightPadding + Theme.u * 6
    leftPadding: Theme.u * 2.5
    rightPadding: Theme.u * 2.5
    opacity: enabled ? 1 : 0.45

    Accessible.role: Accessible.MenuItem
    Accessible.name: root.text

    contentItem: Item {
        Row {
            id: row

            anchors.verticalCenter: parent.verticalCenter
            spacing: Theme.u * 2

            IconImage {
                anchors.verticalCenter: parent.verticalCenter
                visible: root.icon.source.toString() !== ""
                source: root.icon.source
                sourceSize: Qt.size(Theme.iconPixels * 0.85, Theme.iconPixels * 0.85)
                color: root.tone === Theme.text ? Theme.dim : root.tone
            }
            IconImage {
                anchors.verticalCenter: parent.verticalCenter
                visible: root.checkable
                opacity: root.checked ? 1 : 0
                source: Theme.icon("check")
                sourceSize: Qt.size(Theme.iconPixels * 0.85, Theme.iconPixels * 0.85)
                color: Theme.accent
            }
            Label {
                anchors.verticalCenter: parent.verticalCenter
                text: root.text
                color: root.tone
            }
        }
        Label {
            anchors.right: parent.right
            anchors.verticalCenter: parent.verticalCenter
            text: root.keys
            color: Theme.dim
            font.pixelSize: Theme.smallPixels
        }
    }

    background: Rectangle {
        radius: Theme.radius - 2
        color: root.highlighted ? Theme.hover : "transparent"
    }
}
