#include "engine/changed_checkpoint.h"
#include "generation/loaded_model.h"
#include "registry.h"

#include <QTest>

using namespace Qt::StringLiterals;

namespace lapidary::engine::test {

/// What is told of weights while they are brought to a device.
class TensorLoaderTest final : public QObject {
    Q_OBJECT

private slots:
    void codesOfNoNumberAreRefused_data();
    void codesOfNoNumberAreRefused();
};

void TensorLoaderTest::codesOfNoNumberAreRefused_data() {
    QTest::addColumn<ChangedCheckpoint::End>("end");
    QTest::addColumn<char>("code");
    QTest::addRow("none") << ChangedCheckpoint::End::Last << '\x7E';
    QTest::addRow("the first") << ChangedCheckpoint::End::First << '\x7F';
    QTest::addRow("the last") << ChangedCheckpoint::End::Last << '\xFF';
}

void TensorLoaderTest::codesOfNoNumberAreRefused() {
    QFETCH(const ChangedCheckpoint::End, end);
    QFETCH(const char, code);
    ChangedCheckpoint changed(
        QDir(QStringLiteral(LAPIDARY_TESTS "/reference/cases/fp8_torchao/checkpoint")));
    QVERIFY(
        changed.change(u"model.layers.1.mlp.down_proj._weight_qdata"_s, end, QByteArray(1, code)));
    auto checkpoint = Checkpoint::open(changed.path().toStdString());
    QVERIFY(checkpoint.has_value());
    const auto model = LoadedModel::load(
        std::move(*checkpoint), std::move(*kernels::openDevice("cpu", 1)), WeightChoice::AsStored);
    QCOMPARE(model.has_value(), code == '\x7E');
    if (!model) {
        QCOMPARE(model.error().kind, ErrorKind::Corrupt);
        QCOMPARE(QString::fromStdString(model.error().sentence),
                 u"The tensor model.language_model.layers.1.mlp.down_proj.weight has codes that "
                 "stand for no number: download the model's weights again."_s);
    }
}

static const Registered<TensorLoaderTest> registered;

} // namespace lapidary::engine::test

#include "tensor_loader_test.moc"
