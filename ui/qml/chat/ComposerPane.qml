pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Dialogs
import QtQuick.Templates as T
import Lapidary.App
import Lapidary.Components

/// Where a message is written: text, attachments, thinking, send or stop.
FocusScope {
    id: root

    required property ChatModel chat
    required property Settings settings
    required property bool thinks
    required property real roomHeight
    readonly property Composer composer: chat.composer
    readonly property alias field: field

    signal pictureChosen(Attachment attachment)

    /// A text that was not typed here; writing goes on at its end.
    function show(text: string) {
        field.text = text;
        field.cursorPosition = field.length;
    }
    function type(text: string) {
        field.forceActiveFocus();
        field.insert(field.cursorPosition, text);
    }
    function paste(asText: bool) {
        const text = root.composer.paste(asText);
        if (text !== "") {
            field.remove(field.selectionStart, field.selectionEnd);
            field.insert(field.cursorPosition, text);
        }
    }
    function attach() {
        files.open();
    }

    implicitHeight: column.implicitHeight
    implicitWidth: Theme.columnWidth

    Column {
        id: column

        width: parent.width
        spacing: Theme.u * 2

        Rectangle {
            width: parent.width
            height: Theme.controlHeight + Theme.u
            visible: root.chat.queued
            radius: Theme.radius
            color: Theme.side

            Label {
                anchors.verticalCenter: parent.verticalCenter
                x: Theme.u * 3
                width: parent.width - nextButtons.width - Theme.u * 5
                text: qsTr("Next: %1").arg(root.chat.queuedText)
            }
            Row {
                id: nextButtons

                anchors.right: parent.right
                anchors.verticalCenter: parent.verticalCenter

                IconButton {
                    text: qsTr("Edit the next message")
                    icon.source: Theme.icon("edit")
                    onClicked: {
                        root.chat.editQueued();
                        field.forceActiveFocus();
                    }
                }
                IconButton {
                    text: qsTr("Withdraw the next message")
                    icon.source: Theme.icon("close")
                    onClicked: root.chat.withdrawQueued()
                }
            }
        }
        Rectangle {
            id: box

            width: parent.width
            height: inside.implicitHeight + Theme.u * 2
            radius: Theme.radius * 2
            color: Theme.raised
            border.width: field.activeFocus ? 2 : Theme.line
            border.color: field.activeFocus ? Theme.accent : Theme.edge

            Column {
                id: inside

                x: Theme.u * 2
                y: Theme.u
                width: parent.width - Theme.u * 4

                Flow {
                    width: parent.width
                    topPadding: Theme.u
                    spacing: Theme.u * 2
                    visible: root.composer.attachments.length > 0

                    Repeater {
                        model: root.composer.attachments

                        AttachmentChip {
                            required property Attachment modelData

                            attachment: modelData
                            room: inside.width
                            onOpened: root.pictureChosen(modelData)
                            onRemoved: root.composer.remove(index)
                            onInlined: field.insert(field.cursorPosition, root.composer.takeInline(index))
                        }
                    }
                }
                Flickable {
                    id: scroller

                    width: parent.width
                    height: Math.min(field.implicitHeight, Math.max(Theme.u * 20, root.roomHeight * 0.4))
                    contentHeight: field.implicitHeight
                    contentWidth: width
                    boundsBehavior: Flickable.StopAtBounds
                    interactive: contentHeight > height
                    clip: true

                    function follow(y: real, height: real) {
                        if (contentY > y)
                            contentY = y;
                        else if (contentY + scroller.height < y + height)
                            contentY = y + height - scroller.height;
                    }

                    T.TextArea {
                        id: field

                        width: scroller.width
                        implicitHeight: Math.max(contentHeight, Theme.bodyPixels * 1.4) + topPadding + bottomPadding
                        focus: true
                        topPadding: Theme.u * 2
                        bottomPadding: Theme.u * 2
                        leftPadding: Theme.u * 2
                        rightPadding: Theme.u * 2
                        textFormat: TextEdit.PlainText
                        wrapMode: TextEdit.Wrap
                        color: Theme.text
                        selectionColor: Theme.selection
                        selectedTextColor: Theme.text
                        font.family: Theme.textFamily
                        font.pixelSize: Theme.bodyPixels
                        selectByMouse: true
                        onTextChanged: root.composer.text = text
                        onCursorRectangleChanged: scroller.follow(cursorRectangle.y, cursorRectangle.height)

                        Accessible.name: qsTr("Message")
                        Accessible.multiLine: true

                        Keys.onPressed: event => {
                            if (event.matches(StandardKey.Paste)) {
                                root.paste(false);
                                event.accepted = true;
                            } else if (event.key === Qt.Key_V && event.modifiers === (Qt.ControlModifier | Qt.ShiftModifier)) {
                                root.paste(true);
                                event.accepted = true;
                            } else if (event.key === Qt.Key_Tab || event.key === Qt.Key_Backtab) {
                                field.nextItemInFocusChain(event.key === Qt.Key_Tab).forceActiveFocus(Qt.TabFocusReason);
                                event.accepted = true;
                            } else if (event.key === Qt.Key_Up && field.text === "") {
                                root.chat.editLastQuestion();
                                event.accepted = true;
                            } else if (event.key === Qt.Key_Return || event.key === Qt.Key_Enter) {
                                const wantsControl = root.settings.sendKey === Settings.CtrlEnter;
                                const control = (event.modifiers & Qt.ControlModifier) !== 0;
                                event.accepted = !(event.modifiers & Qt.ShiftModifier) && control === wantsControl && !field.inputMethodComposing;
                                if (event.accepted)
                                    root.chat.send();
                            }
                        }

                        Label {
                            x: field.leftPadding
                            y: field.topPadding
                            visible: field.text === "" && !field.inputMethodComposing
                            text: root.chat.busy ? qsTr("Next message…") : qsTr("Message…")
                            font.pixelSize: field.font.pixelSize
                            color: Theme.dim
                        }
                    }
                }
                Item {
                    width: parent.width
                    height: Theme.controlHeight + Theme.u

                    IconButton {
                        anchors.verticalCenter: parent.verticalCenter
                        text: qsTr("Attach files")
                        tip: qsTr("Attach pictures and text files (Ctrl+O)")
                        icon.source: Theme.icon("plus")
                        onClicked: root.attach()
                    }
                    Row {
                        anchors.right: parent.right
                        anchors.verticalCenter: parent.verticalCenter
                        spacing: Theme.u * 2

                        TextButton {
                            anchors.verticalCenter: parent.verticalCenter
                            visible: root.thinks
                            flat: true
                            checkable: true
                            checked: root.chat.thinking
                            text: root.chat.thinking ? qsTr("Thinking on") : qsTr("Thinking off")
                            tip: root.chat.thinkingCost !== "" ? root.chat.thinkingCost : qsTr("Reason before the answer: better on hard questions, slower on all (Ctrl+T)")
                            icon.source: Theme.icon("thinking")
                            onClicked: root.chat.thinking = checked
                        }
                        IconButton {
                            id: sendButton

                            width: Theme.controlHeight * 1.15
                            height: Theme.controlHeight
                            enabled: root.chat.busy || root.composer.canSend && !root.chat.overflows
                            text: root.chat.busy ? qsTr("Stop") : qsTr("Send")
                            tip: root.chat.busy ? qsTr("Stop (Esc)") : qsTr("Send")
                            icon.source: Theme.icon(root.chat.busy ? "stop" : "send")
                            paint: Theme.accentText
                            onClicked: root.chat.busy ? root.chat.stop() : root.chat.send()

                            background: Rectangle {
                                radius: Theme.radius
                                color: sendButton.enabled ? Theme.accent : Theme.edge

                                FocusRing {
                                    shown: sendButton.visualFocus
                                }
                            }
                        }
                    }
                }
            }
        }
        Label {
            x: Theme.u * 4
            width: parent.width - Theme.u * 8
            height: Math.max(implicitHeight, Theme.smallPixels * 1.4)
            text: root.chat.line
            font.pixelSize: Theme.smallPixels
            wrapMode: Text.Wrap
            elide: Text.ElideNone
            color: root.chat.overflows ? Theme.fault : Theme.dim
        }
    }
    FileDialog {
        id: files

        title: qsTr("Attach files")
        fileMode: FileDialog.OpenFiles
        onAccepted: root.composer.attachFiles(selectedFiles)
    }
    Connections {
        target: root.composer

        function onTextChanged() {
            if (field.text !== root.composer.text)
                root.show(root.composer.text);
        }
    }
    Component.onCompleted: root.show(root.composer.text)
    onComposerChanged: root.show(root.composer.text)
}
