import QtQuick
import Lapidary.App
import Lapidary.Components

/// What every row of the conversation is given, and the column it sets its contents in.
Item {
    id: root

    required property int rowKind
    required property ChatMessage message
    required property BlockListModel blocks
    required property int block
    required property bool inThought
    /// May show another block of its kind: nobody has changed how this one is shown.
    property bool reusable: false
    readonly property real column: Math.min(width - 2 * Theme.gutter, Theme.columnWidth)
    readonly property real columnX: Math.round((width - column) / 2)
}
