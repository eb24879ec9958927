pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Templates as T
import Lapidary.App
import Lapidary.Components

/// One chat of the side bar.
T.ItemDelegate {
    id: root

    required property int index
    required property string chatId
    required property string title
    required property string detail
    required property int mark
    required property bool pinned
    required property ChatListModel chats
    required property bool current
    required property bool selected
    property bool renaming: false
    readonly property var markNames: ["", qsTr("writing"), qsTr("finished"), qsTr("interrupted"), qsTr("waiting")]

    signal opened

    function rename() {
        d.before = root.Window.activeFocusItem;
        root.renaming = true;
        (field.item as ChatNameField).forceActiveFocus();
        (field.item as ChatNameField).selectAll();
    }

    function endRenaming() {
        root.renaming = false;
        if (d.before)
            d.before.forceActiveFocus(Qt.TabFocusReason);
    }
    function openMenu() {
        tools.active = true;
        tools.button.popupBelow(root);
    }

    implicitHeight: Theme.u * 10 // with room for the detail: no row moves below the pointer
    readonly property bool detailed: root.hovered || root.selected

    hoverEnabled: true
    focusPolicy: Qt.NoFocus
    text: root.title
    onClicked: root.opened()
    onHoveredChanged: if (hovered)
        tools.active = true

    Accessible.role: Accessible.ListItem
    Accessible.name: root.mark === 0 ? root.title : qsTr("%1, %2").arg(root.title).arg(root.markNames[root.mark])
    Accessible.onPressAction: root.opened()

    QtObject {
        id: d

        property Item before: null // had the focus before the name was edited
    }

    contentItem: Item {
        Rectangle {
            x: Theme.u * 2
            y: label.y + (label.height - height) / 2
            width: Theme.u * 1.5
            height: width
            radius: width / 2
            visible: root.mark !== 0
            color: root.mark === 3 ? Theme.care : Theme.accent
        }
        Label {
            id: label

            x: Theme.u * 5
            y: Math.round((parent.height - height - (root.detailed ? detail.height : 0)) / 2)
            width: parent.width - x - (tools.visible ? tools.width + Theme.u * 3 : Theme.u * 5)
            visible: !root.renaming
            text: root.title
            font.weight: root.current ? Font.Medium : Font.Normal
        }
        Label {
            id: detail

            x: label.x
            anchors.top: label.bottom
            width: label.width
            visible: root.detailed && !root.renaming
            text: root.mark !== 0 ? root.markNames[root.mark] : root.detail
            font.pixelSize: Theme.smallPixels
            color: Theme.dim
        }
        Loader {
            id: field

            x: Theme.u * 4
            y: (parent.height - height) / 2
            width: parent.width - Theme.u * 7
            height: Theme.u * 8
            active: root.renaming
            sourceComponent: ChatNameField {
                text: root.title
                onAccepted: {
                    if (text.trim() !== "")
                        root.chats.rename(root.chatId, text.trim());
                    root.endRenaming();
                }
                onActiveFocusChanged: if (!activeFocus)
                    root.renaming = false
                Keys.onEscapePressed: root.endRenaming()
            }
        }
        // Made when the pointer or the menu key comes near: a list of chats has many rows.
        Loader {
            id: tools

            readonly property ChatMenuButton button: item as ChatMenuButton

            anchors.right: parent.right
            anchors.rightMargin: Theme.u * 2
            y: (parent.height - height) / 2
            active: false
            visible: !root.renaming && (root.hovered || (button?.open ?? false))
            sourceComponent: ChatMenuButton {
                title: root.title
                chatId: root.chatId
                pinned: root.pinned
                chats: root.chats
                onRenameChosen: root.rename()
            }
        }
    }
    background: Rectangle {
        x: Theme.u * 2
        width: root.width - Theme.u * 4
        height: root.height
        radius: Theme.radius
        color: root.current ? Theme.pressed : root.hovered ? Theme.hover : "transparent"
        border.width: root.selected ? 2 : 0
        border.color: Theme.accent
    }

    TapHandler {
        acceptedButtons: Qt.RightButton
        onTapped: {
            tools.active = true;
            tools.button.popup();
        }
    }
}
