pragma ComponentBehavior: Bound

import QtQuick
import Lapidary.App
import Lapidary.Components

/// Some rows of a table and the lines between them; the first of its pieces has the header.
Item {
    id: root

    required property BlockListModel blocks
    required property int row
    property alias style: body.style
    property alias firstLine: body.firstLine
    property alias lineLimit: body.lineLimit
    property alias before: body.before
    property alias growing: body.growing
    readonly property alias document: body.document

    signal linkActivated(string link)

    height: body.implicitHeight

    Rectangle {
        width: root.width
        height: body.document.rowTops.length > 0 ? body.document.rowTops[0] : body.height
        visible: root.firstLine === 0
        color: Theme.code
    }
    Repeater {
        model: PieceModel {
            count: body.document.rowTops.length
        }

        Rectangle {
            required property int index

            y: Math.round(body.document.rowTops[index] ?? 0)
            width: root.width
            height: Theme.line
            color: Theme.hairline
        }
    }
    BlockText {
        id: body

        width: root.width
        blocks: root.blocks
        row: root.row
        Accessible.role: Accessible.Table
        onLinkActivated: link => root.linkActivated(link)
    }
}
