import QtQuick
import QtQuick.Controls.impl

/// A line in its place: what happened and what can be done about it.
Rectangle {
    id: root

    property string text: ""
    property color tone: Theme.care
    property string iconName: "warning"
    default property alias actions: buttons.data

    implicitHeight: Math.max(label.implicitHeight, buttons.implicitHeight, Theme.controlHeight) + Theme.u * 3
    radius: Theme.radius
    color: Theme.side
    border.width: Theme.line
    border.color: Theme.hairline

    Accessible.role: Accessible.AlertMessage
    Accessible.name: root.text

    IconImage {
        id: image

        x: Theme.u * 3
        anchors.verticalCenter: parent.verticalCenter
        visible: root.iconName !== ""
        source: visible ? Theme.icon(root.iconName) : ""
        sourceSize: Qt.size(Theme.iconPixels, Theme.iconPixels)
        color: root.tone
    }
    Label {
        id: label

        anchors.left: parent.left
        anchors.leftMargin: image.visible ? Theme.u * 4 + image.width + Theme.u : Theme.u * 3
        anchors.right: buttons.left
        anchors.rightMargin: Theme.u * 2
        anchors.verticalCenter: parent.verticalCenter
        text: root.text
        wrapMode: Text.Wrap
        elide: Text.ElideNone
    }
    Row {
        id: buttons

        anchors.right: parent.right
        anchors.rightMargin: Theme.u * 2
        anchors.verticalCenter: parent.verticalCenter
        spacing: Theme.u
    }
}
