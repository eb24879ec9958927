pragma ComponentBehavior: Bound

import QtQuick
import Lapidary.Components

/// The scroll bar below what may be wider than its row: there is one only where it is.
Loader {
    id: root

    required property Flickable pane

    parent: pane
    y: pane.height - height
    width: pane.width
    active: pane.contentWidth > pane.width
    sourceComponent: ThinScrollBar {
        orientation: Qt.Horizontal
        size: root.pane.width / Math.max(root.pane.contentWidth, 1)
        position: root.pane.contentX / Math.max(root.pane.contentWidth, 1)
        onPositionChanged: if (pressed)
            root.pane.contentX = position * root.pane.contentWidth
    }
}
