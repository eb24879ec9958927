import QtQuick
import QtQuick.Templates as T
import Lapidary.Components

/// Where a chat gets another name.
T.TextField {
    id: root

    padding: Theme.u
    verticalAlignment: TextInput.AlignVCenter
    color: Theme.text
    selectionColor: Theme.selection
    selectedTextColor: Theme.text
    font.family: Theme.textFamily
    font.pixelSize: Theme.uiPixels

    Accessible.name: qsTr("New name")

    background: Rectangle {
        radius: Theme.radius - 2
        color: Theme.page
        border.width: 2
        border.color: Theme.accent
    }
}
