pragma ComponentBehavior: Bound

import QtQuick
import Lapidary.App
import Lapidary.Components

/// The messages of a chat, scrolled by ConversationView.
FocusScope {
    id: root

    required property ChatModel chat
    readonly property alias view: view

    signal typed(string text)
    signal pictureChosen(Attachment attachment)
    signal editingEnded

    function showLink(address: string) {
        card.address = address;
        card.open();
    }

    Accessible.role: Accessible.List
    Accessible.name: qsTr("Conversation")

    ConversationView {
        id: view

        anchors.fill: parent
        focus: true
        activeFocusOnTab: true
        rows: root.chat.rows

        Accessible.role: Accessible.Pane
        Accessible.name: qsTr("Messages")

        topPadding: Theme.u * 2
        bottomPadding: Theme.u * 6
        columnWidth: Math.min(width - 2 * Theme.gutter, Theme.columnWidth)
        lineHeight: Math.round(Theme.bodyPixels * 1.55)

        delegates: [
            RowDelegate {
                kind: ConversationRows.Question

                Component {
                    QuestionRow {
                        chat: root.chat
                        onPictureChosen: attachment => root.pictureChosen(attachment)
                        onEditingEnded: root.editingEnded()
                    }
                }
            },
            RowDelegate {
                kind: ConversationRows.Head

                Component {
                    HeadRow {}
                }
            },
            RowDelegate {
                kind: ConversationRows.Thought

                Component {
                    ThoughtRow {}
                }
            },
            RowDelegate {
                kind: ConversationRows.Text

                Component {
                    TextRow {
                        onLinkChosen: address => root.showLink(address)
                    }
                }
            },
            RowDelegate {
                kind: ConversationRows.Code

                Component {
                    CodeRow {
                        onCopyRequested: text => root.chat.copy(text)
                    }
                }
            },
            RowDelegate {
                kind: ConversationRows.Table

                Component {
                    TableRow {
                        onCopyRequested: text => root.chat.copy(text)
                        onLinkChosen: address => root.showLink(address)
                    }
                }
            },
            RowDelegate {
                kind: ConversationRows.Math

                Component {
                    FormulaRow {
                        onCopyRequested: text => root.chat.copy(text)
                    }
                }
            },
            RowDelegate {
                kind: ConversationRows.Rule

                Component {
                    RuleRow {}
                }
            },
            RowDelegate {
                kind: ConversationRows.Foot

                Component {
                    FootRow {
                        chat: root.chat
                        onLinkChosen: address => root.showLink(address)
                    }
                }
            }
        ]

        Keys.onPressed: event => {
            const moves = {
                [Qt.Key_PageUp]: () => view.scrollPages(-1),
                [Qt.Key_PageDown]: () => view.scrollPages(1),
                [Qt.Key_Home]: () => view.scrollToStart(),
                [Qt.Key_End]: () => view.followEnd(),
                [Qt.Key_Up]: () => view.scrollBy(-view.lineHeight),
                [Qt.Key_Down]: () => view.scrollBy(view.lineHeight)
            };
            event.accepted = event.modifiers === Qt.NoModifier && event.key in moves;
            if (event.accepted)
                moves[event.key]();
            else if (event.text.trim() !== "" && !(event.modifiers & (Qt.ControlModifier | Qt.AltModifier)))
                root.typed(event.text);
        }

        FocusRing {
            anchors.margins: 2
            shown: view.activeFocus
        }
    }
    DragHandler {
        property real before: 0

        acceptedDevices: PointerDevice.TouchScreen
        target: null
        xAxis.enabled: false
        onActiveChanged: before = 0
        onActiveTranslationChanged: {
            view.scrollBy(before - activeTranslation.y);
            before = activeTranslation.y;
        }
    }
    ThinScrollBar {
        anchors.right: parent.right
        height: parent.height
        orientation: Qt.Vertical
        size: view.pageSize
        position: view.position
        onPositionChanged: if (pressed)
            view.scrollTo(position)
    }
    TextButton {
        anchors.horizontalCenter: parent.horizontalCenter
        y: parent.height - height - Theme.u * 3
        visible: !view.endVisible && (root.chat.busy || view.follow !== ConversationView.End)
        text: root.chat.busy ? qsTr("New text") : qsTr("To the end")
        icon.source: Theme.icon("to-end")
        onClicked: view.followEnd()
    }
    LinkCard {
        id: card

        anchors.centerIn: parent
        width: Math.min(root.width - Theme.u * 8, Theme.u * 130)
    }
    Connections {
        target: root.chat

        function onQuestionSent() {
            view.showQuestion();
        }
    }
}
