import QtQuick
import QtQuick.Templates as T

/// A menu of actions.
T.Menu {
    id: root

    padding: Theme.u
    margins: Theme.u * 2
    implicitWidth: Math.max(Theme.u * 44, contentItem.implicitWidth + leftPadding + rightPadding)
    implicitHeight: contentItem.implicitHeight + topPadding + bottomPadding
    overlap: 1

    delegate: PlainMenuItem {}

    contentItem: ListView {
        implicitHeight: contentHeight
        model: root.contentModel
        interactive: false
        currentIndex: root.currentIndex
    }

    background: Rectangle {
        color: Theme.raised
        radius: Theme.radius
        border.width: Theme.line
        border.color: Theme.hairline
    }
}
