pragma ComponentBehavior: Bound

import QtQuick
import Lapidary.Components

/// The bars to the left of quoted blocks, one for each depth.
Row {
    id: root

    required property int depth
    readonly property real step: Theme.u * 4
    readonly property real indent: Math.min(depth, 8) * step

    visible: depth > 0
    spacing: step - 3

    Repeater {
        model: Math.min(root.depth, 8)

        Rectangle {
            width: 3
            height: root.height
            radius: 1.5
            color: Theme.hairline
        }
    }
}
