pragma ComponentBehavior: Bound

import QtQuick
import Lapidary.App

/// The words to a PlanBar.
Flow {
    id: root

    required property list<planPart> parts

    spacing: Theme.u * 3

    Repeater {
        model: root.parts

        Row {
            id: entry

            required property planPart modelData

            visible: modelData.bytes > 0
            spacing: Theme.u

            Rectangle {
                anchors.verticalCenter: parent.verticalCenter
                width: Theme.u * 2
                height: width
                radius: 2
                color: Theme.parts[entry.modelData.kind]
                border.width: entry.modelData.kind === Theme.freePart ? 1 : 0
                border.color: Theme.edge
            }
            Label {
                text: entry.modelData.name + " " + entry.modelData.text
                font.pixelSize: Theme.smallPixels
                color: Theme.dim
            }
        }
    }
}
