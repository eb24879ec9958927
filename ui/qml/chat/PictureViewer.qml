pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Templates as T
import Lapidary.App
import Lapidary.Components

/// One picture, as large as the window allows. Esc, a click or the button closes it.
T.Popup {
    id: root

    property Attachment attachment: null

    function show(attachment: Attachment) {
        root.attachment = attachment;
        root.open();
    }

    parent: T.Overlay.overlay
    width: parent ? parent.width : 0
    height: parent ? parent.height : 0
    padding: Theme.u * 4
    modal: true
    focus: true
    closePolicy: T.Popup.CloseOnEscape
    onClosed: root.attachment = null

    background: Rectangle {
        color: Theme.page
    }
    contentItem: FocusScope {
        Accessible.role: Accessible.Dialog
        Accessible.name: root.attachment ? qsTr("Picture %1").arg(root.attachment.name) : ""

        Thumbnail {
            id: picture

            anchors.fill: parent
            anchors.topMargin: Theme.barHeight
            fits: true
            radius: 0

            Accessible.role: Accessible.Graphic
            Accessible.name: root.attachment ? qsTr("%1, %2").arg(root.attachment.name).arg(root.attachment.extent) : ""

            TapHandler {
                onTapped: root.close()
            }
        }
        Binding {
            target: picture
            property: "image"
            when: root.attachment !== null
            value: root.attachment?.whole
        }
        Label {
            anchors.left: parent.left
            anchors.right: closeButton.left
            anchors.rightMargin: Theme.u * 2
            anchors.verticalCenter: closeButton.verticalCenter
            text: root.attachment ? qsTr("%1 · %2 · %3", "name, size and tokens of a picture").arg(root.attachment.name).arg(root.attachment.extent).arg(root.attachment.detail) : ""
        }
        IconButton {
            id: closeButton

            anchors.right: parent.right
            focus: true
            text: qsTr("Close the picture")
            tip: qsTr("Close (Esc)")
            icon.source: Theme.icon("close")
            onClicked: root.close()
        }
    }
}
