pragma ComponentBehavior: Bound

import QtQuick
import Lapidary.Components

/// The last minute, one bar a second, the newest on the right.
Item {
    id: root

    required property list<real> values
    required property string name
    readonly property real greatest: Math.max(1, ...values)

    implicitHeight: Theme.u * 9

    Accessible.role: Accessible.Graphic
    Accessible.name: root.name
    Accessible.description: root.values.map(value => value.toFixed(0)).join(", ")

    Row {
        anchors.right: parent.right
        height: parent.height
        spacing: 1

        Repeater {
            model: root.values

            Rectangle {
                required property real modelData

                anchors.bottom: parent ? parent.bottom : undefined
                width: Math.max(1, Math.floor(root.width / 60) - 1)
                height: Math.max(1, Math.floor(root.height * modelData / root.greatest))
                color: Theme.accent
            }
        }
    }
    Rectangle {
        anchors.bottom: parent.bottom
        width: parent.width
        height: Theme.line
        color: Theme.hairline
    }
}
