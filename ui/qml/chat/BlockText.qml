import QtQuick
import Lapidary.App
import Lapidary.Components

/// One block of text, code or table: a read-only field whose document C++ builds.
TextEdit {
    id: root

    required property BlockListModel blocks
    required property int row
    property alias style: document.style
    property alias lineLimit: document.lineLimit
    property alias firstLine: document.firstLine
    property alias before: document.before
    property alias growing: document.growing
    readonly property alias document: document

    readOnly: true
    selectByMouse: true
    selectByKeyboard: true
    textFormat: TextEdit.PlainText
    wrapMode: TextEdit.Wrap
    color: Theme.text
    selectionColor: Theme.selection
    selectedTextColor: Theme.text
    font.family: Theme.textFamily
    font.pixelSize: Theme.bodyPixels
    activeFocusOnTab: false

    Accessible.role: Accessible.Paragraph
    Accessible.name: document.spoken

    HoverHandler {
        cursorShape: root.hoveredLink !== "" ? Qt.PointingHandCursor : Qt.IBeamCursor
    }

    BlockDocument {
        id: document

        target: root.textDocument
        blocks: root.blocks
        row: root.row
        style: Theme.answer
    }
}
