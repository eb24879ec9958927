#include "model_picker.h"

#include "engine_session/engine_controller.h"
#include "error_text.h"
#include "memory_verdict.h"
#include "settings/settings.h"

#include <engine/memory/device_choice.h>

#include <QCoreApplication>
#include <QDir>
#include <QtConcurrentRun>

#include <algorithm>
#include <iterator>
#include <utility>

namespace lapidary::app {
namespace {

std::filesystem::path pathOf(const QString& folder) {
    return {folder.toStdU16String()};
}

/// The first other recipe that fits, by its title; "" when none does.
QString nearestFitting(const EngineQueries& queries, const QString& folder,
                       const std::vector<engine::Recipe>& recipes, const engine::Recipe& chosen,
                       const kernels::DeviceDescription& device) {
    for (const engine::Recipe& recipe : recipes) {
        if (recipe == chosen)
            continue;
        const auto plan = queries.plan(pathOf(folder), recipe, device);
        if (plan && plan->fits())
            return QString::fromStdString(recipe.title);
    }
    return {};
}

ModelPicker::Verdict verdictOf(Fit fit) {
    switch (fit) {
    case Fit::Fits:
        return ModelPicker::Verdict::Fits;
    case Fit::FitsAfterClosing:
        return ModelPicker::Verdict::FitsAfterClosing;
    case Fit::DoesNotFit:
        return ModelPicker::Verdict::DoesNotFit;
    }
    return ModelPicker::Verdict::Unknown;
}

/// The first device that the model fits with the recipe, and the first of all where there is no
/// model yet; what a person has chosen goes before it.
int bestDevice(const EngineQueries& queries, const QString& folder, const engine::Recipe& recipe,
               const std::vector<kernels::DeviceDescription>& devices) {
    if (folder.isEmpty() || devices.empty())
        return devices.empty() ? -1 : 0;
    const auto choice = engine::chooseDevice(
        devices, [&](const auto& device) { return queries.plan(pathOf(folder), recipe, device); });
    if (!choice)
        return 0;
    const auto found =
        std::ranges::find(devices, choice->device.id, &kernels::DeviceDescription::id);
    return static_cast<int>(found - devices.begin());
}

/// What a row of the models says beside its name.
struct RowVerdict {
    QString folder;
    QString mark;
    QString size;
};

/// Where the user has never chosen one: the recipe that needs least.
constexpr auto kDefaultRecipe = QLatin1StringView("plain");

} // namespace

ModelPicker::ModelPicker(EngineQueries queries, const Places& places, EngineController& engine,
                         Settings& settings, QObject* parent)
    : QObject(parent)
    , queries_(std::move(queries))
    , places_(places)
    , engine_(engine)
    , settings_(settings)
    , models_(queries_, places.demoFolder, places.hubCache)
    , recipes_(nullptr)
    , devices_(nullptr) {
    connect(&models_, &ModelList::scanned, this, &ModelPicker::takeModels);
    connect(&engine_, &EngineController::stateChanged, this, &ModelPicker::refreshDevices);
    connect(&engine_, &EngineController::modelChanged, this, &ModelPicker::remember);
}

bool ModelPicker::canUse() const {
    return verdict_ == Verdict::Fits || verdict_ == Verdict::FitsAfterClosing;
}

void ModelPicker::setModelRow(int row) {
    if (row < 0 || row >= models_.count() || std::exchange(modelRow_, row) == row)
        return;
    emit choiceChanged();
    plan();
}

void ModelPicker::setRecipeRow(int row) {
    if (row < 0 || row >= recipes_.rowCount() || std::exchange(recipeRow_, row) == row)
        return;
    emit choiceChanged();
    plan();
    judgeRows();
}

void ModelPicker::setDeviceRow(int row) {
    if (row < 0 || row >= devices_.rowCount() || std::exchange(deviceRow_, row) == row)
        return;
    emit choiceChanged();
    plan();
    judgeRows();
}

int ModelPicker::imageBudget() const {
    if (settings_.imageBudget() > 0)
        return settings_.imageBudget();
    return recipeRow_ < 0 ? engine::Recipe().imageBudget
                          : recipes_.recipes()[static_cast<std::size_t>(recipeRow_)].imageBudget;
}

void ModelPicker::setImageBudget(int budget) {
    if (imageBudget() == budget || !imageBudgets().contains(budget))
        return;
    settings_.setImageBudget(budget);
    emit choiceChanged();
    plan();
    judgeRows();
}

QList<int> ModelPicker::imageBudgets() {
    return {std::begin(engine::kImageBudgets), std::end(engine::kImageBudgets)};
}

bool ModelPicker::seesImages() const {
    return modelRow_ >= 0 && modelRow_ < models_.count() && models_.rows().at(modelRow_).seesImages;
}

std::vector<engine::Recipe> ModelPicker::recipesAsChosen() const {
    std::vector<engine::Recipe> recipes = recipes_.recipes();
    if (settings_.imageBudget() > 0)
        for (engine::Recipe& recipe : recipes)
            recipe.imageBudget = settings_.imageBudget();
    return recipes;
}

void ModelPicker::refresh() {
    struct Read {
        Expected<std::vector<engine::Recipe>> recipes;
        std::vector<kernels::DeviceDescription> devices;
        std::vector<std::string> missingCards;
        int bestDevice = -1;
    };
    const bool remembers = places_.keepsChoice && !settings_.modelFolder().isEmpty();
    const QString model = remembers ? settings_.modelFolder() : places_.demoFolder;
    QtConcurrent::run([queries = queries_, folder = places_.recipeFolder, model,
                       id = settings_.recipe().toStdString()] {
        Read read{queries.recipes(pathOf(folder)), queries.devices(), queries.missingCards(), -1};
        engine::Recipe recipe;
        if (read.recipes)
            for (const engine::Recipe& one : *read.recipes)
                if (one.id == id)
                    recipe = one;
        read.bestDevice = bestDevice(queries, model, recipe, read.devices);
        return read;
    }).then(this, [this](const Read& read) {
        if (read.recipes)
            recipes_.show(*read.recipes);
        else
            show({}, Verdict::Unusable, errorText(read.recipes.error()));
        devices_.show(read.devices);
        recipeRow_ = recipes_.rowOf(settings_.recipe());
        if (recipeRow_ < 0) // one of another time
            recipeRow_ = std::max(recipes_.rowOf(kDefaultRecipe), recipes_.rowCount() > 0 ? 0 : -1);
        deviceRow_ = devices_.rowOf(settings_.device());
        QStringList sentences;
        if (deviceRow_ < 0) {
            deviceRow_ = read.bestDevice;
            if (!settings_.device().isEmpty() && deviceRow_ >= 0)
                sentences.append(
                    tr("“%1”, which was used last, is not there any more; %2 is used instead.")
                        .arg(settings_.device(),
                             devices_.index(deviceRow_).data(DeviceList::NameRole).toString()));
        }
        for (const std::string& reason : read.missingCards)
            sentences.append(QCoreApplication::translate("Engine", reason.c_str()));
        deviceSentence_ = sentences.join(u'\n');
        models_.setChosenFolders(settings_.folders());
        models_.scan();
    });
}

void ModelPicker::refreshDevices() {
    // What is free changes with each load and unload.
    if (deviceRow_ < 0 || engine_.state() == EngineController::State::Loading)
        return;
    QtConcurrent::run(queries_.devices)
        .then(this, [this](const std::vector<kernels::DeviceDescription>& devices) {
            const QString chosen =
                devices_.index(deviceRow_).data(DeviceList::DeviceIdRole).toString();
            devices_.show(devices);
            deviceRow_ = std::max(devices_.rowOf(chosen), devices_.rowCount() > 0 ? 0 : -1);
            emit choiceChanged();
            plan();
            judgeRows();
        });
}

void ModelPicker::takeModels() {
    const QString highlighted =
        modelRow_ >= 0 && modelRow_ < models_.count() ? folder_ : settings_.modelFolder();
    int row = models_.rowOfFolder(highlighted);
    if (const QString added = std::exchange(folderToHighlight_, {}); !added.isEmpty()) {
        const auto& rows = models_.rows();
        const auto found = std::ranges::find_if(rows, [&](const ModelList::Row& model) {
            return model.folder == added || model.folder.startsWith(added + u'/');
        });
        if (found != rows.end())
            row = static_cast<int>(found - rows.begin());
    }
    modelRow_ = std::max(row, models_.count() > 0 ? 0 : -1);
    emit choiceChanged();
    plan();
    judgeRows();
    if (std::exchange(usesWhenRead_, false))
        use();
    if (!std::exchange(isReady_, true))
        emit ready();
}

std::optional<kernels::DeviceDescription> ModelPicker::device() const {
    if (deviceRow_ < 0)
        return std::nullopt;
    kernels::DeviceDescription device = devices_.devices()[static_cast<std::size_t>(deviceRow_)];
    // The loaded model gives its memory back before the next is read.
    if (engine_.state() == EngineController::State::Ready
        && engine_.device().toStdString() == device.id)
        device.freeBytes =
            std::min(device.totalBytes, device.freeBytes + engine_.measured().total());
    return device;
}

void ModelPicker::plan() {
    const quint64 id = ++planId_;
    const std::optional<kernels::DeviceDescription> target = device();
    folder_ = modelRow_ >= 0 ? models_.rows().at(modelRow_).folder : QString();
    recipes_.setModelContext(modelRow_ >= 0 ? models_.rows().at(modelRow_).maxContextTokens : 0);
    if (modelRow_ < 0 || recipeRow_ < 0 || !target) {
        show({}, Verdict::Unknown, modelRow_ < 0 ? tr("No model: add a folder.") : QString());
        return;
    }
    if (const ModelList::Row& row = models_.rows().at(modelRow_); !row.usable) {
        show({}, Verdict::Unusable, row.reason);
        return;
    }
    QtConcurrent::run([queries = queries_, folder = folder_, recipes = recipesAsChosen(),
                       row = static_cast<std::size_t>(recipeRow_),
                       device = *target]() -> Expected<MemoryVerdict> {
        const auto plan = queries.plan(pathOf(folder), recipes[row], device);
        if (!plan)
            return std::unexpected(plan.error());
        const QString nearest =
            plan->fits() ? QString()
                         : nearestFitting(queries, folder, recipes, recipes[row], device);
        return judgeMemory(*plan, device, nearest);
    }).then(this, [this, id](const Expected<MemoryVerdict>& judged) {
        if (id != planId_)
            return;
        if (judged)
            show(judged->parts, verdictOf(judged->fit), judged->sentence);
        else
            show({}, Verdict::Unusable, errorText(judged.error()));
    });
}

void ModelPicker::judgeRows() {
    const std::optional<kernels::DeviceDescription> target = device();
    if (recipeRow_ < 0 || !target)
        return;
    QStringList folders;
    for (const ModelList::Row& row : models_.rows()) {
        if (row.usable)
            folders.append(row.folder);
    }
    const quint64 id = ++judgeId_;
    QtConcurrent::run([queries = queries_, folders, device = *target,
                       recipe = recipesAsChosen()[static_cast<std::size_t>(recipeRow_)]] {
        QList<RowVerdict> verdicts;
        for (const QString& folder : folders) {
            const auto plan = queries.plan(pathOf(folder), recipe, device);
            if (plan)
                verdicts.append(
                    {folder, judgeMemory(*plan, device, {}).mark,
                     bytesText(static_cast<double>((*plan)[engine::MemoryPart::Weights]))});
            else
                verdicts.append({folder, errorTitle(plan.error().kind), {}});
        }
        return verdicts;
    }).then(this, [this, id](const QList<RowVerdict>& verdicts) {
        if (id != judgeId_)
            return;
        for (const RowVerdict& row : verdicts)
            models_.setVerdict(row.folder, row.mark, row.size);
    });
}

void ModelPicker::show(const QList<PlanPart>& parts, Verdict verdict, const QString& sentence) {
    parts_ = parts;
    verdict_ = verdict;
    verdictSentence_ = sentence;
    emit planChanged();
}

void ModelPicker::use() {
    if (modelRow_ < 0 || recipeRow_ < 0 || deviceRow_ < 0)
        return;
    const LoadChoice choice{
        .folder = models_.rows().at(modelRow_).folder,
        .recipe = recipesAsChosen()[static_cast<std::size_t>(recipeRow_)],
        .device =
            QString::fromStdString(devices_.devices()[static_cast<std::size_t>(deviceRow_)].id),
    };
    engine_.load(choice);
}

/// What loads is what the next start begins with; what fails is not.
void ModelPicker::remember() {
    if (!places_.keepsChoice || engine_.modelFolder().isEmpty())
        return;
    settings_.setModelFolder(engine_.modelFolder());
    settings_.setRecipe(engine_.recipeId());
    settings_.setDevice(engine_.device());
}

void ModelPicker::addFolder(const QUrl& folder) {
    if (folder.isLocalFile())
        addFolder(folder.toLocalFile());
}

void ModelPicker::addFolder(const QString& folder) {
    const QString clean = QDir(folder).absolutePath();
    QStringList folders = settings_.folders();
    if (!folders.contains(clean))
        folders.append(clean);
    settings_.setFolders(folders);
    folderToHighlight_ = clean;
    models_.setChosenFolders(folders);
    models_.scan();
}

void ModelPicker::useFolder(const QString& folder) {
    usesWhenRead_ = true;
    addFolder(folder);
}

} // namespace lapidary::app
