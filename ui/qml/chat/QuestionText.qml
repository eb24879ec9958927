pragma ComponentBehavior: Bound

import QtQuick
import Lapidary.App
import Lapidary.Components

/// A question as it was typed; only fenced code is set as code.
Column {
    id: root

    required property ChatMessage message
    required property real maximumWidth
    /// False: its first blocks are enough.
    required property bool whole
    readonly property int fewBlocks: 24
    readonly property bool cut: !whole && message.answer.count > fewBlocks

    spacing: Theme.u * 2
    Component.onCompleted: root.message.readBlocks()

    Repeater {
        model: root.cut ? root.fewBlocks : root.message.answer.count

        Item {
            id: block

            required property int index

            width: Math.min(body.document.naturalWidth + 1, root.maximumWidth)
            height: body.implicitHeight

            BlockText {
                id: body

                width: root.maximumWidth
                blocks: root.message.answer
                row: block.index
            }
        }
    }
}
