#include "checkpoint/checkpoint.h"
#include "made_checkpoint.h"
#include "registry.h"

#include <QTest>

#include <bit>

using namespace lapidary;
using namespace lapidary::engine;

/// FP8 weights as torchao and as compressed-tensors write them. Codes are all 'x', scales the float
/// of four bytes 0x3C.
class Fp8CheckpointTest : public QObject {
    Q_OBJECT

private slots:
    void readsEverySpelling_data();
    void readsEverySpelling();
    void stacksExpertsThatAreKeptApart();
    void oneScaleServesAllRows();
    void inputsAreAsTheFileSays();
    void linearsBecomeFp8WhereThatIsWanted();
    void refusesWithASentence_data();
    void refusesWithASentence();
};

namespace {

using Spelling = MadeCheckpoint::Spelling;

const QString kUp = QStringLiteral("model.language_model.layers.0.mlp.up_proj.weight");
const float kScale = std::bit_cast<float>(0x3C3C3C3CU);

nlohmann::json dynamicConfig() {
    const nlohmann::json args = {{"num_bits", 8}, {"type", "float"}, {"strategy", "channel"}};
    return {
        {"quant_method", "compressed-tensors"},
        {"format", "float-quantized"},
        {"quantization_status", "compressed"},
        {"config_groups",
         {{"group_0",
           {{"targets", {"Linear"}},
            {"weights", args},
            {"input_activations",
             {{"num_bits", 8}, {"type", "float"}, {"strategy", "token"}, {"dynamic", true}}}}}}},
        {"ignore", {"lm_head"}}};
}

} // namespace

void Fp8CheckpointTest::readsEverySpelling_data() {
    QTest::addColumn<int>("spelling");
    QTest::addColumn<QString>("format");
    QTest::newRow("torchao") << int(Spelling::Torchao) << QStringLiteral("FP8 (torchao)");
    QTest::newRow("torchao 0.14") << int(Spelling::Torchao14) << QStringLiteral("FP8 (torchao)");
    QTest::newRow("compressed-tensors")
        << int(Spelling::CompressedTensors) << QStringLiteral("FP8 (compressed-tensors)");
}

void Fp8CheckpointTest::readsEverySpelling() {
    QFETCH(const int, spelling);
    for (const bool sharded : {false, true}) {
        MadeCheckpoint made;
        made.quantise(kUp, static_cast<Spelling>(spelling));
        if (spelling == int(Spelling::Torchao14)) {
            const QString norm = QStringLiteral("model.language_model.norm.weight");
            made.tensors.insert(norm + QStringLiteral(":_data"), made.tensors.take(norm));
        }
        sharded ? made.writeSharded() : made.write();
        const auto checkpoint = Checkpoint::open(made.path());
        QVERIFY2(checkpoint, checkpoint ? "" : checkpoint.error().sentence.c_str());
        QTEST(QString::fromStdString(checkpoint->format()), "format");
        const auto up = checkpoint->weight(kUp.toStdString());
        QVERIFY(up);
        QCOMPARE(up->format, kernels::WeightFormat::Fp8);
        QCOMPARE(up->rows, 12);
        QCOMPARE(up->columns, 8);
        QCOMPARE(up->data.size(), std::size_t{12 * 8});
        QCOMPARE(std::vector<float>(up->scales.begin(), up->scales.end()),
                 std::vector<float>(12, kScale));
        QCOMPARE(
            checkpoint->packedBytes(checkpoint->spec(kUp.toStdString()), WeightChoice::AsStored),
            std::size_t{12 * 8 + 12 * 4});
        const auto gate = checkpoint->weight("model.language_model.layers.0.mlp.gate_proj.weight");
        QCOMPARE(gate->format, kernels::WeightFormat::BF16);
    }
}

void Fp8CheckpointTest::stacksExpertsThatAreKeptApart() {
    MadeCheckpoint made(MadeCheckpoint::Kind::Experts);
    made.config["quantization_config"] = dynamicConfig();
    const QString experts = QStringLiteral("model.language_model.layers.1.experts.");
    made.tensors.remove(experts + QStringLiteral("gate_up_proj"));
    for (int expert = 0; expert < 3; ++expert)
        for (const char* half : {"gate", "up"}) {
            const QString name = QStringLiteral("%1%2.%3_proj.weight")
                                     .arg(experts)
                                     .arg(expert)
                                     .arg(QLatin1String(half));
            made.tensors.insert(name, {QStringLiteral("BF16"), {5, 8}});
            made.quantise(name, Spelling::CompressedTensors, static_cast<char>(0x3C + expert));
            made.tensors[name].fill = static_cast<char>('a' + 2 * expert + (*half == 'u'));
        }
    made.write();
    const auto checkpoint = Checkpoint::open(made.path());
    QVERIFY2(checkpoint, checkpoint ? "" : checkpoint.error().sentence.c_str());
    const auto stack = checkpoint->weight("model.language_model.layers.1.experts.gate_up_proj");
    QCOMPARE(stack->experts, 3);
    QCOMPARE(stack->rows, 10);
    QVERIFY(stack->quantisedInput);
    QCOMPARE(stack->scales.size(), std::size_t{30});
    for (std::size_t part = 0; part < 6; ++part) {
        QCOMPARE(stack->parts.at(part).size(), std::size_t{40});
        QCOMPARE(std::to_integer<char>(stack->parts[part][0]), static_cast<char>('a' + part));
        const auto bits = static_cast<std::uint32_t>(0x3C + part / 2) * 0x01010101U;
        QCOMPARE(stack->scales[part * 5], std::bit_cast<float>(bits));
    }
}

