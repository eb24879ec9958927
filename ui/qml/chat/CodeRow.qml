pragma ComponentBehavior: Bound

import QtQuick
import Lapidary.App
import Lapidary.Components

/// A block of code: its language, what can be done with it, and the code with its own scrolling.
ConversationRow {
    id: root

    readonly property int foldedLines: 40
    // Of one field: a frame costs what the lines of the field cost that grows.
    readonly property int pieceLines: 100
    readonly property int furtherPieces: unfolded ? Math.ceil(body.document.lineCount / pieceLines) - 1 : 0
    property real furtherWidest: 0
    readonly property real widest: Math.max(body.document.naturalWidth, furtherWidest)
    // In few steps: each lays all lines out again.
    readonly property real codeWidth: wrapped || widest <= flick.width ? flick.width : flick.width + Math.ceil((widest - flick.width) / 400) * 400
    readonly property bool growing: root.message.busy && root.block === root.blocks.count - 1
    property bool unfolded: root.message.busy
    property bool wrapped: false
    readonly property bool folds: body.document.lineCount > foldedLines && !unfolded
    readonly property real indent: body.document.indent * Theme.u * 6 + body.document.quoteDepth * Theme.u * 4 + (root.inThought ? Theme.u * 4 : 0)

    signal copyRequested(string text)

    reusable: !wrapped && !unfolded && furtherWidest === 0 && flick.contentX === 0
    implicitHeight: box.implicitHeight + Theme.u * 4

    QuoteBars {
        x: box.x - indent
        height: root.height
        depth: body.document.quoteDepth
    }
    Rectangle {
        id: box

        x: root.columnX + root.indent
        y: Theme.u * 2
        width: root.column - root.indent
        implicitHeight: head.height + flick.height + (more.active ? more.height : 0) + Theme.u * 2
        height: implicitHeight
        radius: Theme.radius
        color: Theme.code
        border.width: Theme.line
        border.color: Theme.hairline

        Item {
            id: head

            width: box.width
            height: Theme.controlHeight + Theme.u

            Label {
                anchors.verticalCenter: parent.verticalCenter
                x: Theme.u * 3
                text: body.document.language === "" ? qsTr("Text", "language of a code block") : body.document.language
                font.pixelSize: Theme.smallPixels
                color: Theme.dim
            }
            ActionBar {
                anchors.right: parent.right
                anchors.rightMargin: Theme.u
                anchors.verticalCenter: parent.verticalCenter
                shown: true
                name: qsTr("Actions of this code")
                actions: Row {
                    IconButton {
                        checkable: true
                        checked: root.wrapped
                        text: qsTr("Wrap long lines")
                        icon.source: Theme.icon("wrap")
                        icon.width: Theme.iconPixels * 0.85
                        icon.height: Theme.iconPixels * 0.85
                        onToggled: root.wrapped = checked
                    }
                    CopyButton {
                        text: qsTr("Copy code")
                        onClicked: root.copyRequested(body.document.code())
                    }
                }
            }
        }
        Flickable {
            id: flick

            x: Theme.u * 3
            y: head.height
            width: box.width - Theme.u * 6
            height: pieces.implicitHeight + (bar.active ? Theme.u * 3 : Theme.u)
            contentWidth: root.wrapped ? width : Math.max(width, root.widest)
            contentHeight: pieces.implicitHeight
            flickableDirection: Flickable.HorizontalFlick
            boundsBehavior: Flickable.StopAtBounds
            interactive: !root.wrapped && contentWidth > width
            clip: true

            SidewaysBar {
                id: bar

                pane: flick
            }
            Column {
                id: pieces

                BlockText {
                    id: body

                    width: root.codeWidth
                    wrapMode: root.wrapped ? TextEdit.Wrap : TextEdit.NoWrap
                    font.family: Theme.codeFamily
                    font.pixelSize: Theme.codePixels
                    blocks: root.blocks
                    row: root.block
                    lineLimit: root.unfolded ? root.pieceLines : root.foldedLines
                    style: root.inThought ? Theme.thought : Theme.answer
                }
                Repeater {
                    id: further

                    model: PieceModel {
                        count: root.furtherPieces
                    }

                    BlockText {
                        id: lines

                        required property int index
                        readonly property BlockText previous: index > 0 ? further.itemAt(index - 1) as BlockText : body

                        width: root.codeWidth
                        wrapMode: body.wrapMode
                        font: body.font
                        blocks: root.blocks
                        row: root.block
                        firstLine: (index + 1) * root.pieceLines
                        lineLimit: root.pieceLines
                        before: previous?.document ?? null
                        style: body.style

                        Connections {
                            target: lines.document

                            function onShownChanged() {
                                root.furtherWidest = Math.max(root.furtherWidest, lines.document.naturalWidth);
                            }
                        }
                    }
                }
            }
        }
        Loader {
            id: more

            x: Theme.u
            y: flick.y + flick.height
            active: root.folds
            sourceComponent: TextButton {
                flat: true
                text: qsTr("Show all %1 lines").arg(body.document.lineCount)
                onClicked: root.unfolded = true
            }
        }
    }
}
