pragma ComponentBehavior: Bound

import QtQuick
import Lapidary.App
import Lapidary.Components

/// How full the context is: system, images, earlier turns, this answer.
Rectangle {
    id: root

    required property ContextGauge context

    implicitHeight: Theme.u * 3
    radius: Theme.u
    color: Theme.parts[7]

    Accessible.role: Accessible.Graphic
    Accessible.name: qsTr("Context used, %1 %").arg(Math.round(root.context.fraction * 100))

    Row {
        anchors.fill: parent

        Repeater {
            model: [root.context.system, root.context.images, root.context.turns, root.context.writing]

            Rectangle {
                required property int index
                required property int modelData

                width: root.context.limit > 0 ? root.width * modelData / root.context.limit : 0
                height: root.height
                color: Theme.parts[[4, 3, 0, 2][index]]
            }
        }
    }
}
