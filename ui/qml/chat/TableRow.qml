pragma ComponentBehavior: Bound

import QtQuick
import Lapidary.App
import Lapidary.Components

/// A table, as wide as the zone when it needs to be, with its own scrolling beyond.
ConversationRow {
    id: root

    // Of one field: a row that comes lays out all rows of its field.
    readonly property int pieceRows: 16
    readonly property bool growing: root.message.busy && root.block === root.blocks.count - 1
    readonly property real room: root.width - 2 * Theme.gutter
    readonly property real wanted: body.document.tableWidth
    readonly property real shownWidth: Math.min(wanted, Math.max(root.column, room))

    signal copyRequested(string text)
    signal linkChosen(string address)

    reusable: flick.contentX === 0
    implicitHeight: flick.height + Theme.u * 6

    HoverHandler {
        id: hover
    }
    Rectangle {
        x: flick.x - 1
        y: flick.y - 1
        width: flick.width + 2
        height: flick.height + 2
        radius: Theme.radius
        color: "transparent"
        border.width: Theme.line
        border.color: Theme.hairline
    }
    Flickable {
        id: flick

        x: Math.round(root.wanted <= root.column ? root.columnX : (root.width - root.shownWidth) / 2)
        y: Theme.u * 3
        width: root.shownWidth
        height: pieces.implicitHeight + (bar.active ? Theme.u * 3 : 0)
        contentWidth: root.wanted
        contentHeight: pieces.implicitHeight
        flickableDirection: Flickable.HorizontalFlick
        boundsBehavior: Flickable.StopAtBounds
        interactive: contentWidth > width
        clip: true

        Column {
            id: pieces

            TablePiece {
                id: body

                width: root.wanted
                blocks: root.blocks
                row: root.block
                lineLimit: root.pieceRows
                growing: root.growing
                style: root.inThought ? Theme.thought : Theme.answer
                onLinkActivated: link => root.linkChosen(link)
            }
            Repeater {
                model: PieceModel {
                    count: Math.ceil(body.document.lineCount / root.pieceRows) - 1
                }

                TablePiece {
                    required property int index

                    width: root.wanted
                    blocks: root.blocks
                    row: root.block
                    firstLine: (index + 1) * root.pieceRows
                    lineLimit: root.pieceRows
                    before: body.document
                    style: body.style
                    onLinkActivated: link => root.linkChosen(link)
                }
            }
        }
        SidewaysBar {
            id: bar

            pane: flick
        }
    }
    ActionBar {
        // Beside the table where there is room, else above its right end.
        x: Math.min(flick.x + flick.width + Theme.u, root.width - Theme.gutter - width)
        y: flick.y
        shown: hover.hovered
        name: qsTr("Copy this table")
        actions: Row {
            CopyButton {
                text: qsTr("Copy the table as Markdown")
                onClicked: root.copyRequested(body.document.markdown())
            }
            TextButton {
                flat: true
                text: qsTr("CSV")
                tip: qsTr("Copy the table as comma-separated values")
                onClicked: root.copyRequested(body.document.commaSeparated())
            }
        }

        Rectangle {
            z: -1
            anchors.fill: parent
            radius: Theme.radius
            color: Theme.page
        }
    }
}
