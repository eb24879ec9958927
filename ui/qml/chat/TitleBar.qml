import QtQuick
import Lapidary.App
import Lapidary.Components

/// The chat's title, the model and recipe, and the folds of both side panels.
Item {
    id: root

    required property ChatModel chat
    required property EngineController engine
    required property bool sideShown
    required property bool gaugesShown
    readonly property alias modelButton: modelButton
    // What the title and the model share: the recipe goes first, then the end of the title.
    readonly property real room: width - title.x - icons.width - Theme.u * 5
    readonly property real spare: room - title.implicitWidth
    readonly property real modelWidth: modelButton.implicitWidth <= Math.max(spare, room * 0.4) ? modelButton.implicitWidth : Math.min(modelButton.shorterWidth, Math.max(spare, room * 0.55))

    signal sideRequested
    signal gaugesRequested
    signal pickerRequested
    signal newChatRequested

    implicitHeight: Theme.barHeight

    Row {
        id: leftButtons

        x: Theme.u * 2
        anchors.verticalCenter: parent.verticalCenter
        visible: !root.sideShown

        IconButton {
            text: qsTr("Show the side bar")
            tip: qsTr("Show the side bar (Ctrl+B)")
            icon.source: Theme.icon("menu")
            onClicked: root.sideRequested()
        }
        IconButton {
            text: qsTr("New chat")
            tip: qsTr("New chat (Ctrl+N)")
            icon.source: Theme.icon("new-chat")
            onClicked: root.newChatRequested()
        }
    }
    Label {
        id: title

        anchors.left: leftButtons.visible ? leftButtons.right : parent.left
        anchors.leftMargin: leftButtons.visible ? Theme.u * 2 : Theme.gutter
        anchors.right: rightButtons.left
        anchors.rightMargin: Theme.u * 2
        anchors.verticalCenter: parent.verticalCenter
        text: root.chat.title
        font.pixelSize: Theme.titlePixels
        font.weight: Font.Medium
    }
    Row {
        id: rightButtons

        anchors.right: parent.right
        anchors.rightMargin: Theme.u * 2
        anchors.verticalCenter: parent.verticalCenter
        spacing: Theme.u

        TextButton {
            id: modelButton

            readonly property bool ready: root.engine.state === EngineController.Ready
            readonly property string loading: qsTr("Loading %1 %").arg(Math.round(root.engine.loadFraction * 100))

            width: root.modelWidth
            text: root.engine.state === EngineController.Loading ? loading : ready ? root.engine.modelName + " · " + root.engine.recipeTitle : qsTr("Choose a model")
            shorter: ready ? root.engine.modelName : ""
            tip: cut ? qsTr("%1 (Ctrl+M)").arg(text) : qsTr("Model and recipe (Ctrl+M)")
            icon.source: Theme.icon("down")
            onClicked: root.pickerRequested()
        }
        Row {
            id: icons

            spacing: rightButtons.spacing

            IconButton {
                visible: modelButton.ready && root.width > Theme.u * 120
                text: qsTr("Unload the model")
                tip: qsTr("Unload the model and give its memory back (Ctrl+Shift+L)")
                icon.source: Theme.icon("eject")
                onClicked: root.engine.unload()
            }
            IconButton {
                checkable: false
                text: root.gaugesShown ? qsTr("Hide the gauges") : qsTr("Show the gauges")
                tip: root.gaugesShown ? qsTr("Hide the gauges (Ctrl+G)") : qsTr("Show the gauges (Ctrl+G)")
                icon.source: Theme.icon("gauges")
                tone: root.gaugesShown ? Theme.accent : Theme.dim
                onClicked: root.gaugesRequested()
            }
        }
    }
    Rectangle {
        anchors.bottom: parent.bottom
        width: parent.width
        height: Theme.line
        color: Theme.hairline
    }
}
