import QtQuick
import Lapidary.Components

/// Copies, and shows for a moment that it did.
IconButton {
    id: root

    icon.source: Theme.icon(done.running ? "check" : "copy")
    icon.width: Theme.iconPixels * 0.85
    icon.height: Theme.iconPixels * 0.85
    onClicked: done.restart()

    Timer {
        id: done

        interval: 1500
    }
}
