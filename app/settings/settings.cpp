#include "settings.h"

#include <engine/image.h>

#include <algorithm>

namespace lapidary::app {
namespace {

using namespace Qt::StringLiterals;

constexpr double kSmallestZoom = 0.5;
constexpr double kLargestZoom = 3.0;

} // namespace

Settings::Settings(const QString& file, QObject* parent)
    : QObject(parent), file_(file, QSettings::IniFormat) {}

template <class T>
void Settings::change(const QString& key, const T& old, const T& value,
                      void (Settings::*changed)()) {
    if (old == value)
        return;
    if constexpr (std::is_enum_v<T>) {
        file_.setValue(key, static_cast<int>(value));
    } else {
        file_.setValue(key, value);
    }
    emit(this->*changed)();
}

template <class Enum>
Enum Settings::choice(const QString& key, Enum last) const {
    const int value = file_.value(key, 0).toInt();
    return value > 0 && value <= static_cast<int>(last) ? static_cast<Enum>(value) : Enum{};
}

Settings::Theme Settings::theme() const {
    return choice(u"appearance/theme"_s, Theme::Dark);
}

void Settings::setTheme(Theme value) {
    change(u"appearance/theme"_s, theme(), value, &Settings::themeChanged);
}

double Settings::zoom() const {
    bool isNumber = false;
    const double value = file_.value(u"appearance/zoom"_s, 1.0).toDouble(&isNumber);
    return isNumber ? std::clamp(value, kSmallestZoom, kLargestZoom) : 1.0;
}

void Settings::setZoom(double value) {
    change(u"appearance/zoom"_s, zoom(), std::clamp(value, kSmallestZoom, kLargestZoom),
           &Settings::zoomChanged);
}

Settings::SendKey Settings::sendKey() const {
    return choice(u"chat/sendKey"_s, SendKey::CtrlEnter);
}

void Settings::setSendKey(SendKey value) {
    change(u"chat/sendKey"_s, sendKey(), value, &Settings::sendKeyChanged);
}

bool Settings::thinking() const {
    return file_.value(u"chat/thinking"_s, true).toBool();
}

void Settings::setThinking(bool value) {
    change(u"chat/thinking"_s, thinking(), value, &Settings::thinkingChanged);
}

Settings::ThoughtView Settings::thoughtView() const {
    return choice(u"chat/thoughtView"_s, ThoughtView::Hidden);
}

void Settings::setThoughtView(ThoughtView value) {
    change(u"chat/thoughtView"_s, thoughtView(), value, &Settings::thoughtViewChanged);
}

bool Settings::sideBarFolded() const {
    return file_.value(u"window/sideBarFolded"_s, false).toBool();
}

void Settings::setSideBarFolded(bool value) {
    change(u"window/sideBarFolded"_s, sideBarFolded(), value, &Settings::sideBarFoldedChanged);
}

bool Settings::gaugesFolded() const {
    return file_.value(u"window/gaugesFolded"_s, false).toBool();
}

void Settings::setGaugesFolded(bool value) {
    change(u"window/gaugesFolded"_s, gaugesFolded(), value, &Settings::gaugesFoldedChanged);
}

QString Settings::modelFolder() const {
    return file_.value(u"model/folder"_s).toString();
}

void Settings::setModelFolder(const QString& value) {
    change(u"model/folder"_s, modelFolder(), value, &Settings::modelFolderChanged);
}

QString Settings::recipe() const {
    return file_.value(u"model/recipe"_s).toString();
}

void Settings::setRecipe(const QString& value) {
    change(u"model/recipe"_s, recipe(), value, &Settings::recipeChanged);
}

QString Settings::device() const {
    return file_.value(u"model/device"_s).toString();
}

void Settings::setDevice(const QString& value) {
    change(u"model/device"_s, device(), value, &Settings::deviceChanged);
}

int Settings::imageBudget() const {
    const int budget = file_.value(u"model/imageBudget"_s).toInt();
    return std::ranges::find(engine::kImageBudgets, budget) != std::end(engine::kImageBudgets)
               ? budget
               : 0;
}

void Settings::setImageBudget(int value) {
    change(u"model/imageBudget"_s, imageBudget(), value, &Settings::imageBudgetChanged);
}

QStringList Settings::folders() const {
    return file_.value(u"model/folders"_s).toStringList();
}

void Settings::setFolders(const QStringList& value) {
    change(u"model/folders"_s, folders(), value, &Settings::foldersChanged);
}

} // namespace lapidary::app
