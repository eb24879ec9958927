pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Templates as T
import Lapidary.App
import Lapidary.Components

/// A question in the place where it stands, to be changed.
Column {
    id: root

    required property ChatMessage message
    required property bool savable

    signal cancelled
    signal saved(string text, bool ask)

    function begin() {
        field.forceActiveFocus();
        field.cursorPosition = field.length;
    }

    spacing: Theme.u * 2

    T.TextArea {
        id: field

        width: parent.width
        implicitHeight: contentHeight + Theme.u * 2
        textFormat: TextEdit.PlainText
        wrapMode: TextEdit.Wrap
        text: root.message.text
        color: Theme.text
        selectionColor: Theme.selection
        selectedTextColor: Theme.text
        font.family: Theme.textFamily
        font.pixelSize: Theme.bodyPixels
        selectByMouse: true

        Accessible.name: qsTr("Edit the question")
        Keys.onEscapePressed: root.cancelled()
        Keys.onTabPressed: save.forceActiveFocus(Qt.TabFocusReason)
        Keys.onReturnPressed: event => {
            event.accepted = event.modifiers & Qt.ControlModifier;
            if (event.accepted)
                save.clicked();
        }
    }
    Row {
        spacing: Theme.u * 2

        TextButton {
            id: save

            primary: true
            text: qsTr("Save and ask")
            enabled: root.savable && field.text.trim() !== ""
            onClicked: root.saved(field.text, true)
        }
        TextButton {
            text: qsTr("Save only")
            enabled: save.enabled
            onClicked: root.saved(field.text, false)
        }
        TextButton {
            flat: true
            text: qsTr("Cancel")
            onClicked: root.cancelled()
        }
    }
}
