pragma ComponentBehavior: Bound

import QtQuick
import Lapidary.App
import Lapidary.Components

/// A chat without messages: a greeting, what runs here, and questions that fill the field.
Column {
    id: root

    required property EngineController engine
    required property bool firstRun
    required property string deviceName

    signal chosen(string question)
    signal pickerRequested

    spacing: Theme.u * 4

    Label {
        width: parent.width
        text: qsTr("What shall we look at?")
        font.pixelSize: Theme.heroPixels
        font.weight: Font.DemiBold
        horizontalAlignment: Text.AlignHCenter
    }
    Label {
        width: parent.width
        visible: root.engine.modelNotice !== ""
        text: root.engine.modelNotice
        horizontalAlignment: Text.AlignHCenter
        wrapMode: Text.Wrap
        elide: Text.ElideNone
        color: Theme.dim
    }
    Column {
        width: parent.width
        spacing: Theme.u * 2
        visible: root.firstRun

        Notice {
            width: parent.width
            iconName: "chip"
            tone: Theme.dim
            text: root.deviceName === "" ? qsTr("This machine: models run on the processor.") : qsTr("This machine: %1. Models run here and nothing leaves it.").arg(root.deviceName)
        }
        Notice {
            width: parent.width
            iconName: "folder"
            tone: Theme.dim
            text: root.engine.state === EngineController.Ready ? qsTr("%1 is loaded: ask it something.").arg(root.engine.modelName) : qsTr("Choose a Gemma 4 model: one from your Hugging Face cache, or a folder.")

            TextButton {
                text: qsTr("Choose…")
                onClicked: root.pickerRequested()
            }
        }
    }
    Grid {
        width: parent.width
        columns: width > Theme.u * 120 ? 2 : 1
        spacing: Theme.u * 2

        Repeater {
            model: [
                {
                    title: qsTr("Explain something"),
                    question: qsTr("Explain why the sky is blue, in three short paragraphs.")
                },
                {
                    title: qsTr("Write code"),
                    question: qsTr("Write a Python function that finds the longest common prefix of a list of words, with tests.")
                },
                {
                    title: qsTr("Compare in a table"),
                    question: qsTr("Compare rice, oats and quinoa in a table: energy, protein, fibre, cooking time.")
                },
                {
                    title: qsTr("Think it through"),
                    question: qsTr("A bat and a ball cost 1.10 together. The bat costs 1.00 more than the ball. What does the ball cost, and why do people get it wrong?")
                }
            ]

            ExampleCard {
                required property var modelData

                width: (root.width - Theme.u * 2 * (parent as Grid).columns + Theme.u * 2) / (parent as Grid).columns
                title: modelData.title
                question: modelData.question
                onClicked: root.chosen(question)
            }
        }
    }
}
