pragma ComponentBehavior: Bound

import QtQuick
import Lapidary.App
import Lapidary.Components

/// What the person wrote: a tinted box, its attachments, and the editor in its place.
ConversationRow {
    id: root

    required property ChatModel chat
    property bool editing: false
    property bool unfolded: false
    readonly property real foldHeight: 20 * Math.round(Theme.bodyPixels * 1.55)
    readonly property bool folds: !unfolded && (text.cut || text.implicitHeight > foldHeight + Theme.u * 8)
    readonly property real inner: column - Theme.u * 8

    signal pictureChosen(Attachment attachment)
    /// The editor is gone, and the keyboard has no place.
    signal editingEnded

    function endEditing() {
        root.editing = false;
        root.editingEnded();
    }
    function edit() {
        root.editing = true;
        (editor.item as QuestionEditor).begin();
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
                    whole: root.unfolded
                }
            }
            Loader {
                x: -Theme.u * 2
                active: root.folds && !root.editing
                visible: active
                sourceComponent: TextButton {
                    flat: true
                    text: qsTr("Show all")
                    onClicked: root.unfolded = true
                }
            }
            Loader {
                id: editor

                width: parent.width
                active: root.editing
                visible: active
                sourceComponent: QuestionEditor {
                    message: root.message
                    savable: !root.chat.busy
                    onCancelled: root.endEditing()
                    onSaved: (text, ask) => {
                        root.endEditing();
                        root.chat.editQuestion(root.message.messageId, text, ask);
                    }
                }
            }
        }
    }
    ActionBar {
        id: bar

        x: root.columnX - Theme.u
        y: box.y + box.height
        width: root.column
        shown: hover.hovered || root.message.branchCount > 1
        name: qsTr("Actions of this question")
        actions: Row {
            CopyButton {
                text: qsTr("Copy question")
                onClicked: root.chat.copy(root.message.text)
            }
            IconButton {
                text: qsTr("Edit and ask again")
                icon.source: Theme.icon("edit")
                icon.width: Theme.iconPixels * 0.85
                icon.height: Theme.iconPixels * 0.85
                tip: root.message.editable ? text : qsTr("This question is too long for a field")
                enabled: !root.chat.busy && root.message.editable
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
}
