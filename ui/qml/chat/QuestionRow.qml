pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Templates as T
import Lapidary.App
import Lapidary.Components

/// What the person wrote: a tinted box, its attachments, and the editor in its place.
ConversationRow {
    id: root

    required property ChatModel chat
    property bool editing: false
    property bool unfolded: false
    readonly property real foldHeight: 20 * Theme.bodyPixels * 1.55
    readonly property bool folds: !unfolded && text.implicitHeight > foldHeight + Theme.u * 8
    readonly property real inner: column - Theme.u * 8

    signal pictureChosen(Attachment attachment)

    function edit() {
        root.editing = true;
        editor.forceActiveFocus();
        editor.cursorPosition = editor.length;
    }

    implicitHeight: box.y + box.height + Theme.controlHeight + Theme.u * 2

    Accessible.role: Accessible.ListItem
    Accessible.name: root.message.summary

    Connections {
        target: root.chat

        function onEditRequested(messageId: string) {
            if (messageId === root.message.messageId)
                root.edit();
        }
    }
    HoverHandler {
        id: hover
    }
    Rectangle {
        id: box

        x: root.columnX
        y: Theme.u * 5
        width: root.editing ? root.column : Math.min(root.column, Math.max(text.implicitWidth, thumbnails.implicitWidth, Theme.u * 12) + Theme.u * 8)
        height: contents.height + Theme.u * 5
        radius: Theme.radius * 1.5
        color: Theme.tint

        Column {
            id: contents

            x: Theme.u * 4
            y: Theme.u * 2.5
            width: parent.width - Theme.u * 8
            spacing: Theme.u * 2

            Flow {
                id: thumbnails

                width: root.inner
                spacing: Theme.u * 2
                visible: root.message.attachments.length > 0

                Repeater {
                    model: root.message.attachments

                    AttachmentTile {
                        required property Attachment modelData

                        attachment: modelData
                        onClicked: root.pictureChosen(modelData)
                    }
                }
            }
            Item {
                width: parent.width
                height: root.folds ? root.foldHeight : text.implicitHeight
                clip: root.folds
                visible: !root.editing && root.message.text !== ""

                QuestionText {
                    id: text

                    maximumWidth: root.inner
                    message: root.message
                }
            }
            TextButton {
                visible: root.folds && !root.editing
                flat: true
                text: qsTr("Show all")
                onClicked: root.unfolded = true
            }
            T.TextArea {
                id: editor

                width: parent.width
                implicitHeight: contentHeight + Theme.u * 2
                visible: root.editing
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
                Keys.onEscapePressed: root.editing = false
                Keys.onTabPressed: save.forceActiveFocus(Qt.TabFocusReason)
                Keys.onReturnPressed: event => {
                    event.accepted = event.modifiers & Qt.ControlModifier;
                    if (event.accepted)
                        save.clicked();
                }
            }
            Row {
                visible: root.editing
                spacing: Theme.u * 2

                TextButton {
                    id: save

                    primary: true
                    text: qsTr("Save and ask")
                    enabled: !root.chat.busy && editor.text.trim() !== ""
                    onClicked: {
                        root.editing = false;
                        root.chat.editQuestion(root.message.messageId, editor.text, true);
                    }
                }
                TextButton {
                    text: qsTr("Save only")
                    enabled: save.enabled
                    onClicked: {
                        root.editing = false;
                        root.chat.editQuestion(root.message.messageId, editor.text, false);
                    }
                }
                TextButton {
                    flat: true
                    text: qsTr("Cancel")
                    onClicked: root.editing = false
                }
            }
        }
    }
    Row {
        x: root.columnX - Theme.u
        y: box.y + box.height
        opacity: hover.hovered || root.message.branchCount > 1 || copy.visualFocus || pencil.visualFocus ? 1 : 0

        CopyButton {
            id: copy

            text: qsTr("Copy question")
            onClicked: root.chat.copy(root.message.text)
        }
        IconButton {
            id: pencil

            text: qsTr("Edit and ask again")
            icon.source: Theme.icon("edit")
            icon.width: Theme.iconPixels * 0.85
            icon.height: Theme.iconPixels * 0.85
            enabled: !root.chat.busy
            onClicked: root.edit()
        }
        BranchSwitch {
            branch: root.message.branch
            count: root.message.branchCount
            onStepped: direction => root.chat.showBranch(root.message.messageId, direction)
        }
        Label {
            anchors.verticalCenter: parent.verticalCenter
            leftPadding: Theme.u
            text: root.message.time
            font.pixelSize: Theme.smallPixels
            color: Theme.dim
            visible: hover.hovered
        }
    }
}
