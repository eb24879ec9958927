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

    signal removed
    signal inlined

    implicitWidth: Math.min(row.implicitWidth + Theme.u * 3, Theme.u * 90)
    implicitHeight: Theme.u * 12
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

            Thumbnail {
                anchors.fill: parent
                visible: root.attachment.picture && !root.attachment.bad
                image: root.attachment.thumbnail
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
            anchors.verticalCenter: parent.verticalCenter

            Label {
                width: Math.min(implicitWidth, Theme.u * 50)
                text: root.attachment.name
            }
            Label {
                width: Math.min(implicitWidth, Theme.u * 60)
                text: root.attachment.detail
                font.pixelSize: Theme.smallPixels
                color: root.attachment.bad ? Theme.fault : Theme.dim
            }
        }
        TextButton {
            anchors.verticalCenter: parent.verticalCenter
            visible: root.attachment.picture && !root.attachment.bad
            flat: true
            text: qsTr("Detail")
            tip: qsTr("How many tokens the picture may cost")
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
            visible: root.attachment.pasted && !root.attachment.bad
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
