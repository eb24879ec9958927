pragma ComponentBehavior: Bound

import QtQuick
import Lapidary.App
import Lapidary.Components

/// The end of an answer: its state, what can be done with it, how it went.
ConversationRow {
    id: root

    required property ChatModel chat

    signal linkChosen(string address)

    implicitHeight: status.height + Theme.controlHeight + Theme.u * 3

    HoverHandler {
        id: hover
    }
    Item {
        id: status

        x: root.columnX
        width: root.column
        height: visible ? Math.max(Theme.controlHeight, line.implicitHeight + Theme.u * 2) : 0
        visible: root.message.stateLine !== ""

        Label {
            id: line

            anchors.verticalCenter: parent.verticalCenter
            width: Math.min(implicitWidth, parent.width - (again.active ? again.width + Theme.u * 3 : 0))
            text: root.message.stateLine
            color: root.message.failed ? Theme.fault : Theme.dim
            wrapMode: Text.Wrap
            elide: Text.ElideNone
        }
        Loader {
            id: again

            anchors.verticalCenter: parent.verticalCenter
            x: line.width + Theme.u * 3
            active: root.message.canContinue
            sourceComponent: TextButton {
                text: root.message.failed ? qsTr("Try again") : qsTr("Continue")
                icon.source: Theme.icon(root.message.failed ? "again" : "continue")
                onClicked: root.message.failed ? root.chat.regenerate(root.message.messageId) : root.chat.continueAnswer()
            }
        }
        Rectangle {
            anchors.bottom: parent.bottom
            width: parent.width
            height: 2
            radius: 1
            visible: root.message.promptFraction >= 0
            color: Theme.hairline

            Rectangle {
                width: parent.width * Math.max(0, root.message.promptFraction)
                height: 2
                radius: 1
                color: Theme.accent
            }
        }
    }
    ActionBar {
        id: bar

        x: root.columnX - Theme.u * 1.5
        y: status.height
        width: root.column + Theme.u * 1.5
        visible: !root.message.busy
        shown: !root.message.busy && (root.message.last || hover.hovered)
        name: qsTr("Actions of this answer")
        actions: Item {
            implicitHeight: Theme.controlHeight

            Row {
                id: buttons

                CopyButton {
                    text: qsTr("Copy answer as Markdown")
                    onClicked: root.chat.copyMarkdown(root.message.messageId)
                }
                IconButton {
                    text: qsTr("Answer again")
                    icon.source: Theme.icon("again")
                    icon.width: Theme.iconPixels * 0.85
                    icon.height: Theme.iconPixels * 0.85
                    enabled: !root.chat.busy
                    onClicked: root.chat.regenerate(root.message.messageId)
                }
                Loader {
                    active: root.message.links.length > 0
                    visible: active
                    sourceComponent: LinksButton {
                        links: root.message.links
                        onLinkChosen: address => root.linkChosen(address)
                    }
                }
                BranchSwitch {
                    branch: root.message.branch
                    count: root.message.branchCount
                    onStepped: direction => root.chat.showBranch(root.message.messageId, direction)
                }
            }
            Label {
                anchors.verticalCenter: parent.verticalCenter
                anchors.left: buttons.right
                anchors.leftMargin: Theme.u * 2
                anchors.right: parent.right
                text: root.message.statisticsLine
                font.pixelSize: Theme.smallPixels
                color: Theme.dim
            }
        }
    }
}
