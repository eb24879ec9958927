import QtQuick
import Lapidary.Components

/// A line between two parts of an answer.
ConversationRow {
    id: root

    implicitHeight: Theme.u * 8

    Rectangle {
        x: root.columnX
        y: Math.round(root.height / 2)
        width: root.column
        height: Theme.line
        color: Theme.hairline
    }
}
