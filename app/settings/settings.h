#pragma once

#include <QObject>
#include <QSettings>
#include <QString>
#include <QStringList>
#include <QtQml/qqmlregistration.h>

namespace lapidary::app {

/// What a person set, in one INI file they may read. Lives on the UI thread; each change is in the
/// file soon after, and at the latest when the object ends.
class Settings final : public QObject {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Application makes it")
    Q_PROPERTY(Theme theme READ theme WRITE setTheme NOTIFY themeChanged FINAL)
    /// Of all text and spacing: 0.5 to 3.
    Q_PROPERTY(double zoom READ zoom WRITE setZoom NOTIFY zoomChanged FINAL)
    Q_PROPERTY(SendKey sendKey READ sendKey WRITE setSendKey NOTIFY sendKeyChanged FINAL)
    /// Of a new chat.
    Q_PROPERTY(bool thinking READ thinking WRITE setThinking NOTIFY thinkingChanged FINAL)
    Q_PROPERTY(ThoughtView thoughtView READ thoughtView WRITE setThoughtView NOTIFY
                   thoughtViewChanged FINAL)
    Q_PROPERTY(bool sideBarFolded READ sideBarFolded WRITE setSideBarFolded NOTIFY
                   sideBarFoldedChanged FINAL)
    Q_PROPERTY(
        bool gaugesFolded READ gaugesFolded WRITE setGaugesFolded NOTIFY gaugesFoldedChanged FINAL)
    /// What was used last, loaded again at the next start.
    Q_PROPERTY(
        QString modelFolder READ modelFolder WRITE setModelFolder NOTIFY modelFolderChanged FINAL)
    Q_PROPERTY(QString recipe READ recipe WRITE setRecipe NOTIFY recipeChanged FINAL)
    Q_PROPERTY(QString device READ device WRITE setDevice NOTIFY deviceChanged FINAL)
    /// Soft tokens a picture may cost; 0: as the recipe says.
    Q_PROPERTY(
        int imageBudget READ imageBudget WRITE setImageBudget NOTIFY imageBudgetChanged FINAL)
    /// Where the user says models are.
    Q_PROPERTY(QStringList folders READ folders WRITE setFolders NOTIFY foldersChanged FINAL)

public:
    enum class Theme { System, Light, Dark };
    Q_ENUM(Theme)
    enum class SendKey { Enter, CtrlEnter };
    Q_ENUM(SendKey)
    enum class ThoughtView { LiveLines, Open, Hidden };
    Q_ENUM(ThoughtView)

    /// `file` need not exist. A value that cannot be read is taken for never set.
    explicit Settings(const QString& file, QObject* parent = nullptr);

    [[nodiscard]] Theme theme() const;
    void setTheme(Theme value);
    [[nodiscard]] double zoom() const;
    void setZoom(double value);
    [[nodiscard]] SendKey sendKey() const;
    void setSendKey(SendKey value);
    [[nodiscard]] bool thinking() const;
    void setThinking(bool value);
    [[nodiscard]] ThoughtView thoughtView() const;
    void setThoughtView(ThoughtView value);
    [[nodiscard]] bool sideBarFolded() const;
    void setSideBarFolded(bool value);
    [[nodiscard]] bool gaugesFolded() const;
    void setGaugesFolded(bool value);
    [[nodiscard]] QString modelFolder() const;
    void setModelFolder(const QString& value);
    [[nodiscard]] QString recipe() const;
    void setRecipe(const QString& value);
    [[nodiscard]] QString device() const;
    void setDevice(const QString& value);
    [[nodiscard]] int imageBudget() const;
    void setImageBudget(int value);
    [[nodiscard]] QStringList folders() const;
    void setFolders(const QStringList& value);

signals:
    void themeChanged();
    void zoomChanged();
    void sendKeyChanged();
    void thinkingChanged();
    void thoughtViewChanged();
    void sideBarFoldedChanged();
    void gaugesFoldedChanged();
    void modelFolderChanged();
    void recipeChanged();
    void deviceChanged();
    void imageBudgetChanged();
    void foldersChanged();

private:
    /// Writes the value and says so, when it differs.
    template <class T>
    void change(const QString& key, const T& old, const T& value, void (Settings::*changed)());
    template <class Enum>
    [[nodiscard]] Enum choice(const QString& key, Enum last) const;

    QSettings file_;
};

} // namespace lapidary::app
