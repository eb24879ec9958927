pragma ComponentBehavior: Bound

import QtQuick
import Lapidary.App
import Lapidary.Components

/// The middle of the window: one chat and its composer, and the place to drop files on.
FocusScope {
    id: root

    required property ChatModel chat
    required property EngineController engine
    required property ChatStore store
    required property Settings settings
    required property bool firstRun
    required property string deviceName
    readonly property alias composer: composer
    readonly property alias conversation: conversation
    readonly property real column: Math.min(width - 2 * Theme.gutter, Theme.columnWidth)

    signal pickerRequested

    /// Tells assistive programs.
    function announce(sentence: string): void {
        Accessible.announce(sentence, Accessible.Polite);
    }

    Conversation {
        id: conversation

        width: parent.width
        anchors.top: notices.bottom
        anchors.bottom: composer.top
        visible: !root.chat.empty
        chat: root.chat
        onTyped: text => composer.type(text)
        onEditingEnded: composer.field.forceActiveFocus()
        onPictureChosen: attachment => viewer.show(attachment)
    }
    Column {
        id: notices

        x: (parent.width - width) / 2
        width: root.column
        topPadding: visible ? Theme.u * 2 : 0
        spacing: Theme.u * 2

        Notice {
            width: parent.width
            visible: root.store.trouble !== ""
            text: root.store.trouble
            tone: Theme.fault
        }
        Notice {
            id: recovery

            property bool dismissed: false

            width: parent.width
            visible: root.store.recovery !== "" && !dismissed
            text: root.store.recovery

            IconButton {
                text: qsTr("Dismiss")
                icon.source: Theme.icon("close")
                onClicked: recovery.dismissed = true
            }
        }
        Notice {
            width: parent.width
            visible: root.engine.errorSentence !== ""
            text: root.engine.errorSentence
            tone: Theme.fault

            TextButton {
                text: qsTr("Choose another")
                onClicked: root.pickerRequested()
            }
            IconButton {
                text: qsTr("Dismiss the error")
                tip: qsTr("Dismiss")
                icon.source: Theme.icon("close")
                onClicked: root.engine.dismissError()
            }
        }
    }
    Flickable {
        x: (parent.width - width) / 2
        y: Math.max(notices.height + Theme.u * 4, composer.y - height - Theme.u * 6)
        width: root.column
        height: Math.min(welcome.implicitHeight, composer.y - notices.height - Theme.u * 8)
        contentHeight: welcome.implicitHeight
        boundsBehavior: Flickable.StopAtBounds
        interactive: contentHeight > height
        clip: true
        visible: root.chat.empty && root.chat.loaded

        EmptyChat {
            id: welcome

            width: parent.width
            engine: root.engine
            firstRun: root.firstRun
            deviceName: root.deviceName
            onChosen: question => {
                root.chat.composer.text = question;
                composer.field.forceActiveFocus();
            }
            onPickerRequested: root.pickerRequested()
        }
    }
    ComposerPane {
        id: composer

        x: Math.round((parent.width - width) / 2)
        y: Math.round(root.chat.empty ? Math.min(root.height - height - Theme.u * 2, Math.max(root.height * 0.62, notices.height + welcome.implicitHeight + Theme.u * 10)) : root.height - height - Theme.u)
        width: root.column
        focus: true
        chat: root.chat
        settings: root.settings
        thinks: root.engine.state !== EngineController.Ready || root.engine.thinks
        roomHeight: root.height
        onPictureChosen: attachment => viewer.show(attachment)
    }
    PictureViewer {
        id: viewer
    }
    DropArea {
        id: drop

        property string sentence: ""

        anchors.fill: parent
        keys: ["text/uri-list"]
        onEntered: drag => sentence = root.chat.composer.dropSentence(drag.urls)
        onDropped: drop => root.chat.composer.attachFiles(drop.urls)
    }
    Rectangle {
        anchors.fill: parent
        anchors.margins: Theme.u * 3
        visible: drop.containsDrag
        radius: Theme.radius * 2
        color: Theme.tint
        opacity: 0.96
        border.width: 2
        border.color: Theme.accent

        Label {
            anchors.centerIn: parent
            text: drop.sentence
            font.pixelSize: Theme.titlePixels
            font.weight: Font.Medium
        }
    }
}
