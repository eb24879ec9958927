pragma ComponentBehavior: Bound

import QtQuick
import Lapidary.App
import Lapidary.Components

/// All chats, grouped by day.
FocusScope {
    id: root

    required property ChatListModel chats
    required property OpenChats openChats

    signal folded
    signal chosen

    function renameCurrent() {
        if (list.currentItem)
            (list.currentItem as ChatRow).rename();
    }

    Rectangle {
        anchors.fill: parent
        color: Theme.side
    }
    Item {
        id: head

        width: parent.width
        height: Theme.barHeight

        IconButton {
            id: fold

            x: Theme.u * 2
            anchors.verticalCenter: parent.verticalCenter
            text: qsTr("Fold the side bar")
            tip: qsTr("Fold the side bar (Ctrl+B)")
            icon.source: Theme.icon("menu")
            onClicked: root.folded()
        }
        TextButton {
            anchors.left: fold.right
            anchors.leftMargin: Theme.u
            anchors.right: parent.right
            anchors.rightMargin: Theme.u * 2
            anchors.verticalCenter: parent.verticalCenter
            flat: true
            text: qsTr("New chat")
            tip: qsTr("New chat (Ctrl+N)")
            icon.source: Theme.icon("new-chat")
            onClicked: {
                root.openChats.newChat();
                root.chosen();
            }
        }
    }
    ListView {
        id: list

        anchors.top: head.bottom
        anchors.bottom: undo.visible ? undo.top : parent.bottom
        width: parent.width
        clip: true
        focus: true
        activeFocusOnTab: count > 0 || activeFocus
        model: root.chats
        boundsBehavior: Flickable.StopAtBounds
        keyNavigationEnabled: true
        highlightMoveDuration: 0

        Accessible.role: Accessible.List
        Accessible.name: qsTr("Chats")

        section.property: "group"
        section.delegate: Label {
            required property string section

            leftPadding: Theme.u * 4
            topPadding: Theme.u * 4
            bottomPadding: Theme.u
            text: section
            font.pixelSize: Theme.smallPixels
            font.weight: Font.Medium
            color: Theme.dim
        }
        delegate: ChatRow {
            width: list.width
            chats: root.chats
            current: chatId === root.openChats.current.chatId
            selected: ListView.isCurrentItem && list.activeFocus
            onOpened: {
                list.currentIndex = index;
                root.openChats.show(chatId);
                root.chosen();
            }
        }

        Keys.onReturnPressed: if (currentItem)
            (currentItem as ChatRow).opened()
        Keys.onEnterPressed: if (currentItem)
            (currentItem as ChatRow).opened()
        Keys.onDeletePressed: if (currentItem)
            root.chats.trash((currentItem as ChatRow).chatId)
        Keys.onPressed: event => {
            const page = Math.max(1, Math.floor(height / (currentItem?.height ?? height)) - 1);
            const rows = {
                [Qt.Key_Home]: 0,
                [Qt.Key_End]: count - 1,
                [Qt.Key_PageUp]: Math.max(currentIndex - page, 0),
                [Qt.Key_PageDown]: Math.min(currentIndex + page, count - 1)
            };
            event.accepted = event.modifiers === Qt.NoModifier && event.key in rows;
            if (event.accepted)
                currentIndex = rows[event.key];
        }
        Keys.onMenuPressed: if (currentItem)
            (currentItem as ChatRow).openMenu()

        ThinScrollBar {
            anchors.right: parent.right
            height: parent.height
            orientation: Qt.Vertical
            size: list.visibleArea.heightRatio
            position: list.visibleArea.yPosition
            onPositionChanged: if (pressed)
                list.contentY = list.originY + position * list.contentHeight
        }
    }
    Label {
        anchors.horizontalCenter: parent.horizontalCenter
        y: head.height + Theme.u * 10
        visible: root.chats.count === 0
        text: qsTr("Chats will be listed here.")
        color: Theme.dim
    }
    Rectangle {
        id: undo

        anchors.bottom: parent.bottom
        width: parent.width
        height: Theme.barHeight
        visible: root.chats.undoTitle !== ""
        color: Theme.raised

        Label {
            x: Theme.u * 4
            anchors.verticalCenter: parent.verticalCenter
            width: parent.width - undoButton.width - Theme.u * 8
            text: qsTr("Deleted “%1”").arg(root.chats.undoTitle)
        }
        TextButton {
            id: undoButton

            anchors.right: parent.right
            anchors.rightMargin: Theme.u * 2
            anchors.verticalCenter: parent.verticalCenter
            text: qsTr("Undo")
            tip: qsTr("Take the chat back from the trash (Ctrl+Z)")
            onClicked: root.chats.undoTrash()
        }
    }
    Rectangle {
        anchors.right: parent.right
        width: Theme.line
        height: parent.height
        color: Theme.hairline
    }
}
