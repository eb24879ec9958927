import QtQuick
import Lapidary.Components

/// One choice of a list in the picker: a mark, a title, a word on the right and a line below.
Pressable {
    id: root

    property string title: ""
    property string figure: ""
    property string line: ""
    property bool usable: true
    property bool warns: false

    implicitHeight: words.implicitHeight + Theme.u * 3
    hoverEnabled: true
    focusPolicy: Qt.TabFocus
    checkable: false
    text: title

    Accessible.role: Accessible.RadioButton
    Accessible.name: root.title
    Accessible.description: root.figure + " " + root.line
    Accessible.checked: root.checked
    Accessible.onPressAction: root.click()

    contentItem: Item {
        Rectangle {
            x: Theme.u * 2
            y: Theme.u * 1.5 + (Theme.uiPixels * 1.3 - height) / 2
            width: Theme.u * 3
            height: width
            radius: width / 2
            color: "transparent"
            border.width: root.checked ? width * 0.33 : 1
            border.color: root.checked ? Theme.accent : Theme.edge
        }
        Column {
            id: words

            x: Theme.u * 7
            y: Theme.u * 1.5
            width: parent.width - x - Theme.u * 2

            Item {
                width: parent.width
                height: name.implicitHeight

                Label {
                    id: name

                    width: parent.width - amount.width - Theme.u * 2
                    text: root.title
                    font.weight: root.checked ? Font.Medium : Font.Normal
                    color: root.usable ? Theme.text : Theme.dim
                }
                Label {
                    id: amount

                    anchors.right: parent.right
                    text: root.figure
                    color: Theme.dim
                }
            }
            Label {
                width: parent.width
                visible: root.line !== ""
                text: root.line
                font.pixelSize: Theme.smallPixels
                color: root.warns ? Theme.care : Theme.dim
                wrapMode: Text.Wrap
                elide: Text.ElideNone
            }
        }
    }
    background: Rectangle {
        radius: Theme.radius
        color: root.down ? Theme.pressed : root.hovered ? Theme.hover : "transparent"

        FocusRing {
            anchors.margins: 0
            shown: root.visualFocus
        }
    }
}
