pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Templates as T
import Lapidary.Components

/// All keys, from the one list of actions.
Popover {
    id: root

    required property list<T.Action> actions

    modal: true

    contentItem: Flickable {
        implicitHeight: column.implicitHeight
        implicitWidth: Theme.u * 110
        contentHeight: column.implicitHeight
        boundsBehavior: Flickable.StopAtBounds
        clip: true
        focus: true
        Keys.onDownPressed: contentY = Math.min(contentHeight - height, contentY + Theme.u * 10)
        Keys.onUpPressed: contentY = Math.max(0, contentY - Theme.u * 10)

        Accessible.role: Accessible.List
        Accessible.name: qsTr("Keys of the program")

        Column {
            id: column

            width: parent.width
            spacing: Theme.u

            Label {
                text: qsTr("Keys")
                font.pixelSize: Theme.titlePixels
                font.weight: Font.DemiBold
                bottomPadding: Theme.u * 2
            }
            Repeater {
                model: root.actions

                Item {
                    id: entry

                    required property T.Action modelData

                    width: column.width
                    height: Theme.u * 6

                    Label {
                        anchors.verticalCenter: parent.verticalCenter
                        text: entry.modelData.text
                    }
                    Label {
                        anchors.right: parent.right
                        anchors.verticalCenter: parent.verticalCenter
                        text: entry.modelData.shortcut
                        color: Theme.dim
                    }
                }
            }
        }
    }
}
