pragma ComponentBehavior: Bound

import QtQuick
import Lapidary.Components

/// The links of an answer, to be reached by keyboard too.
TextButton {
    id: root

    required property list<string> links

    signal linkChosen(string address)

    flat: true
    text: qsTr("Links", "of this answer")
    tip: qsTr("The links of this answer, to be reached by keyboard too")
    onClicked: {
        menu.active = true;
        (menu.item as PlainMenu).popup(root, 0, -(menu.item as PlainMenu).height);
    }

    Loader {
        id: menu

        active: false
        sourceComponent: PlainMenu {
            id: addresses

            Instantiator {
                model: root.links
                delegate: PlainMenuItem {
                    required property string modelData

                    text: modelData.length > 60 ? modelData.slice(0, 57) + "…" : modelData
                    onTriggered: root.linkChosen(modelData)
                }
                onObjectAdded: (index, object) => addresses.insertItem(index, object as PlainMenuItem)
            }
        }
    }
}
