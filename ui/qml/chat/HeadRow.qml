import QtQuick
import Lapidary.Components

/// Who answers: the model and recipe that wrote it.
ConversationRow {
    id: root

    implicitHeight: Theme.u * 7

    Accessible.role: Accessible.ListItem
    Accessible.name: root.message.summary

    Label {
        x: root.columnX
        y: Theme.u
        width: root.column
        text: root.message.author
        font.weight: Font.Medium
        color: Theme.dim
    }
}
