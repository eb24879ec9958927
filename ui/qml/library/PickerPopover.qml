pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Dialogs
import Lapidary.App
import Lapidary.Components

/// What to run and how, with the memory it takes, before anything is loaded.
Popover {
    id: root

    required property ModelPicker picker
    required property EngineController engine
    readonly property bool wide: width > Theme.u * 130
    readonly property bool low: height < Theme.u * 80 // the sentence says what the bar shows
    readonly property bool loading: engine.state === EngineController.Loading

    modal: true
    onOpened: picker.refresh()

    // The choices scroll where the window is low; what they cost and the buttons stay in sight.
    contentItem: Item {
        implicitHeight: choices.implicitHeight + foot.implicitHeight + Theme.u * 3

        Flickable {
            id: scroller

            /// What has the keyboard is seen.
            function reveal(item: Item) {
                const y = item.mapToItem(choices, 0, 0).y;
                contentY = Math.max(Math.min(contentY, y), y + item.height - height);
            }

            width: parent.width
            height: Math.min(choices.implicitHeight, parent.height - foot.implicitHeight - Theme.u * 3)
            contentHeight: choices.implicitHeight
            boundsBehavior: Flickable.StopAtBounds
            interactive: contentHeight > height
            clip: true

            Grid {
                id: choices

                width: parent.width
                columns: root.wide ? 2 : 1
                spacing: Theme.u * 4

                Column {
                    width: root.wide ? Math.round((scroller.width - Theme.u * 4) * 0.52) : scroller.width

                    Label {
                        text: qsTr("Model")
                        leftPadding: Theme.u * 2
                        bottomPadding: Theme.u
                        color: Theme.dim
                        font.pixelSize: Theme.smallPixels
                    }
                    Repeater {
                        model: root.picker.models

                        ChoiceRow {
                            required property int index
                            required property string name
                            required property string format
                            required property string size
                            required property string verdict
                            required property bool usable
                            required property string reason
                            required property string notice

                            width: (parent as Item).width
                            title: name
                            figure: size
                            line: reason !== "" ? reason : [format, verdict].filter(word => word !== "").join(" · ")
                            warns: !usable
                            checked: index === root.picker.modelRow
                            onClicked: root.picker.modelRow = index
                            onActiveFocusChanged: if (activeFocus)
                                scroller.reveal(this)
                        }
                    }
                    Label {
                        leftPadding: Theme.u * 2
                        visible: root.picker.models.count === 0
                        text: root.picker.models.scanning ? qsTr("Looking for models…") : qsTr("No model was found on this machine.")
                        color: Theme.dim
                    }
                    TextButton {
                        flat: true
                        text: qsTr("Add a folder…")
                        icon.source: Theme.icon("folder")
                        onClicked: folders.open()
                    }
                }
                Column {
                    width: root.wide ? scroller.width - Math.round((scroller.width - Theme.u * 4) * 0.52) - Theme.u * 4 : scroller.width

                    Label {
                        text: qsTr("Recipe")
                        leftPadding: Theme.u * 2
                        bottomPadding: Theme.u
                        color: Theme.dim
                        font.pixelSize: Theme.smallPixels
                    }
                    Repeater {
                        model: root.picker.recipes

                        ChoiceRow {
                            required property int index
                            required title
                            required property string summary

                            width: (parent as Item).width
                            line: summary
                            checked: index === root.picker.recipeRow
                            onClicked: root.picker.recipeRow = index
                            onActiveFocusChanged: if (activeFocus)
                                scroller.reveal(this)
                        }
                    }
                    Label {
                        visible: root.picker.seesImages
                        text: qsTr("Detail of pictures: tokens each may cost")
                        leftPadding: Theme.u * 2
                        topPadding: Theme.u * 3
                        bottomPadding: Theme.u
                        color: Theme.dim
                        font.pixelSize: Theme.smallPixels
                    }
                    Flow {
                        width: parent.width
                        leftPadding: Theme.u * 2
                        visible: root.picker.seesImages
                        spacing: Theme.u

                        Repeater {
                            model: root.picker.imageBudgets

                            TextButton {
                                required property int modelData

                                checkable: true
                                autoExclusive: true
                                leftPadding: Theme.u * 2
                                checked: modelData === root.picker.imageBudget
                                text: modelData.toLocaleString(Qt.locale(), "f", 0)
                                Accessible.role: Accessible.RadioButton
                                Accessible.name: qsTr("At most %1 tokens a picture").arg(modelData)
                                onClicked: root.picker.imageBudget = modelData
                                onActiveFocusChanged: if (activeFocus)
                                    scroller.reveal(this)
                            }
                        }
                    }
                    Label {
                        text: qsTr("Device")
                        leftPadding: Theme.u * 2
                        topPadding: Theme.u * 3
                        bottomPadding: Theme.u
                        color: Theme.dim
                        font.pixelSize: Theme.smallPixels
                    }
                    Repeater {
                        model: root.picker.devices

                        ChoiceRow {
                            required property int index
                            required property string name
                            required property string memory

                            width: (parent as Item).width
                            title: name
                            line: memory
                            checked: index === root.picker.deviceRow
                            onClicked: root.picker.deviceRow = index
                            onActiveFocusChanged: if (activeFocus)
                                scroller.reveal(this)
                        }
                    }
                    Label {
                        width: parent.width
                        visible: root.picker.deviceSentence !== ""
                        text: root.picker.deviceSentence
                        leftPadding: Theme.u * 7
                        rightPadding: Theme.u * 2
                        topPadding: Theme.u
                        font.pixelSize: Theme.smallPixels
                        color: Theme.dim
                        wrapMode: Text.Wrap
                        elide: Text.ElideNone
                    }
                }
            }
        }
        ThinScrollBar {
            x: parent.width - Theme.u
            height: scroller.height
            orientation: Qt.Vertical
            size: scroller.visibleArea.heightRatio
            position: scroller.visibleArea.yPosition
            onPositionChanged: if (pressed)
                scroller.contentY = position * scroller.contentHeight
        }
        Column {
            id: foot

            y: scroller.height + Theme.u * 3
            width: parent.width
            spacing: Theme.u * 3

            Rectangle {
                width: parent.width
                height: Theme.line
                color: Theme.hairline
            }
            Label {
                width: parent.width
                text: root.picker.verdictSentence
                wrapMode: Text.Wrap
                elide: Text.ElideNone
                color: root.picker.verdict === ModelPicker.DoesNotFit || root.picker.verdict === ModelPicker.Unusable ? Theme.fault : root.picker.verdict === ModelPicker.FitsAfterClosing ? Theme.care : Theme.text
            }
            PlanBar {
                width: parent.width
                visible: root.picker.parts.length > 0 && !root.low
                parts: root.picker.parts
            }
            PlanLegend {
                width: parent.width
                visible: !root.low
                parts: root.picker.parts
            }
            Label {
                width: parent.width
                visible: root.engine.templateNotice !== ""
                text: qsTr("%1: %2.").arg(root.engine.modelName).arg(root.engine.templateNotice)
                wrapMode: Text.Wrap
                elide: Text.ElideNone
                color: Theme.dim
                font.pixelSize: Theme.smallPixels
            }
            Item {
                width: parent.width
                height: Theme.controlHeight

                Label {
                    anchors.verticalCenter: parent.verticalCenter
                    width: parent.width - buttons.width - Theme.u * 2
                    visible: root.loading
                    text: root.engine.loadSecondsLeft >= 0 ? qsTr("%1 · %2 % · %3 GB/s · about %4 s left").arg(root.engine.loadPhase).arg(Math.round(root.engine.loadFraction * 100)).arg((root.engine.loadBytesPerSecond / 1e9).toLocaleString(Qt.locale(), "f", 1)).arg(Math.ceil(root.engine.loadSecondsLeft)) : root.engine.loadPhase
                    color: Theme.dim
                }
                Row {
                    id: buttons

                    anchors.right: parent.right
                    spacing: Theme.u * 2

                    TextButton {
                        visible: root.loading
                        text: qsTr("Cancel loading")
                        onClicked: root.engine.cancelLoad()
                    }
                    TextButton {
                        primary: true
                        text: qsTr("Use", "load the chosen model")
                        enabled: root.picker.canUse
                        onClicked: {
                            root.picker.use();
                            root.close();
                        }
                    }
                }
            }
        }
    }

    FolderDialog {
        id: folders

        title: qsTr("Folder of a model")
        onAccepted: root.picker.addFolder(selectedFolder)
    }
}
