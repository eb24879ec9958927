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

            readonly property string loading: qsTr("Loading %1 %").arg(Math.round(root.engine.loadFraction * 100))

            text: root.engine.state === EngineController.Loading ? loading : root.engine.state === EngineController.Ready ? root.engine.modelName + " · " + root.engine.recipeTitle : qsTr("Choose a model")
            tip: qsTr("Model and recipe (Ctrl+M)")
            icon.source: Theme.icon("down")
            onClicked: root.pickerRequested()
        }
        IconButton {
            visible: root.engine.state === EngineController.Ready && root.width > Theme.u * 120
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
    Rectangle {
        anchors.bottom: parent.bottom
        width: parent.width
        height: Theme.line
        color: Theme.hairline
    }
}
