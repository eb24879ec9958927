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
        field.forceActiveFocus();
        field.selectAll();
    }

    function endRenaming() {
        root.renaming = false;
        field.focus = false;
        if (d.before)
            d.before.forceActiveFocus(Qt.TabFocusReason);
    }
    function openMenu() {
        menu.popup(root, root.width - menu.width - Theme.u * 2, root.height);
    }

    implicitHeight: Theme.u * 9 + (root.detailed ? Theme.smallPixels * 1.4 : 0)
    readonly property bool detailed: root.hovered || root.selected

    hoverEnabled: true
    focusPolicy: Qt.NoFocus
    text: root.title
    onClicked: root.opened()

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
            y: Theme.u * 2
            width: parent.width - x - (menuButton.visible ? menuButton.width + Theme.u : Theme.u * 3)
            visible: !root.renaming
            text: root.title
            font.weight: root.current ? Font.Medium : Font.Normal
        }
        Label {
            x: label.x
            anchors.top: label.bottom
            width: label.width
            visible: root.detailed && !root.renaming
            text: root.mark !== 0 ? root.markNames[root.mark] : root.detail
            font.pixelSize: Theme.smallPixels
            color: Theme.dim
        }
        T.TextField {
            id: field

            x: Theme.u * 4
            width: parent.width - Theme.u * 7
            height: Theme.u * 8
            padding: Theme.u
            visible: root.renaming
            text: root.title
            color: Theme.text
            selectionColor: Theme.selection
            selectedTextColor: Theme.text
            font.family: Theme.textFamily
            font.pixelSize: Theme.uiPixels
            onAccepted: {
                if (text.trim() !== "")
                    root.chats.rename(root.chatId, text.trim());
                root.endRenaming();
            }
            onActiveFocusChanged: if (!activeFocus)
                root.renaming = false
            Keys.onEscapePressed: root.endRenaming()

            Accessible.name: qsTr("New name")

            background: Rectangle {
                radius: Theme.radius - 2
                color: Theme.page
                border.width: 2
                border.color: Theme.accent
            }
        }
        IconButton {
            id: menuButton

            anchors.right: parent.right
            anchors.rightMargin: Theme.u * 2
            width: Theme.u * 7
            height: Theme.u * 7
            y: Theme.u
            visible: root.hovered || menu.visible
            focusPolicy: Qt.NoFocus
            text: qsTr("Actions for %1").arg(root.title)
            tip: ""
            icon.source: Theme.icon("more")
            onClicked: menu.popup(menuButton, 0, menuButton.height)

            PlainMenu {
                id: menu

                PlainMenuItem {
                    text: qsTr("Rename")
                    keys: "F2"
                    icon.source: Theme.icon("edit")
                    onTriggered: root.rename()
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
        onTapped: menu.popup()
    }
}
