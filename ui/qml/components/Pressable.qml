import QtQuick
import QtQuick.Templates as T

/// What can be pressed: by a click, by Space as the platform has it, and by Enter.
T.AbstractButton {
    id: root

    Keys.onEnterPressed: click()
    Keys.onReturnPressed: click()
}