void Fp8CheckpointTest::oneScaleServesAllRows() {
    MadeCheckpoint made;
    made.quantise(kUp, Spelling::CompressedTensors);
    made.tensors[kUp + QStringLiteral("_scale")] = {QStringLiteral("BF16"), {1}, 0x3D};
    made.write();
    const auto up = Checkpoint::open(made.path())->weight(kUp.toStdString());
    QVERIFY(up);
    QCOMPARE(std::vector<float>(up->scales.begin(), up->scales.end()),
             std::vector<float>(12, std::bit_cast<float>(0x3D3D0000U)));
}

void Fp8CheckpointTest::inputsAreAsTheFileSays() {
    MadeCheckpoint made;
    made.quantise(kUp, Spelling::CompressedTensors);
    made.write();
    // Without a word about inputs the weights alone are quantised.
    QVERIFY(!Checkpoint::open(made.path())->weight(kUp.toStdString())->quantisedInput);
    made.config["quantization_config"] = dynamicConfig();
    made.write();
    QVERIFY(Checkpoint::open(made.path())->weight(kUp.toStdString())->quantisedInput);
    made.config["quantization_config"]["config_groups"] = {{"FP8_DYNAMIC", {"Linear"}}};
    made.write();
    QVERIFY(Checkpoint::open(made.path())->weight(kUp.toStdString())->quantisedInput);

    MadeCheckpoint torchao;
    torchao.quantise(kUp, Spelling::Torchao);
    torchao.write();
    QVERIFY(Checkpoint::open(torchao.path())->weight(kUp.toStdString())->quantisedInput);
    torchao.metadata[kUp.toStdString()] =
        R"({"_type": "Float8Tensor", "_data": {"act_quant_kwargs": null}})";
    torchao.write();
    QVERIFY(!Checkpoint::open(torchao.path())->weight(kUp.toStdString())->quantisedInput);
}

void Fp8CheckpointTest::linearsBecomeFp8WhereThatIsWanted() {
    const auto checkpoint = Checkpoint::open(LAPIDARY_RESOURCES "/demo-model");
    QVERIFY2(checkpoint, checkpoint ? "" : checkpoint.error().sentence.c_str());
    const std::string layer = "model.language_model.layers.0.";
    for (const char* leaf : {"self_attn.q_proj", "self_attn.k_proj", "self_attn.o_proj",
                             "mlp.gate_proj", "mlp.down_proj"}) {
        const TensorSpec& spec = checkpoint->spec(layer + leaf + ".weight");
        QVERIFY2(spec.quantisable, leaf);
        QCOMPARE(checkpoint->packedBytes(spec, WeightChoice::Fp8),
                 static_cast<std::size_t>(spec.elements() + 4 * spec.shape[0]));
        QCOMPARE(checkpoint->packedBytes(spec, WeightChoice::AsStored),
                 static_cast<std::size_t>(2 * spec.elements()));
    }
    for (const TensorSpec& spec : checkpoint->specs())
        if (spec.part == TensorPart::Embedding || spec.part == TensorPart::Vision
            || spec.part == TensorPart::PerLayerTable || spec.part == TensorPart::Norms)
            QVERIFY2(!spec.quantisable, spec.name.c_str());
    // 12 is no multiple of 16.
    MadeCheckpoint made;
    made.write();
    QVERIFY(!Checkpoint::open(made.path())->spec(kUp.toStdString()).quantisable);
}

using Change = void (*)(MadeCheckpoint&);

