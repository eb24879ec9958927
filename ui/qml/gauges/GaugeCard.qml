import QtQuick
import QtQuick.Controls.impl
import Lapidary.Components

/// One gauge: its title, main number, and what is below when it is unfolded.
Item {
    id: root

    required property string title
    property string figure: ""
    property string note: ""
    property bool folded: false
    default property alias contents: body.data

    implicitHeight: head.height + (folded ? 0 : inside.height + Theme.u * 4)

    Accessible.role: Accessible.Grouping
    Accessible.name: root.figure === "" ? root.title : root.title + ": " + root.figure

    Pressable {
        id: head

        width: parent.width
        height: Theme.u * 10
        hoverEnabled: true
        text: root.title
        onClicked: root.folded = !root.folded

        Accessible.role: Accessible.Button
        Accessible.name: root.folded ? qsTr("Unfold %1").arg(root.title) : qsTr("Fold %1").arg(root.title)
        Accessible.onPressAction: head.click()

        contentItem: Item {
            IconImage {
                id: arrow

                x: Theme.u * 2
                anchors.verticalCenter: parent.verticalCenter
                source: Theme.icon(root.folded ? "right" : "down")
                sourceSize: Qt.size(Theme.iconPixels * 0.7, Theme.iconPixels * 0.7)
                color: Theme.dim
            }
            Label {
                anchors.left: arrow.right
                anchors.leftMargin: Theme.u
                anchors.verticalCenter: parent.verticalCenter
                text: root.title
                font.weight: Font.Medium
            }
            Label {
                anchors.right: parent.right
                anchors.rightMargin: Theme.u * 4
                anchors.verticalCenter: parent.verticalCenter
                text: root.figure
            }
        }
        background: Rectangle {
            anchors.fill: parent
            anchors.leftMargin: Theme.u
            anchors.rightMargin: Theme.u
            radius: Theme.radius
            color: head.hovered ? Theme.hover : "transparent"

            FocusRing {
                anchors.margins: 0
                shown: head.visualFocus
            }
        }
    }
    Column {
        id: inside

        x: Theme.u * 4
        anchors.top: head.bottom
        width: parent.width - Theme.u * 8
        visible: !root.folded
        spacing: Theme.u * 2

        Label {
            width: parent.width
            visible: root.note !== ""
            text: root.note
            color: Theme.dim
            font.pixelSize: Theme.smallPixels
            wrapMode: Text.Wrap
            elide: Text.ElideNone
        }
        Column {
            id: body

            width: parent.width
            visible: root.note === ""
            spacing: Theme.u * 2
        }
    }
    Rectangle {
        anchors.bottom: parent.bottom
        x: Theme.u * 4
        width: parent.width - Theme.u * 8
        height: Theme.line
        color: Theme.hairline
    }
}
