pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Controls.impl

/// A button that is one icon. `text` names it, for the tip and for assistive programs.
Pressable {
    id: root

    property string tip: text
    property color tone: Theme.dim
    property color paint: root.checked ? Theme.accent : root.hovered ? Theme.text : root.tone

    implicitWidth: Theme.controlHeight
    implicitHeight: Theme.controlHeight
    focusPolicy: Qt.TabFocus
    hoverEnabled: true
    opacity: enabled ? 1 : 0.4
    icon.width: Theme.iconPixels
    icon.height: Theme.iconPixels

    Accessible.role: Accessible.Button
    Accessible.name: root.text
    Accessible.onPressAction: root.click()

    contentItem: Item {
        IconImage {
            anchors.centerIn: parent
            source: root.icon.source
            sourceSize: Qt.size(root.icon.width, root.icon.height)
            color: root.paint
        }
    }

    background: Rectangle {
        radius: Theme.radius
        color: root.down ? Theme.pressed : root.hovered ? Theme.hover : "transparent"

        FocusRing {
            shown: root.visualFocus
        }
    }

    Loader {
        active: root.hovered && root.tip !== ""
        sourceComponent: Tip {
            parent: root
            text: root.tip
            visible: root.hovered && !root.down
        }
    }
}