void Fp8CheckpointTest::refusesWithASentence_data() {
    QTest::addColumn<Change>("change");
    QTest::addColumn<QString>("sentence");
    const auto row = [](const char* name, Change change, const char* sentence) {
        QTest::newRow(name) << change << QString::fromUtf8(sentence);
    };
    using Made = MadeCheckpoint;
    const auto unread = [&](const char* name, Change change, const char* format) {
        QTest::newRow(name) << change
                            << QStringLiteral("The weights are quantised as %1, which Lapidary "
                                              "does not read yet: choose the model in BF16.")
                                   .arg(QString::fromUtf8(format));
    };
    row(
        "codes without scales",
        [](Made& m) {
            m.quantise(kUp, Spelling::CompressedTensors);
            m.tensors.remove(kUp + QStringLiteral("_scale"));
        },
        "The tensor model.language_model.layers.0.mlp.up_proj.weight_scale is missing, and "
        "model.language_model.layers.0.mlp.up_proj.weight is in model.safetensors: download the "
        "model's weights again.");
    row(
        "torchao without scales",
        [](Made& m) {
            m.quantise(kUp, Spelling::Torchao14);
            m.tensors.remove(kUp + QStringLiteral(":scale"));
        },
        "The scales of the tensor model.language_model.layers.0.mlp.up_proj.weight are missing in "
        "model.safetensors: download the model's weights again.");
    row(
        "torchao without a description",
        [](Made& m) {
            m.quantise(kUp, Spelling::Torchao14);
            m.metadata.clear();
        },
        "The tensor model.language_model.layers.0.mlp.up_proj.weight:qdata is not described in "
        "model.safetensors: download the model's weights again.");
    row(
        "scales of other rows",
        [](Made& m) {
            m.quantise(kUp, Spelling::CompressedTensors);
            m.tensors[kUp + QStringLiteral("_scale")].shape = {11, 1};
        },
        "The tensor model.language_model.layers.0.mlp.up_proj.weight_scale in model.safetensors is "
        "[11, 1], and must be [12, 1]: download the model's weights again.");
    row(
        "codes of another shape",
        [](Made& m) {
            m.quantise(kUp, Spelling::CompressedTensors);
            m.tensors[kUp].shape = {12, 9};
        },
        "The tensor model.language_model.layers.0.mlp.up_proj.weight in model.safetensors is "
        "[12, 9], and must be [intermediate_size, hidden_size] = [12, 8] by config.json: download "
        "the model's weights again.");
    row(
        "a scale that is no number",
        [](Made& m) { m.quantise(kUp, Spelling::CompressedTensors, '\xFF'); },
        "The tensor model.language_model.layers.0.mlp.up_proj.weight_scale in model.safetensors "
        "has the scale -nan, and scales are finite and not negative: download the model's weights "
        "again.");
    row(
        "a negative scale", [](Made& m) { m.quantise(kUp, Spelling::CompressedTensors, '\xBD'); },
        "The tensor model.language_model.layers.0.mlp.up_proj.weight_scale in model.safetensors "
        "has the scale -0.09264705, and scales are finite and not negative: download the model's "
        "weights again.");
    unread(
        "int4",
        [](Made& m) {
            m.quantise(kUp, Spelling::Torchao);
            m.metadata[kUp.toStdString()] = R"({"_type": "Int4Tensor", "_data": {}})";
        },
        "torchao Int4Tensor");
    unread(
        "static inputs",
        [](Made& m) {
            m.quantise(kUp, Spelling::CompressedTensors);
            m.tensors.insert(
                QStringLiteral("model.language_model.layers.0.mlp.up_proj.input_scale"),
                {QStringLiteral("F32"), {1}});
        },
        "FP8 with static input scales");
    unread(
        "int8",
        [](Made& m) {
            m.quantise(kUp, Spelling::CompressedTensors);
            m.tensors[kUp].type = QStringLiteral("U8");
        },
        "compressed-tensors in U8");
    unread(
        "blocks",
        [](Made& m) {
            m.config["quantization_config"] = dynamicConfig();
            m.config["quantization_config"]["config_groups"]["group_0"]["weights"]["strategy"] =
                "block";
        },
        "FP8_BLOCK");
    unread(
        "nvfp4",
        [](Made& m) {
            m.config["quantization_config"] = dynamicConfig();
            m.config["quantization_config"]["format"] = "nvfp4-pack-quantized";
        },
        "compressed-tensors nvfp4-pack-quantized");
    unread(
        "transforms",
        [](Made& m) {
            m.config["quantization_config"] = dynamicConfig();
            m.config["quantization_config"]["transform_config"] = {{"a", 1}};
        },
        "compressed-tensors with sparsity or transforms");
}

void Fp8CheckpointTest::refusesWithASentence() {
    QFETCH(Change, change);
    MadeCheckpoint made;
    change(made);
    made.write();
    const auto checkpoint = Checkpoint::open(made.path());
    std::string sentence;
    if (!checkpoint)
        sentence = checkpoint.error().sentence;
    else if (const auto up = checkpoint->weight(kUp.toStdString()); !up)
        sentence = up.error().sentence;
    QTEST(QString::fromStdString(sentence), "sentence");
}

static const Registered<Fp8CheckpointTest> registered;

#include "fp8_test.moc"
