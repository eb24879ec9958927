import QtQuick
import Lapidary.Components

/// A paragraph, heading or run of list items.
ConversationRow {
    id: root

    readonly property real gap: Theme.u * 1.5
    // A paragraph that goes on from the row above takes back the gap that row ends with.
    readonly property real lead: body.document.continuing ? -gap : root.message.thoughtOpen && !root.inThought && root.block === 0 ? gap * 2 : body.document.heading > 0 && root.block > 0 ? Theme.u * 4 : gap
    readonly property bool growing: root.message.busy && root.block === root.blocks.count - 1 && !root.inThought

    signal linkChosen(string address)

    reusable: true
    implicitHeight: lead + body.implicitHeight + gap

    Rectangle {
        x: root.columnX
        width: 2
        height: root.height
        visible: root.inThought
        color: Theme.hairline
    }
    QuoteBars {
        id: bars

        x: body.x - indent
        height: root.height
        depth: body.document.quoteDepth
    }
    BlockText {
        id: body

        x: root.columnX + (root.inThought ? Theme.u * 4 : 0) + bars.indent
        y: root.lead
        width: root.column - (x - root.columnX)
        blocks: root.blocks
        row: root.block
        style: root.inThought ? Theme.thought : Theme.answer
        onLinkActivated: link => root.linkChosen(link)
    }
    Rectangle {
        readonly property rect end: root.growing ? body.positionToRectangle(body.length + 0 * body.implicitHeight) : Qt.rect(0, 0, 0, 0)

        x: body.x + end.x + 2
        y: body.y + end.y + (end.height - height) / 2
        width: 2
        height: Theme.bodyPixels * 1.2
        visible: root.growing
        color: Theme.accent
    }
}
