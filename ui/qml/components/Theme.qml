pragma Singleton

import QtQuick
import QtQuick as Quick
import Lapidary.App

/// Every colour, size and duration of the window. Spacing is counted in `u`, a 4 px grid.
QtObject {
    id: root

    property int choice: 0
    property real zoom: 1
    property bool animated: true

    readonly property bool dark: choice === Settings.Dark || (choice === Settings.System && Quick.Application.styleHints.colorScheme === Qt.ColorScheme.Dark)

    readonly property color page: dark ? "#17181b" : "#fdfdfc"
    readonly property color side: dark ? "#1d1f23" : "#f5f5f2"
    readonly property color raised: dark ? "#25272c" : "#ffffff"
    readonly property color tint: dark ? "#242a3d" : "#eef1fb"
    readonly property color hairline: dark ? "#363940" : "#e1e1dc"
    readonly property color edge: dark ? "#6f747e" : "#8b8b85"
    readonly property color text: dark ? "#e7e7e4" : "#1c1d1f"
    readonly property color dim: dark ? "#a3a7af" : "#62645f"
    readonly property color accent: dark ? "#93abf7" : "#2a4db8"
    readonly property color accentText: dark ? "#0f1424" : "#ffffff"
    readonly property color ok: dark ? "#63c493" : "#1b7547"
    readonly property color care: dark ? "#e3aa4c" : "#8a5200"
    readonly property color fault: dark ? "#f48b83" : "#b3261e"
    readonly property color selection: dark ? "#3a4a80" : "#c9d6fb"
    readonly property color code: dark ? "#1f2125" : "#f6f6f3"
    readonly property color codeSpan: dark ? "#2b2e34" : "#efefeb"
    readonly property color hover: dark ? "#2b2e34" : "#ebebe7"
    readonly property color pressed: dark ? "#363940" : "#dfdfda"
    readonly property color shade: dark ? "#80000000" : "#30000000"

    /// Where the engine's own parts end, and what is free, in the list below.
    readonly property int windowPart: 5
    readonly property int freePart: 7

    /// Weights, drafter, cache, activations, workspace, window, other programs, free.
    readonly property list<color> parts: dark ? ["#7f9bf5", "#b58cf0", "#45b8ac", "#d9a441", "#9a9ea6", "#c3c6cc", "#6f747e", "#2b2e34"] : ["#2a4db8", "#7a3fc0", "#0f7f75", "#9a6400", "#6f726d", "#8f928c", "#a9aca5", "#ebebe7"]

    readonly property real u: Math.round(4 * zoom)
    readonly property int radius: 6
    readonly property int line: 1
    readonly property int bodyPixels: Math.round(16 * zoom)
    readonly property int uiPixels: Math.round(13.5 * zoom)
    readonly property int smallPixels: Math.round(12.5 * zoom)
    readonly property int titlePixels: Math.round(14.5 * zoom)
    readonly property int heroPixels: Math.round(24 * zoom)
    readonly property int codePixels: Math.round(13.5 * zoom)
    readonly property int iconPixels: Math.round(20 * zoom)
    readonly property int controlHeight: Math.round(32 * zoom)
    readonly property int barHeight: Math.round(48 * zoom)
    readonly property int columnWidth: 46 * bodyPixels
    readonly property int gutter: 6 * u
    readonly property int sideWidth: Math.round(272 * zoom)
    readonly property int gaugesWidth: Math.round(284 * zoom)
    readonly property int duration: animated ? 120 : 0

    readonly property string textFamily: "Inter"
    /// Without ligatures: "->" must not look like an arrow.
    readonly property string codeFamily: "JetBrains Mono NL"

    readonly property list<FontLoader> fonts: [
        FontLoader {
            source: "qrc:/lapidary/fonts/Inter-Regular.otf"
        },
        FontLoader {
            source: "qrc:/lapidary/fonts/Inter-Italic.otf"
        },
        FontLoader {
            source: "qrc:/lapidary/fonts/Inter-Medium.otf"
        },
        FontLoader {
            source: "qrc:/lapidary/fonts/Inter-SemiBold.otf"
        },
        FontLoader {
            source: "qrc:/lapidary/fonts/Inter-SemiBoldItalic.otf"
        },
        FontLoader {
            source: "qrc:/lapidary/fonts/Inter-Bold.otf"
        },
        FontLoader {
            source: "qrc:/lapidary/fonts/JetBrainsMonoNL-Regular.ttf"
        },
        FontLoader {
            source: "qrc:/lapidary/fonts/JetBrainsMonoNL-Italic.ttf"
        },
        FontLoader {
            source: "qrc:/lapidary/fonts/JetBrainsMonoNL-Bold.ttf"
        }
    ]

    readonly property BlockStyle answer: BlockStyle {
        text: root.text
        dim: root.dim
        link: root.accent
        codeBackground: root.codeSpan
        hairline: root.hairline
        dark: root.dark
        textFamily: root.textFamily
        codeFamily: root.codeFamily
        textPixels: root.bodyPixels
        codePixels: root.codePixels
        lineHeight: 1.55
    }
    readonly property BlockStyle thought: BlockStyle {
        text: root.dim
        dim: root.dim
        link: root.accent
        codeBackground: root.codeSpan
        hairline: root.hairline
        dark: root.dark
        textFamily: root.textFamily
        codeFamily: root.codeFamily
        textPixels: Math.round(14 * root.zoom)
        codePixels: Math.round(12.5 * root.zoom)
        lineHeight: 1.5
    }

    function icon(name: string): url {
        return "qrc:/lapidary/icons/" + name + ".svg";
    }
}
