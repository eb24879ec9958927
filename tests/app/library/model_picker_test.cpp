#include "library/model_picker.h"

#include "engine_session/engine_controller.h"
#include "fake_sessions.h"
#include "registry.h"
#include "settings/settings.h"

#include <QAbstractItemModelTester>
#include <QDir>
#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

namespace {

using namespace Qt::StringLiterals;
using namespace lapidary;
using namespace lapidary::app;

constexpr std::size_t kGiga = 1'000'000'000;

engine::Recipe recipeOf(const std::string& id, const std::string& title, int contextTokens) {
    engine::Recipe recipe;
    recipe.id = id;
    recipe.title = title;
    recipe.contextTokens = contextTokens;
    return recipe;
}

/// Models of as many gigabytes as their folders' names say, "broken" with an error; a long context
/// takes 5 GB more.
EngineQueries queriesOf() {
    return {
        .describe = [](const std::filesystem::path& folder) -> Expected<engine::ModelDescription> {
            if (folder.filename() == "broken")
                return fail(ErrorKind::Corrupt, "config.json is no JSON; fetch it again.");
            engine::ModelDescription model;
            model.name = "Gemma " + folder.filename().string();
            model.format = "BF16";
            model.maxContextTokens = folder.filename() == "4" ? 4096 : 262'144;
            return model;
        },
        .plan = [](const std::filesystem::path& folder, const engine::Recipe& recipe,
                   const kernels::DeviceDescription& device) -> Expected<engine::MemoryPlan> {
            engine::MemoryPlan plan;
            plan.bytes[0] = std::stoul(folder.filename().string()) * kGiga;
            plan.bytes[2] = recipe.contextTokens > 100'000 ? 5 * kGiga : kGiga;
            plan.availableBytes = device.freeBytes;
            return plan;
        },
        .devices =
            [] {
                return std::vector<kernels::DeviceDescription>{{.id = "cuda:0",
                                                                .name = "a card",
                                                                .totalBytes = 10 * kGiga,
                                                                .freeBytes = 8 * kGiga},
                                                               {.id = "cpu",
                                                                .name = "a processor",
                                                                .totalBytes = 100 * kGiga,
                                                                .freeBytes = 90 * kGiga}};
            },
        .recipes =
            [](const auto&) {
                return std::vector{recipeOf("long-context", "Long context", 262'144),
                                   recipeOf("plain", "Plain", 32'768)};
            }};
}

class ModelPickerTest : public QObject {
    Q_OBJECT

private slots:
    void init() {
        folder = std::make_unique<QTemporaryDir>();
        for (const QString& name : {u"4"_s, u"6"_s, u"9"_s, u"20"_s, u"broken"_s}) {
            QVERIFY(QDir(folder->path()).mkpath(u"models/"_s + name));
            QFile config(folder->filePath(u"models/"_s + name + u"/config.json"_s));
            QVERIFY(config.open(QIODevice::WriteOnly));
        }
        script = std::make_shared<FakeScript>();
        settings = std::make_unique<Settings>(folder->filePath(u"settings.ini"_s));
        settings->setFolders({folder->filePath(u"models"_s)});
        engine = std::make_unique<EngineController>(fakeSessions(script));
        picker =
            std::make_unique<ModelPicker>(queriesOf(), ModelPicker::Places(), *engine, *settings);
        const auto mode = QAbstractItemModelTester::FailureReportingMode::QtTest;
        new QAbstractItemModelTester(picker->models(), mode, picker.get());
        new QAbstractItemModelTester(picker->recipes(), mode, picker.get());
        new QAbstractItemModelTester(picker->devices(), mode, picker.get());
    }
    void cleanup() {
        picker.reset();
        engine.reset();
    }

    void listsModelsRecipesAndDevices() {
        refresh();
        QCOMPARE(picker->models()->count(), 5);
        QCOMPARE(picker->recipes()->rowCount(), 2);
        QCOMPARE(picker->recipeRow(), 1); // plain, where nothing was chosen before
        QCOMPARE(picker->deviceRow(), 0);
        const int broken = picker->models()->rowOfFolder(pathOf(u"broken"_s));
        const QModelIndex row = picker->models()->index(broken);
        QVERIFY(!row.data(ModelList::UsableRole).toBool());
        QCOMPARE(row.data(ModelList::ReasonRole).toString(),
                 u"config.json is no JSON; fetch it again."_s);
        QCOMPARE(row.data(ModelList::NameRole).toString(), u"broken"_s);
    }

    void judgesEachHighlight() {
        refresh();
        using Verdict = ModelPicker::Verdict;
        highlight(u"6"_s);
        QTRY_COMPARE(picker->verdict(), Verdict::Fits);
        QCOMPARE(picker->verdictSentence(), u"Fits: needs 7.0 GB of 8.0 GB free."_s);
        QVERIFY(picker->canUse());
        highlight(u"9"_s);
        QTRY_COMPARE(picker->verdict(), Verdict::FitsAfterClosing);
        highlight(u"20"_s);
        QTRY_COMPARE(picker->verdict(), Verdict::DoesNotFit);
        QVERIFY(!picker->canUse());
        QVERIFY(picker->verdictSentence().endsWith(u"Choose a smaller model."_s));
        highlight(u"broken"_s);
        QTRY_COMPARE(picker->verdict(), Verdict::Unusable);
        QVERIFY(picker->parts().isEmpty());
        // The other recipe would do.
        highlight(u"6"_s);
        picker->setRecipeRow(0);
        QTRY_COMPARE(picker->verdict(), Verdict::DoesNotFit);
        QVERIFY(picker->verdictSentence().endsWith(u"“Plain” fits."_s));
        picker->setDeviceRow(1);
        QTRY_COMPARE(picker->verdict(), Verdict::Fits);
    }

    void eachRowHasItsVerdict() {
        refresh();
        const auto verdict = [&](const QString& name) {
            const int row = picker->models()->rowOfFolder(pathOf(name));
            return picker->models()->index(row).data(ModelList::VerdictRole).toString();
        };
        QTRY_COMPARE(verdict(u"6"_s), u"fits"_s);
        QTRY_COMPARE(verdict(u"20"_s), u"13.0 GB short"_s);
        // The size is the plan's, so that a row and the bar name one figure.
        const QModelIndex six =
            picker->models()->index(picker->models()->rowOfFolder(pathOf(u"6"_s)));
        QCOMPARE(six.data(ModelList::SizeRole).toString(), u"6.0 GB"_s);
        highlight(u"6"_s);
        QTRY_COMPARE(picker->parts().front().text, u"6.0 GB"_s);
    }

    void recipesSayWhatTheModelCanHave() {
        refresh();
        const auto line = [&](int row) {
            return picker->recipes()->index(row).data(RecipeList::SummaryRole).toString();
        };
        highlight(u"6"_s);
        QCOMPARE(line(0), u"no drafter · 256 k · bf16 cache"_s);
        QCOMPARE(line(1), u"no drafter · 32 k · bf16 cache"_s);
        RecipeList recipes(nullptr);
        engine::Recipe fast = recipeOf("fast", "Fast", 32'768);
        fast.weights = engine::WeightChoice::Fp8;
        fast.head = engine::HeadChoice::EightBits;
        recipes.show({fast});
        QCOMPARE(recipes.index(0).data(RecipeList::SummaryRole).toString(),
                 u"no drafter · 32 k · fp8 weights · 8-bit head · bf16 cache"_s);
        highlight(u"4"_s);
        QCOMPARE(line(0), u"no drafter · 4 k (model’s limit) · bf16 cache"_s);
        QCOMPARE(line(1), u"no drafter · 4 k (model’s limit) · bf16 cache"_s);
    }

    void theLoadedModelCountsAsFree() {
        script->weightBytes = 3 * kGiga;
        script->freeBytes = 8 * kGiga;
        refresh();
        highlight(u"9"_s); // and 1 GB of cache, where 8 GB are free
        QTRY_COMPARE(picker->verdict(), ModelPicker::Verdict::FitsAfterClosing);
        highlight(u"4"_s);
        QTRY_VERIFY(picker->canUse());
        picker->use();
        QTRY_COMPARE(engine->state(), EngineController::State::Ready);
        QTRY_COMPARE(engine->measured().total(), 3 * kGiga);
        highlight(u"9"_s);
        QTRY_COMPARE(picker->verdict(), ModelPicker::Verdict::Fits);
    }

    void usingLoadsAndIsRemembered() {
        refresh();
        highlight(u"4"_s);
        picker->setDeviceRow(1);
        picker->use();
        QTRY_COMPARE(engine->state(), EngineController::State::Ready);
        QCOMPARE(engine->modelFolder(), pathOf(u"4"_s));
        QCOMPARE(settings->modelFolder(), pathOf(u"4"_s));
        QCOMPARE(settings->recipe(), u"plain"_s);
        QCOMPARE(settings->device(), u"cpu"_s);
        ModelPicker again(queriesOf(), ModelPicker::Places(), *engine, *settings);
        QSignalSpy ready(&again, &ModelPicker::ready);
        again.refresh();
        QTRY_COMPARE(ready.count(), 1);
        QCOMPARE(again.models()->rows().at(again.modelRow()).folder, pathOf(u"4"_s));
        QCOMPARE(again.deviceRow(), 1);
    }

    void whatFailsIsNotRemembered() {
        refresh();
        highlight(u"4"_s);
        picker->use();
        QTRY_COMPARE(settings->modelFolder(), pathOf(u"4"_s));
        script->loadError = Error{ErrorKind::Corrupt, "A shard is missing; fetch it again."};
        highlight(u"6"_s);
        picker->use();
        QTRY_VERIFY(!engine->errorSentence().isEmpty());
        QCOMPARE(settings->modelFolder(), pathOf(u"4"_s));
    }

    void aRecipeOfAnotherTimeGivesWayToThePlainOne() {
        settings->setRecipe(u"gone"_s);
        refresh();
        QCOMPARE(picker->recipeRow(), 1);
    }

    void aDeviceOfAnotherTimeGivesWayWithASentence() {
        settings->setDevice(u"cuda:5"_s);
        refresh();
        QCOMPARE(picker->deviceRow(), 0);
        QCOMPARE(picker->deviceSentence(), u"“cuda:5”, which was used last, is not there any more; "
                                           "a card is used instead."_s);
    }

    void theFirstStartTakesADeviceThatTheModelFits() {
        settings->setModelFolder(pathOf(u"20"_s));
        refresh();
        QCOMPARE(picker->deviceRow(), 1); // the card has 8 GB free
        QVERIFY(picker->deviceSentence().isEmpty());
    }

    void whatAPersonChoseIsKeptThoughItDoesNotFit() {
        settings->setModelFolder(pathOf(u"20"_s));
        settings->setDevice(u"cuda:0"_s);
        refresh();
        QCOMPARE(picker->deviceRow(), 0);
    }

    void saysWhyACardIsNotOffered() {
        EngineQueries queries = queriesOf();
        queries.missingCards = [] { return std::vector<std::string>{"The driver is missing."}; };
        ModelPicker other(queries, ModelPicker::Places(), *engine, *settings);
        QSignalSpy ready(&other, &ModelPicker::ready);
        other.refresh();
        QTRY_COMPARE(ready.count(), 1);
        QCOMPARE(other.deviceSentence(), u"The driver is missing."_s);
    }

    void aFolderFromTheCommandLineIsLoaded() {
        settings->setFolders({});
        refresh();
        picker->useFolder(pathOf(u"4"_s));
        QTRY_COMPARE(engine->state(), EngineController::State::Ready);
        QCOMPARE(engine->modelFolder(), pathOf(u"4"_s));
    }

    void aRecordingIsNotRemembered() {
        ModelPicker::Places places;
        places.demoFolder = u"/recordings/1"_s;
        places.keepsChoice = false;
        picker.reset(); // it would remember
        settings->setModelFolder(u"/models/before"_s);
        ModelPicker replay(queriesOf(), places, *engine, *settings);
        QSignalSpy ready(&replay, &ModelPicker::ready);
        replay.refresh();
        QTRY_COMPARE(ready.count(), 1);
        replay.use();
        QTRY_COMPARE(engine->modelFolder(), u"/recordings/1"_s);
        QCOMPARE(settings->modelFolder(), u"/models/before"_s);
        QVERIFY(settings->recipe().isEmpty());
    }

    void anAddedFolderIsHighlightedAndRemembered() {
        settings->setFolders({});
        refresh();
        QCOMPARE(picker->models()->count(), 0);
        QCOMPARE(picker->modelRow(), -1);
        QVERIFY(!picker->canUse());
        picker->addFolder(QUrl::fromLocalFile(pathOf(u"6"_s)));
        QTRY_COMPARE(picker->modelRow(), 0);
        QTRY_VERIFY(picker->canUse());
        QCOMPARE(settings->folders(), QStringList{pathOf(u"6"_s)});
    }

private:
    QString pathOf(const QString& name) const { return folder->filePath(u"models/"_s + name); }
    void refresh() {
        QSignalSpy ready(picker.get(), &ModelPicker::ready);
        picker->refresh();
        QTRY_COMPARE(ready.count(), 1);
    }
    void highlight(const QString& name) {
        picker->setModelRow(picker->models()->rowOfFolder(pathOf(name)));
    }

    std::unique_ptr<QTemporaryDir> folder;
    std::shared_ptr<FakeScript> script;
    std::unique_ptr<Settings> settings;
    std::unique_ptr<EngineController> engine;
    std::unique_ptr<ModelPicker> picker;
};

const Registered<ModelPickerTest> registered;

} // namespace

#include "model_picker_test.moc"
