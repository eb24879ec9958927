import QtQuick
import Lapidary.App
import Lapidary.Components

/// Where a link leads, the whole address, before anything is opened.
Popover {
    id: root

    property string address: ""

    modal: true

    LinkAddress {
        id: link

        address: root.address
    }

    contentItem: Column {
        spacing: Theme.u * 3

        Label {
            text: qsTr("This link leads to")
            color: Theme.dim
        }
        TextEdit {
            width: parent.width
            readOnly: true
            selectByMouse: true
            textFormat: TextEdit.PlainText
            wrapMode: TextEdit.WrapAnywhere
            text: link.shown
            color: Theme.text
            selectionColor: Theme.selection
            selectedTextColor: Theme.text
            font.family: Theme.codeFamily
            font.pixelSize: Theme.codePixels
            Accessible.name: text
        }
        Notice {
            width: parent.width
            visible: link.warning !== ""
            text: link.warning
        }
        Row {
            spacing: Theme.u * 2

            TextButton {
                primary: true
                text: qsTr("Open")
                enabled: link.openable
                onClicked: {
                    link.open();
                    root.close();
                }
            }
            TextButton {
                text: qsTr("Copy address")
                onClicked: {
                    link.copy();
                    root.close();
                }
            }
            TextButton {
                flat: true
                text: qsTr("Cancel")
                onClicked: root.close()
            }
        }
    }
}
