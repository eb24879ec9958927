#pragma once

#include "device_list.h"
#include "engine_queries.h"
#include "model_list.h"
#include "plan_part.h"
#include "recipe_list.h"

#include <QList>
#include <QObject>
#include <QString>
#include <QUrl>
#include <QtQml/qqmlregistration.h>

#include <optional>

namespace lapidary::app {

class EngineController;
class Settings;

/// The choice of model, recipe and device before a load, with the memory it would take. Lives on
/// the UI thread; plans are computed on workers at each highlight, the newest answer wins. Nothing
/// is loaded before `use`.
class ModelPicker final : public QObject {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Application makes it")
    Q_PROPERTY(lapidary::app::ModelList* models READ models CONSTANT FINAL)
    Q_PROPERTY(lapidary::app::RecipeList* recipes READ recipes CONSTANT FINAL)
    Q_PROPERTY(lapidary::app::DeviceList* devices READ devices CONSTANT FINAL)
    /// Rows of the three lists; -1 while a list is empty.
    Q_PROPERTY(int modelRow READ modelRow WRITE setModelRow NOTIFY choiceChanged FINAL)
    Q_PROPERTY(int recipeRow READ recipeRow WRITE setRecipeRow NOTIFY choiceChanged FINAL)
    Q_PROPERTY(int deviceRow READ deviceRow WRITE setDeviceRow NOTIFY choiceChanged FINAL)
    /// Soft tokens a picture may cost, one of `imageBudgets`; the recipe's until a person chose.
    Q_PROPERTY(int imageBudget READ imageBudget WRITE setImageBudget NOTIFY choiceChanged FINAL)
    Q_PROPERTY(QList<int> imageBudgets READ imageBudgets CONSTANT FINAL)
    /// The highlighted model sees pictures.
    Q_PROPERTY(bool seesImages READ seesImages NOTIFY choiceChanged FINAL)
    /// What the choice would take, in the order of the bar, the rest as Free.
    Q_PROPERTY(QList<lapidary::app::PlanPart> parts READ parts NOTIFY planChanged FINAL)
    Q_PROPERTY(Verdict verdict READ verdict NOTIFY planChanged FINAL)
    /// One or two sentences: what fits or does not, by how much, and what would.
    Q_PROPERTY(QString verdictSentence READ verdictSentence NOTIFY planChanged FINAL)
    Q_PROPERTY(bool canUse READ canUse NOTIFY planChanged FINAL)
    /// Below the devices: that the remembered one is gone, why a card is not among them; or "".
    Q_PROPERTY(QString deviceSentence READ deviceSentence NOTIFY choiceChanged FINAL)

public:
    enum class Verdict { Unknown, Fits, FitsAfterClosing, DoesNotFit, Unusable };
    Q_ENUM(Verdict)

    /// What the picker reads from.
    struct Places {
        QString demoFolder;
        QString hubCache;
        QString recipeFolder;
        bool keepsChoice = true; ///< false: what loads is not remembered; a recording is no model
    };

    ModelPicker(EngineQueries queries, const Places& places, EngineController& engine,
                Settings& settings, QObject* parent = nullptr);

    [[nodiscard]] ModelList* models() { return &models_; }
    [[nodiscard]] RecipeList* recipes() { return &recipes_; }
    [[nodiscard]] DeviceList* devices() { return &devices_; }
    [[nodiscard]] int modelRow() const { return modelRow_; }
    [[nodiscard]] int recipeRow() const { return recipeRow_; }
    [[nodiscard]] int deviceRow() const { return deviceRow_; }
    void setModelRow(int row);
    void setRecipeRow(int row);
    void setDeviceRow(int row);
    [[nodiscard]] int imageBudget() const;
    void setImageBudget(int budget);
    [[nodiscard]] static QList<int> imageBudgets();
    [[nodiscard]] bool seesImages() const;
    [[nodiscard]] QList<PlanPart> parts() const { return parts_; }
    [[nodiscard]] Verdict verdict() const { return verdict_; }
    [[nodiscard]] QString verdictSentence() const { return verdictSentence_; }
    [[nodiscard]] bool canUse() const;
    [[nodiscard]] QString deviceSentence() const { return deviceSentence_; }

    /// Reads folders, recipes and devices, highlights what was used last, and plans it.
    Q_INVOKABLE void refresh();

    /// Loads the choice, which is remembered when it has loaded.
    Q_INVOKABLE void use();

    /// Adds a folder that holds a model, or several one below it, and highlights the first.
    Q_INVOKABLE void addFolder(const QUrl& folder);
    void addFolder(const QString& folder);

    /// As addFolder, and loads the model when the folder has been read.
    void useFolder(const QString& folder);

signals:
    void choiceChanged();
    void planChanged();

    /// The lists are read for the first time.
    void ready();

private:
    void refreshDevices();
    void takeModels();
    void remember();
    void plan();
    void judgeRows();
    [[nodiscard]] std::optional<kernels::DeviceDescription> device() const;
    /// All recipes, with the image budget a person chose.
    [[nodiscard]] std::vector<engine::Recipe> recipesAsChosen() const;
    void show(const QList<PlanPart>& parts, Verdict verdict, const QString& sentence);

    EngineQueries queries_;
    Places places_;
    EngineController& engine_;
    Settings& settings_;
    ModelList models_;
    RecipeList recipes_;
    DeviceList devices_;
    int modelRow_ = -1;
    int recipeRow_ = -1;
    int deviceRow_ = -1;
    QString folder_; ///< of modelRow_, to find it again after a scan
    QString folderToHighlight_;
    bool usesWhenRead_ = false; ///< the highlight that comes with the next scan is loaded
    bool isReady_ = false;
    QList<PlanPart> parts_;
    Verdict verdict_ = Verdict::Unknown;
    QString verdictSentence_;
    QString deviceSentence_;
    quint64 planId_ = 0;  ///< of the newest plan asked for
    quint64 judgeId_ = 0; ///< of the newest verdicts asked for
};

} // namespace lapidary::app
