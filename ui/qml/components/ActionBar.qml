import QtQuick

/// Buttons of a row that are made when someone comes near: the pointer to the row, or the keyboard.
/// A page of rows with all their buttons would take longer than a frame to make.
FocusScope {
    id: root

    /// The buttons, as one item.
    required property Component actions
    /// What the keyboard reaches before the buttons are there.
    required property string name
    /// Whether the buttons are to be seen.
    property bool shown: false
    property bool reached: false

    implicitWidth: Math.max(forPointer.implicitWidth, forKeyboard.implicitWidth)
    implicitHeight: Theme.controlHeight
    opacity: shown || activeFocus ? 1 : 0

    Item {
        id: stand

        anchors.fill: parent
        visible: !root.reached && forPointer.status !== Loader.Ready
        activeFocusOnTab: true
        onActiveFocusChanged: if (activeFocus) {
            root.reached = true;
            forKeyboard.nextItemInFocusChain(true).forceActiveFocus(Qt.TabFocusReason);
        }

        Accessible.role: Accessible.ToolBar
        Accessible.name: root.name
    }
    // Between frames.
    Loader {
        id: forPointer

        active: root.shown && !root.reached
        asynchronous: true
        width: root.width
        sourceComponent: root.actions
    }
    // At once: the keyboard waits for them.
    Loader {
        id: forKeyboard

        active: root.reached
        width: root.width
        sourceComponent: root.actions
    }
}
