pragma ComponentBehavior: Bound

import QtQuick
import Lapidary.App

/// Memory by part, in the same order and colours everywhere. `outline` draws a frame as long as
/// the plan around what was measured.
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
        clip: true

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
    Rectangle {
        readonly property real planned: root.outline.reduce((sum, part) => sum + part.fraction, 0)

        width: root.width * Math.min(1, planned)
        height: root.height
        visible: planned > 0
        color: "transparent"
        border.width: 1
        border.color: Theme.edge
    }
}
