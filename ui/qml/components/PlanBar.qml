pragma ComponentBehavior: Bound

import QtQuick
import Lapidary.App

/// Memory by part, in the same order and colours everywhere. `outline` draws the plan around what
/// was measured.
Item {
    id: root

    required property list<planPart> parts
    property list<planPart> outline: []
    property string name: qsTr("Memory by part")

    implicitHeight: Theme.u * 3

    Accessible.role: Accessible.Graphic
    Accessible.name: root.name
    Accessible.description: root.parts.map(part => part.name + " " + part.text).join(", ")

    Rectangle {
        anchors.fill: parent
        radius: Theme.u
        color: Theme.parts[7]
    }
    Row {
        anchors.fill: parent

        Repeater {
            model: root.parts

            Rectangle {
                required property planPart modelData

                width: root.width * Math.max(0, Math.min(1, modelData.fraction))
                height: root.height
                color: Theme.parts[modelData.kind]
                visible: modelData.kind !== Theme.freePart
            }
        }
    }
    Row {
        anchors.fill: parent

        Repeater {
            model: root.outline

            Rectangle {
                required property planPart modelData

                width: root.width * Math.max(0, Math.min(1, modelData.fraction))
                height: root.height
                color: "transparent"
                border.width: 1
                border.color: Theme.edge
                visible: modelData.kind < Theme.windowPart && modelData.fraction > 0.004
            }
        }
    }
}
