pragma ComponentBehavior: Bound

import QtQuick
import Lapidary.App
import Lapidary.Components

/// Memory, speed, speculation and context, in this order.
FocusScope {
    id: root

    required property MemoryGauge memory
    required property SpeedGauge speed
    required property SpeculationGauge speculation
    required property ContextGauge context
    readonly property string unloaded: qsTr("Shown while a model is loaded")

    signal folded

    function count(tokens: int): string {
        return tokens.toLocaleString(Qt.locale(), "f", 0);
    }
    function rate(value: real): string {
        return value < 0 ? "–" : qsTr("%1 tok/s").arg(value.toLocaleString(Qt.locale(), "f", value < 99.95 ? 1 : 0));
    }

    Rectangle {
        anchors.fill: parent
        color: Theme.side
    }
    Rectangle {
        width: Theme.line
        height: parent.height
        color: Theme.hairline
    }
    Item {
        id: head

        width: parent.width
        height: Theme.barHeight

        Label {
            x: Theme.u * 4
            anchors.verticalCenter: parent.verticalCenter
            text: qsTr("Gauges")
            font.weight: Font.Medium
        }
        IconButton {
            anchors.right: parent.right
            anchors.rightMargin: Theme.u * 2
            anchors.verticalCenter: parent.verticalCenter
            text: qsTr("Hide the gauges panel")
            tip: qsTr("Hide (Ctrl+G)")
            icon.source: Theme.icon("right")
            onClicked: root.folded()
        }
    }
    Flickable {
        anchors.top: head.bottom
        anchors.bottom: parent.bottom
        width: parent.width
        contentHeight: cards.implicitHeight
        boundsBehavior: Flickable.StopAtBounds
        clip: true

        Column {
            id: cards

            width: parent.width

            GaugeCard {
                width: parent.width
                title: qsTr("Memory")
                figure: root.memory.summary
                note: root.memory.active ? "" : root.unloaded

                Label {
                    width: parent.width
                    text: root.memory.deviceName
                    font.pixelSize: Theme.smallPixels
                    color: Theme.dim
                }
                PlanBar {
                    width: parent.width
                    parts: root.memory.parts
                    outline: root.memory.plan
                }
                Repeater {
                    model: root.memory.parts

                    GaugeLine {
                        required property planPart modelData

                        name: modelData.name
                        value: modelData.text
                        mark: Theme.parts[modelData.kind]
                    }
                }
            }
            GaugeCard {
                width: parent.width
                title: qsTr("Speed")
                figure: root.speed.tokensPerSecond < 0 ? "" : root.rate(root.speed.tokensPerSecond)
                note: root.speed.active || root.speed.averageTokensPerSecond >= 0 ? "" : qsTr("Shown when an answer is written")

                Sparkline {
                    width: parent.width
                    values: root.speed.sparkline
                    name: qsTr("Tokens per second, last minute")
                }
                GaugeLine {
                    name: qsTr("Average of the answer")
                    value: root.rate(root.speed.averageTokensPerSecond)
                }
                GaugeLine {
                    name: qsTr("First token after")
                    value: root.speed.firstTokenSeconds < 0 ? "–" : qsTr("%1 s").arg(root.speed.firstTokenSeconds.toLocaleString(Qt.locale(), "f", 2))
                }
                GaugeLine {
                    name: root.speed.readingPrompt ? qsTr("Reading the prompt, %1 %").arg(Math.round(root.speed.prefillFraction * 100)) : qsTr("Reading the prompt")
                    value: root.rate(root.speed.prefillTokensPerSecond > 0 ? root.speed.prefillTokensPerSecond : -1)
                }
            }
            GaugeCard {
                width: parent.width
                title: qsTr("Speculation")
                figure: root.speculation.active ? qsTr("%1 a round").arg(root.speculation.tokensPerRound.toLocaleString(Qt.locale(), "f", 1)) : ""
                note: root.speculation.note

                GaugeLine {
                    name: qsTr("Rounds")
                    value: root.count(root.speculation.rounds)
                }
                GaugeLine {
                    name: qsTr("Accepted of proposed")
                    value: qsTr("%1 of %2").arg(root.count(root.speculation.accepted)).arg(root.count(root.speculation.proposed))
                }
            }
            GaugeCard {
                width: parent.width
                title: qsTr("Context")
                figure: root.context.active ? qsTr("%1 of %2").arg(root.count(root.context.used)).arg(root.count(root.context.limit)) : ""
                note: root.context.active ? "" : root.unloaded

                ContextBar {
                    width: parent.width
                    context: root.context
                }
                GaugeLine {
                    name: qsTr("System prompt")
                    value: root.count(root.context.system)
                }
                GaugeLine {
                    name: qsTr("Images")
                    value: root.count(root.context.images)
                }
                GaugeLine {
                    name: qsTr("Earlier turns")
                    value: root.count(root.context.turns)
                }
                GaugeLine {
                    name: qsTr("This answer")
                    value: root.count(root.context.writing)
                }
                GaugeLine {
                    name: qsTr("Reused from cache")
                    value: root.count(root.context.reused)
                }
                Label {
                    width: parent.width
                    visible: root.context.nearlyFull
                    text: qsTr("The context is nearly full.")
                    color: Theme.care
                    font.pixelSize: Theme.smallPixels
                }
            }
        }
    }
}
