import QtQuick
import Lapidary.App
import Lapidary.Components

/// The button of a chat in the side bar, and what can be done with the chat.
IconButton {
    id: root

    required property string title
    required property string chatId
    required property bool pinned
    required property ChatListModel chats
    readonly property bool open: menu.visible

    signal renameChosen

    function popup() {
        menu.popup();
    }
    function popupBelow(item: Item) {
        menu.popup(item, item.width - menu.width - Theme.u * 2, item.height);
    }

    width: Theme.u * 7
    height: Theme.u * 7
    focusPolicy: Qt.NoFocus
    text: qsTr("Actions for %1").arg(root.title)
    tip: ""
    icon.source: Theme.icon("more")
    onClicked: menu.popup(root, 0, root.height)

    PlainMenu {
        id: menu

        PlainMenuItem {
            text: qsTr("Rename")
            keys: "F2"
            icon.source: Theme.icon("edit")
            onTriggered: root.renameChosen()
        }
        PlainMenuItem {
            text: root.pinned ? qsTr("Unpin") : qsTr("Pin")
            icon.source: Theme.icon("pin")
            onTriggered: root.chats.setPinned(root.chatId, !root.pinned)
        }
        PlainMenuItem {
            text: qsTr("Delete")
            keys: qsTr("Del")
            icon.source: Theme.icon("trash")
            tone: Theme.fault
            onTriggered: root.chats.trash(root.chatId)
        }
    }
}
