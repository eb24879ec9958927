pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Controls.impl

/// A button with words. `primary` is the one thing to do in its place.
Pressable {
    id: root

    property bool primary: false
    property bool flat: false
    property string tip: ""
    property string shorter: "" ///< what to say where `text` does not fit
    readonly property real shorterWidth: leftPadding + label.x + Math.ceil(shorterText.advanceWidth) + rightPadding
    readonly property bool cut: label.width < label.implicitWidth
    readonly property color tone: primary ? Theme.accentText : root.flat && !root.hovered ? Theme.dim : Theme.text

    implicitHeight: Theme.controlHeight
    implicitWidth: leftPadding + label.x + label.implicitWidth + rightPadding
    leftPadding: Theme.u * (root.flat ? 2 : 3)
    rightPadding: leftPadding
    focusPolicy: Qt.TabFocus
    hoverEnabled: true
    opacity: enabled ? 1 : 0.45

    Accessible.role: root.checkable ? Accessible.CheckBox : Accessible.Button
    Accessible.name: root.text
    Accessible.checkable: root.checkable
    Accessible.checked: root.checked
    Accessible.onPressAction: root.click()

    contentItem: Row {
        spacing: Theme.u * 1.5

        IconImage {
            anchors.verticalCenter: parent.verticalCenter
            visible: root.icon.source.toString() !== ""
            source: root.icon.source
            sourceSize: Qt.size(Theme.iconPixels * 0.9, Theme.iconPixels * 0.9)
            color: root.checked ? Theme.accent : root.tone
        }
        Label {
            id: label

            anchors.verticalCenter: parent.verticalCenter
            width: Math.min(implicitWidth, root.availableWidth - x)
            // The first of the two that fits.
            text: root.shorter === "" ? root.text : root.text + "\u009c" + root.shorter
            color: root.checked && !root.primary ? Theme.accent : root.tone
            font.weight: root.primary ? Font.Medium : Font.Normal
        }
    }

    TextMetrics {
        id: shorterText

        font: label.font
        text: root.shorter === "" ? root.text : root.shorter
    }

    background: Rectangle {
        radius: Theme.radius
        color: root.primary ? Theme.accent : root.down ? Theme.pressed : root.hovered ? Theme.hover : root.flat ? "transparent" : Theme.raised
        border.width: root.flat || root.primary ? 0 : root.checked ? 2 : Theme.line
        border.color: root.checked ? Theme.accent : Theme.hairline

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
