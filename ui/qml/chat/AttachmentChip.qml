pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Controls.impl
import Lapidary.App
import Lapidary.Components

/// An attachment that waits in the composer: what it is, what it costs, and a way to drop it.
Rectangle {
    id: root

    required property Attachment attachment
    required property int index
    /// Of the field that the chip stands in.
    required property real room
    readonly property real wordsWidth: Math.min(Theme.u * (root.attachment.bad ? 110 : 50), root.room - Theme.u * 26)

    signal opened
    signal removed
    signal inlined

    implicitWidth: row.implicitWidth + Theme.u * 1.5
    implicitHeight: Math.max(Theme.u * 12, words.implicitHeight + Theme.u * 3)
    radius: Theme.radius
    color: Theme.raised
    border.width: Theme.line
    border.color: root.attachment.bad ? Theme.fault : Theme.hairline

    Accessible.role: Accessible.Grouping
    Accessible.name: qsTr("%1, %2").arg(root.attachment.name).arg(root.attachment.detail)

    Row {
        id: row

        anchors.verticalCenter: parent.verticalCenter
        leftPadding: Theme.u * 1.5
        spacing: Theme.u * 2

        Item {
            width: Theme.u * 9
            height: width
            anchors.verticalCenter: parent.verticalCenter

            Pressable {
                id: picture

                anchors.fill: parent
                visible: root.attachment.picture && !root.attachment.bad
                focusPolicy: Qt.TabFocus
                text: qsTr("Show %1").arg(root.attachment.name)
                onClicked: root.opened()

                Accessible.role: Accessible.Button
                Accessible.name: text
                Accessible.onPressAction: click()

                contentItem: Thumbnail {
                    image: root.attachment.thumbnail
                }
                background: Item {
                    FocusRing {
                        shown: picture.visualFocus
                    }
                }

                HoverHandler {
                    cursorShape: Qt.PointingHandCursor
                }
            }
            IconImage {
                anchors.centerIn: parent
                visible: !root.attachment.picture || root.attachment.bad
                source: Theme.icon(root.attachment.bad ? "warning" : "file")
                sourceSize: Qt.size(Theme.iconPixels, Theme.iconPixels)
                color: root.attachment.bad ? Theme.fault : Theme.dim
            }
        }
        Column {
            id: words

            anchors.verticalCenter: parent.verticalCenter

            Label {
                width: Math.min(implicitWidth, root.wordsWidth)
                text: root.attachment.name
            }
            Label {
                width: Math.min(implicitWidth, root.wordsWidth)
                text: root.attachment.detail
                font.pixelSize: Theme.smallPixels
                color: root.attachment.bad ? Theme.fault : Theme.dim
                wrapMode: Text.Wrap
                elide: Text.ElideNone
            }
        }
        TextButton {
            anchors.verticalCenter: parent.verticalCenter
            visible: root.attachment.picture && !root.attachment.bad
            flat: true
            text: qsTr("Detail %1").arg(root.attachment.budget || root.attachment.defaultBudget)
            tip: qsTr("At most this many tokens; more show finer detail and take longer to read")
            Accessible.name: qsTr("Detail of %1: at most %2 tokens").arg(root.attachment.name).arg(root.attachment.budget || root.attachment.defaultBudget)
            onClicked: budgets.popup()

            PlainMenu {
                id: budgets

                Instantiator {
                    model: [70, 140, 280, 560, 1120]
                    delegate: PlainMenuItem {
                        required property int modelData

                        text: qsTr("At most %1 tokens").arg(modelData)
                        checkable: true
                        checked: modelData === (root.attachment?.budget || root.attachment?.defaultBudget)
                        onTriggered: root.attachment.budget = modelData
                    }
                    onObjectAdded: (index, object) => budgets.insertItem(index, object as PlainMenuItem)
                }
            }
        }
        TextButton {
            anchors.verticalCenter: parent.verticalCenter
            visible: root.attachment.canBeInline
            flat: true
            text: qsTr("Put inline")
            onClicked: root.inlined()
        }
        IconButton {
            anchors.verticalCenter: parent.verticalCenter
            text: qsTr("Remove %1").arg(root.attachment.name)
            tip: qsTr("Remove")
            icon.source: Theme.icon("close")
            icon.width: Theme.iconPixels * 0.8
            icon.height: Theme.iconPixels * 0.8
            onClicked: root.removed()
        }
    }
}
