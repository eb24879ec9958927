import QtQuick

/// Plain text in the interface's font.
Text {
    textFormat: Text.PlainText
    font.family: Theme.textFamily
    font.pixelSize: Theme.uiPixels
    font.features: {
        "tnum": 1
    }
    color: Theme.text
    elide: Text.ElideRight
    renderType: Text.QtRendering
}
