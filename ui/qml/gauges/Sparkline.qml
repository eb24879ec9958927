import QtQuick
import Lapidary.App
import Lapidary.Components

/// The last minute, one bar a second, the newest on the right.
Item {
    id: root

    required property list<real> values
    required property string name

    implicitHeight: Theme.u * 9

    Accessible.role: Accessible.Graphic
    Accessible.name: root.name
    Accessible.description: root.values.map(value => value.toFixed(0)).join(", ")

    SparklineBars {
        anchors.fill: parent
        values: root.values
        color: Theme.accent
    }
    Rectangle {
        anchors.bottom: parent.bottom
        width: parent.width
        height: Theme.line
        color: Theme.hairline
    }
}
