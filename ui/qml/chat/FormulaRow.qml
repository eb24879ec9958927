import QtQuick
import Lapidary.Components

/// A display formula: its source, in code.
ConversationRow {
    id: root

    signal copyRequested(string text)

    implicitHeight: box.height + Theme.u * 4

    Rectangle {
        id: box

        x: root.columnX
        y: Theme.u * 2
        width: root.column
        height: body.implicitHeight + Theme.u * 4
        radius: Theme.radius
        color: Theme.code

        BlockText {
            id: body

            x: Theme.u * 4
            y: Theme.u * 2
            width: box.width - Theme.u * 14
            blocks: root.blocks
            row: root.block
            style: root.inThought ? Theme.thought : Theme.answer
        }
        CopyButton {
            anchors.right: parent.right
            anchors.rightMargin: Theme.u
            anchors.verticalCenter: parent.verticalCenter
            text: qsTr("Copy TeX")
            onClicked: root.copyRequested(body.document.code())
        }
    }
}
