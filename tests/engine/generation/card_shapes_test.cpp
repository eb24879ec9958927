#include "generation/card_shapes.h"
#include "registry.h"

#include <QFile>
#include <QTest>

#include <functional>

namespace lapidary::engine::test {

/// What no card computes is refused before it is loaded; what is published is not.
class CardShapesTest final : public QObject {
    Q_OBJECT

private slots:
    void publishedModelsAreComputed_data();
    void publishedModelsAreComputed();
    void othersAreRefused_data();
    void othersAreRefused();
};

namespace {

ModelConfig published(const QString& name) {
    QFile file(QStringLiteral(LAPIDARY_TESTS "/engine/checkpoint/configs/%1.json").arg(name));
    if (!file.open(QIODevice::ReadOnly))
        qFatal("no %s", qPrintable(file.fileName()));
    return readModelConfig(file.readAll().toStdString()).value();
}

using Change = std::function<void(ModelConfig&)>;

} // namespace

void CardShapesTest::publishedModelsAreComputed_data() {
    QTest::addColumn<QString>("name");
    for (const char* name : {"12b", "e2b", "e4b", "26b-a4b", "31b"})
        QTest::newRow(name) << QString::fromLatin1(name);
}

void CardShapesTest::publishedModelsAreComputed() {
    QFETCH(QString, name);
    QVERIFY(checkCardShapes(published(name)));
}

void CardShapesTest::othersAreRefused_data() {
    QTest::addColumn<Change>("change");
    QTest::addColumn<QString>("what");
    QTest::newRow("head of 1024") << Change([](ModelConfig& c) { c.layers[3].headDim = 1024; })
                                  << QStringLiteral("heads of other sizes");
    QTest::newRow("head of 60") << Change([](ModelConfig& c) { c.layers[3].headDim = 60; })
                                << QStringLiteral("heads of other sizes");
    QTest::newRow("vision head of 44")
        << Change([](ModelConfig& c) { c.visionTower->headDim = 44; })
        << QStringLiteral("heads of other sizes");
    QTest::newRow("1000 experts") << Change([](ModelConfig& c) { c.experts->count = 1000; })
                                  << QStringLiteral("more experts");
    QTest::newRow("wide experts") << Change([](ModelConfig& c) { c.hidden = 16384; })
                                  << QStringLiteral("wider experts");
    QTest::newRow("many chosen experts")
        << Change([](ModelConfig& c) { c.experts->topK = 16; }) << QStringLiteral("wider experts");
    QTest::newRow("window") << Change([](ModelConfig& c) { c.slidingWindow = 200'000; })
                            << QStringLiteral("longer attention window");
    QTest::newRow("context") << Change([](ModelConfig& c) { c.maxContextTokens = 2'000'000; })
                             << QStringLiteral("longer context");
}

void CardShapesTest::othersAreRefused() {
    QFETCH(Change, change);
    QFETCH(QString, what);
    ModelConfig config = published(QStringLiteral("26b-a4b"));
    change(config);
    const auto checked = checkCardShapes(config);
    QVERIFY(!checked);
    const QString sentence = QString::fromStdString(checked.error().sentence);
    QVERIFY2(sentence.contains(what) && sentence.endsWith(QStringLiteral("choose the processor.")),
             qPrintable(sentence));
}

static const Registered<CardShapesTest> registered;

} // namespace lapidary::engine::test

#include "card_shapes_test.moc"
