#include "recipe.h"
#include "registry.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using namespace lapidary;
using namespace lapidary::engine;

class RecipeTest : public QObject {
    Q_OBJECT

private slots:
    void readsAFile();
    void readsAFolderByName();
    void refusesWithASentence_data();
    void refusesWithASentence();
};

namespace {

void write(const QString& path, const QByteArray& text) {
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    QCOMPARE(file.write(text), text.size());
}

} // namespace

void RecipeTest::readsAFile() {
    const auto recipe = parseRecipe(R"({"title": "Long", "summary": "all of it", "drafter": "mtp",
                                        "weights": "fp8", "head": "8 bits", "cache": "f32",
                                        "contextTokens": 131072, "imageBudget": 1120})",
                                    "long");
    QVERIFY2(recipe, recipe ? "" : recipe.error().sentence.c_str());
    QCOMPARE(recipe->id, "long");
    QCOMPARE(recipe->title, "Long");
    QCOMPARE(recipe->summary, "all of it");
    QCOMPARE(recipe->drafter, "mtp");
    QCOMPARE(recipe->weights, WeightChoice::Fp8);
    QCOMPARE(recipe->head, HeadChoice::EightBits);
    QCOMPARE(recipe->cache, CacheFormat::F32);
    QCOMPARE(recipe->contextTokens, 131072);
    QCOMPARE(recipe->imageBudget, 1120);
    Recipe plain;
    plain.id = "p";
    plain.title = "T";
    QVERIFY(*parseRecipe(R"({"title": "T"})", "p") == plain);
}

void RecipeTest::readsAFolderByName() {
    const QTemporaryDir folder;
    const QByteArray text = R"({"title": "T", "summary": "S"})";
    write(folder.filePath(QStringLiteral("b.json")), text);
    write(folder.filePath(QStringLiteral("a.json")), text);
    write(folder.filePath(QStringLiteral("notes.txt")), "no recipe");
    const auto recipes = readRecipes(folder.path().toStdString());
    QVERIFY(recipes);
    QCOMPARE(recipes->size(), std::size_t{2});
    QCOMPARE(recipes->front().id, "a");
    write(folder.filePath(QStringLiteral("c.json")), "{");
    QVERIFY(!readRecipes(folder.path().toStdString()));
    QCOMPARE(readRecipes("/nowhere").error().kind, ErrorKind::NotFound);
}

void RecipeTest::refusesWithASentence_data() {
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QString>("what");
    const auto row = [](const char* name, const QByteArray& rest, const char* what) {
        QTest::newRow(name) << "{\"title\": \"T\", \"summary\": \"S\"" + rest + "}"
                            << QString::fromUtf8(what);
    };
    QTest::newRow("no title") << QByteArray(R"({"summary": "S"})") << "title is missing";
    QTest::newRow("a list") << QByteArray("[]") << "the document is not an object";
    row("unknown key", R"(, "contextLength": 5)", "contextLength is no key of a recipe");
    row("other cache", R"(, "cache": "q4")", "cache is \"q4\", and can be f32 or bf16");
    row("other weights", R"(, "weights": "int4")",
        "weights is \"int4\", and can be \"as stored\" or fp8");
    row("other head", R"(, "head": "4 bits")",
        "head is \"4 bits\", and can be \"as stored\" or \"8 bits\"");
    row("short context", R"(, "contextTokens": 255)",
        "contextTokens must be a whole number from 256 to 16777216");
    row("other budget", R"(, "imageBudget": 300)",
        "imageBudget is 300, and can be 70, 140, 280, 560 or 1120");
}

void RecipeTest::refusesWithASentence() {
    QFETCH(QByteArray, text);
    QFETCH(QString, what);
    const auto recipe = parseRecipe(text.toStdString(), "fast");
    QVERIFY(!recipe);
    QCOMPARE(recipe.error().kind, ErrorKind::Corrupt);
    QCOMPARE(QString::fromStdString(recipe.error().sentence),
             QStringLiteral("fast.json: %1: download or restore the file.").arg(what));
}

static const Registered<RecipeTest> registered;

#include "recipe_test.moc"
