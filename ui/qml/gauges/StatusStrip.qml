import QtQuick
import Lapidary.App
import Lapidary.Components

/// The numbers that are always on screen.
Rectangle {
    id: root

    required property EngineController engine
    required property MemoryGauge memory
    required property SpeedGauge speed
    required property ContextGauge context
    required property SpeculationGauge speculation

    signal gaugesRequested

    implicitHeight: Theme.u * 7
    color: Theme.side

    Accessible.role: Accessible.StatusBar
    Accessible.name: qsTr("State of the engine")

    Row {
        x: Theme.u * 4
        height: parent.height
        spacing: Theme.u * 5

        Row {
            anchors.verticalCenter: parent.verticalCenter
            spacing: Theme.u * 1.5

            Rectangle {
                anchors.verticalCenter: parent.verticalCenter
                width: Theme.u * 2
                height: width
                radius: width / 2
                color: root.engine.state === EngineController.Ready ? Theme.ok : root.engine.state === EngineController.Loading ? Theme.care : root.engine.state === EngineController.Failed ? Theme.fault : "transparent"
                border.width: root.engine.state === EngineController.NoModel ? 1 : 0
                border.color: Theme.edge
            }
            Label {
                text: root.engine.state === EngineController.Ready ? qsTr("%1 · %2").arg(root.memory.deviceName === "" ? root.engine.device : root.memory.deviceName).arg(root.memory.summary) : root.engine.state === EngineController.Loading ? root.engine.loadPhase : root.engine.state === EngineController.Failed ? qsTr("Not loaded") : qsTr("No model")
                font.pixelSize: Theme.smallPixels
                color: Theme.dim
                width: Math.min(implicitWidth, root.width * 0.5)
            }
        }
        Label {
            anchors.verticalCenter: parent.verticalCenter
            visible: root.speed.tokensPerSecond >= 0 && root.width > Theme.u * 90
            text: qsTr("%1 tok/s").arg(root.speed.tokensPerSecond.toLocaleString(Qt.locale(), "f", 0))
            font.pixelSize: Theme.smallPixels
            color: Theme.dim
        }
        Label {
            anchors.verticalCenter: parent.verticalCenter
            visible: root.context.active && root.width > Theme.u * 130
            text: qsTr("%1 of %2 tokens").arg(root.context.used.toLocaleString(Qt.locale(), "f", 0)).arg(root.context.limit.toLocaleString(Qt.locale(), "f", 0))
            font.pixelSize: Theme.smallPixels
            color: root.context.nearlyFull ? Theme.care : Theme.dim
        }
        Label {
            anchors.verticalCenter: parent.verticalCenter
            visible: root.speculation.active && root.width > Theme.u * 160
            text: qsTr("%1 a round").arg(root.speculation.tokensPerRound.toLocaleString(Qt.locale(), "f", 1))
            font.pixelSize: Theme.smallPixels
            color: Theme.dim
        }
    }
    TapHandler {
        onTapped: root.gaugesRequested()
    }
    Rectangle {
        width: parent.width
        height: Theme.line
        color: Theme.hairline
    }
}
