pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Templates as T
import Lapidary.App as App
import Lapidary.Chat
import Lapidary.Components
import Lapidary.Gauges
import Lapidary.Library

/// The window: side bar, chat, gauges, and the strip below them.
T.ApplicationWindow {
    id: root

    required property App.Application application
    readonly property App.Settings settings: application.settings
    readonly property App.OpenChats openChats: application.openChats
    readonly property bool roomForGauges: width >= 900 * Theme.zoom
    readonly property bool roomForSide: width >= 640 * Theme.zoom
    property bool sideOpened: false
    property bool gaugesOpened: false
    readonly property bool sideShown: roomForSide ? !settings.sideBarFolded : sideOpened
    readonly property bool gaugesShown: roomForGauges ? !settings.gaugesFolded : gaugesOpened

    function toggleSide() {
        if (root.roomForSide)
            root.settings.sideBarFolded = !root.settings.sideBarFolded;
        else
            root.sideOpened = !root.sideOpened;
    }
    function toggleGauges() {
        if (root.roomForGauges)
            root.settings.gaugesFolded = !root.settings.gaugesFolded;
        else
            root.gaugesOpened = !root.gaugesOpened;
    }
    function stepBack() {
        if (root.sideOpened || root.gaugesOpened)
            root.sideOpened = root.gaugesOpened = false;
        else if (root.openChats.current.busy)
            root.openChats.current.stop();
        else
            page.composer.field.forceActiveFocus();
    }
    function moveZone(direction: int) {
        const zones = [root.sideShown ? sideBar : null, titleBar.modelButton, page.conversation.view, page.composer.field].filter(zone => zone !== null && zone.visible);
        const at = zones.findIndex(zone => zone.activeFocus);
        zones[(at + direction + zones.length) % zones.length].forceActiveFocus(Qt.TabFocusReason);
    }

    width: 1180
    height: 780
    minimumWidth: 420
    minimumHeight: 480
    visible: true
    title: qsTr("%1 — Lapidary").arg(root.openChats.current.title)
    color: Theme.page

    Binding {
        target: Theme
        property: "choice"
        value: root.settings.theme
    }
    Binding {
        target: Theme
        property: "zoom"
        value: root.settings.zoom
    }
    Actions {
        id: actions

        openChats: root.openChats
        engine: root.application.engine
        chats: root.application.chats
        settings: root.settings
        onPickerRequested: picker.open()
        onAttachRequested: page.composer.attach()
        onSheetRequested: sheet.open()
        onSideBarRequested: root.toggleSide()
        onGaugesRequested: root.toggleGauges()
        onRenameRequested: if (root.sideShown)
            sideBar.renameCurrent()
        onEscaped: root.stepBack()
        onZoneRequested: direction => root.moveZone(direction)
    }
    Item {
        id: middle

        anchors.left: root.roomForSide && root.sideShown ? sideBar.right : parent.left
        anchors.right: root.roomForGauges && root.gaugesShown ? gauges.left : parent.right
        anchors.top: parent.top
        anchors.bottom: strip.top

        TitleBar {
            id: titleBar

            width: parent.width
            chat: root.openChats.current
            engine: root.application.engine
            sideShown: root.roomForSide && root.sideShown
            gaugesShown: root.gaugesShown
            onSideRequested: root.toggleSide()
            onGaugesRequested: root.toggleGauges()
            onPickerRequested: picker.open()
            onNewChatRequested: root.openChats.newChat()
        }
        ChatPage {
            id: page

            anchors.top: titleBar.bottom
            anchors.bottom: parent.bottom
            width: parent.width
            focus: true
            chat: root.openChats.current
            engine: root.application.engine
            store: root.application.store
            settings: root.settings
            firstRun: root.application.chats.count === 0
            deviceName: root.application.memoryGauge.deviceName
            onPickerRequested: picker.open()
        }
    }
    Rectangle {
        anchors.fill: parent
        visible: !root.roomForSide && root.sideOpened || !root.roomForGauges && root.gaugesOpened
        color: Theme.shade

        TapHandler {
            onTapped: root.sideOpened = root.gaugesOpened = false
        }
    }
    SideBar {
        id: sideBar

        width: Math.min(Theme.sideWidth, root.width - Theme.u * 12)
        anchors.top: parent.top
        anchors.bottom: strip.top
        visible: root.sideShown
        chats: root.application.chats
        openChats: root.openChats
        onFolded: root.toggleSide()
        onChosen: {
            root.sideOpened = false;
            page.composer.field.forceActiveFocus();
        }
    }
    GaugesPanel {
        id: gauges

        width: Math.min(Theme.gaugesWidth, root.width - Theme.u * 12)
        anchors.right: parent.right
        anchors.top: parent.top
        anchors.bottom: strip.top
        visible: root.gaugesShown
        memory: root.application.memoryGauge
        speed: root.application.speedGauge
        speculation: root.application.speculationGauge
        context: root.application.contextGauge
        onFolded: root.toggleGauges()
    }
    StatusStrip {
        id: strip

        anchors.bottom: parent.bottom
        width: parent.width
        engine: root.application.engine
        memory: root.application.memoryGauge
        speed: root.application.speedGauge
        context: root.application.contextGauge
        speculation: root.application.speculationGauge
        onGaugesRequested: if (!root.gaugesShown)
            root.toggleGauges()
    }
    PickerPopover {
        id: picker

        parent: middle
        x: Math.max(Theme.u * 2, middle.width - width - Theme.u * 2)
        y: titleBar.height + Theme.u
        width: Math.min(Theme.u * 190, middle.width - Theme.u * 4)
        height: Math.min(implicitHeight, middle.height - y - Theme.u * 2)
        picker: root.application.picker
        engine: root.application.engine
    }
    KeySheet {
        id: sheet

        anchors.centerIn: T.Overlay.overlay
        height: Math.min(implicitHeight, root.height - Theme.u * 12)
        actions: actions.all
    }
    Connections {
        target: root.application

        function onRaiseRequested() {
            root.raise();
            root.requestActivate();
        }
        function onFilesOpened(files: list<string>) {
            root.openChats.current.composer.attachPaths(files);
        }
    }
    Connections {
        target: root.openChats.current

        function onAnnounced(sentence: string) {
            page.announce(sentence);
        }
    }
}
