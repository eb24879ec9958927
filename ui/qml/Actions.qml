pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Templates as T
import Lapidary.App

/// Every action with a key: the one list behind the keys and the sheet that shows them.
QtObject {
    id: root

    required property OpenChats openChats
    required property EngineController engine
    required property ChatListModel chats
    required property Settings settings
    readonly property ChatModel chat: openChats.current

    signal pickerRequested
    signal attachRequested
    signal sheetRequested
    signal sideBarRequested
    signal gaugesRequested
    signal renameRequested
    signal escaped
    signal zoneRequested(int direction)

    readonly property list<T.Action> all: [
        T.Action {
            text: qsTr("New chat")
            shortcut: "Ctrl+N"
            onTriggered: root.openChats.newChat()
        },
        T.Action {
            text: qsTr("Next chat")
            shortcut: "Ctrl+PgDown"
            onTriggered: root.openChats.step(1)
        },
        T.Action {
            text: qsTr("Previous chat")
            shortcut: "Ctrl+PgUp"
            onTriggered: root.openChats.step(-1)
        },
        T.Action {
            text: qsTr("Rename the chat")
            shortcut: "F2"
            onTriggered: root.renameRequested()
        },
        T.Action {
            text: qsTr("Take the deleted chat back")
            shortcut: "Ctrl+Z"
            enabled: root.chats.undoTitle !== ""
            onTriggered: root.chats.undoTrash()
        },
        T.Action {
            text: qsTr("Close what is open, or stop the answer")
            shortcut: "Esc"
            onTriggered: root.escaped()
        },
        T.Action {
            text: qsTr("Answer again")
            shortcut: "Ctrl+R"
            enabled: !root.chat.busy && !root.chat.empty
            onTriggered: root.chat.regenerate()
        },
        T.Action {
            text: qsTr("Thinking on or off")
            shortcut: "Ctrl+T"
            onTriggered: root.chat.thinking = !root.chat.thinking
        },
        T.Action {
            text: qsTr("Attach files")
            shortcut: "Ctrl+O"
            onTriggered: root.attachRequested()
        },
        T.Action {
            text: qsTr("Copy the last answer as Markdown")
            shortcut: "Ctrl+Shift+C"
            onTriggered: root.chat.copyLastAnswer()
        },
        T.Action {
            text: qsTr("Copy the last code block")
            shortcut: "Ctrl+Shift+K"
            onTriggered: root.chat.copyLastCode()
        },
        T.Action {
            text: qsTr("Model and recipe")
            shortcut: "Ctrl+M"
            onTriggered: root.pickerRequested()
        },
        T.Action {
            text: qsTr("Unload the model")
            shortcut: "Ctrl+Shift+L"
            enabled: root.engine.state === EngineController.Ready
            onTriggered: root.engine.unload()
        },
        T.Action {
            text: qsTr("Side bar")
            shortcut: "Ctrl+B"
            onTriggered: root.sideBarRequested()
        },
        T.Action {
            text: qsTr("Gauges")
            shortcut: "Ctrl+G"
            onTriggered: root.gaugesRequested()
        },
        T.Action {
            text: qsTr("Next part of the window")
            shortcut: "F6"
            onTriggered: root.zoneRequested(1)
        },
        T.Action {
            text: qsTr("Previous part of the window")
            shortcut: "Shift+F6"
            onTriggered: root.zoneRequested(-1)
        },
        T.Action {
            text: qsTr("Larger")
            shortcut: "Ctrl++"
            onTriggered: root.settings.zoom = Math.min(2, root.settings.zoom + 0.1)
        },
        T.Action {
            text: qsTr("Smaller")
            shortcut: "Ctrl+-"
            onTriggered: root.settings.zoom = Math.max(0.8, root.settings.zoom - 0.1)
        },
        T.Action {
            text: qsTr("Normal size")
            shortcut: "Ctrl+0"
            onTriggered: root.settings.zoom = 1
        },
        T.Action {
            text: qsTr("All keys")
            shortcut: "Ctrl+/"
            onTriggered: root.sheetRequested()
        }
    ]
}
