import QtQuick
import Lapidary.Components

/// A question that fills the field.
Pressable {
    id: root

    required property string title
    required property string question

    implicitHeight: words.implicitHeight + Theme.u * 6
    hoverEnabled: true
    focusPolicy: Qt.TabFocus
    text: title

    Accessible.role: Accessible.Button
    Accessible.name: root.title
    Accessible.description: root.question
    Accessible.onPressAction: root.click()

    contentItem: Item {
        Column {
            id: words

            x: Theme.u * 3
            y: Theme.u * 3
            width: parent.width - Theme.u * 6
            spacing: Theme.u

            Label {
                width: parent.width
                text: root.title
                font.weight: Font.Medium
            }
            Label {
                width: parent.width
                height: Math.ceil(Theme.smallPixels * 1.3) * 2 // all cards are of one height
                text: root.question
                color: Theme.dim
                wrapMode: Text.Wrap
                maximumLineCount: 2
                font.pixelSize: Theme.smallPixels
            }
        }
    }
    background: Rectangle {
        radius: Theme.radius
        color: root.down ? Theme.pressed : root.hovered ? Theme.hover : Theme.page
        border.width: Theme.line
        border.color: Theme.hairline

        FocusRing {
            shown: root.visualFocus
        }
    }
}
