#include "checkpoint/checkpoint.h"
#include "checkpoint/tensor_names.h"
#include "checkpoint/widen.h"
#include "made_checkpoint.h"
#include "registry.h"

#include <QTest>

#include <bit>
#include <cmath>
#include <cstring>

using namespace lapidary;
using namespace lapidary::engine;

class CheckpointTest : public QObject {
    Q_OBJECT

private slots:
    void opensEverySpelling_data();
    void opensEverySpelling();
    void handsOutWeightsInPlaceOrWidened();
    void stacksExpertsThatAreKeptApart();
    void readsShards();
    void refusesWithASentence_data();
    void refusesWithASentence();
    void namesFormatsItDoesNotRead();
    void renamesTensors_data();
    void renamesTensors();
    void widensEveryHalf();
};

void CheckpointTest::opensEverySpelling_data() {
    QTest::addColumn<QString>("folder");
    for (const char* folder :
         {"dense/checkpoint", "e_series/checkpoint", "e_series/checkpoint_original",
          "experts/checkpoint", "text_only/checkpoint", "text_only_f32/checkpoint",
          "unified/checkpoint", "unified/checkpoint_original"})
        QTest::newRow(folder) << QString::fromUtf8(folder);
}

void CheckpointTest::opensEverySpelling() {
    QFETCH(QString, folder);
    const auto checkpoint = Checkpoint::open(
        QStringLiteral(LAPIDARY_TESTS "/reference/cases/%1").arg(folder).toStdString());
    QVERIFY2(checkpoint, checkpoint ? "" : checkpoint.error().sentence.c_str());
    QCOMPARE(checkpoint->format(), folder.contains(QLatin1String("f32")) ? "F32" : "BF16");
    QVERIFY(checkpoint->has("model.language_model.embed_tokens.weight"));
    QVERIFY(!checkpoint->has("lm_head.weight"));
}

void CheckpointTest::handsOutWeightsInPlaceOrWidened() {
    MadeCheckpoint made;
    const char* const name = "model.language_model.layers.0.mlp.up_proj.weight";
    made.tensors[name].type = QStringLiteral("F16");
    made.write();
    const auto checkpoint = Checkpoint::open(made.path());
    QVERIFY2(checkpoint, checkpoint ? "" : checkpoint.error().sentence.c_str());
    QCOMPARE(checkpoint->format(), "F16 and BF16");

    const auto inPlace = checkpoint->weight("model.language_model.layers.0.mlp.gate_proj.weight");
    QVERIFY(inPlace);
    QCOMPARE(inPlace->format, kernels::WeightFormat::BF16);
    QCOMPARE(inPlace->rows, 12);
    QCOMPARE(inPlace->columns, 8);
    QCOMPARE(inPlace->data.size(), std::size_t{12 * 8 * 2});
    QVERIFY(inPlace->owner);

    const auto widened = checkpoint->weight(name);
    QCOMPARE(widened->format, kernels::WeightFormat::F32);
    QCOMPARE(widened->data.size(), std::size_t{12 * 8 * 4});
    float first = 0;
    std::memcpy(&first, widened->data.data(), sizeof first);
    // The files' bytes are all 'x': the half 0x7878.
    QCOMPARE(first, floatFromHalf(0x7878));

    const auto values = checkpoint->values("model.language_model.norm.weight");
    QCOMPARE(values->size(), std::size_t{8});
    QCOMPARE(values->front(), std::bit_cast<float>(0x78780000U));
}

void CheckpointTest::stacksExpertsThatAreKeptApart() {
    MadeCheckpoint made(MadeCheckpoint::Kind::Experts);
    const QString experts = QStringLiteral("model.language_model.layers.%1.experts.");
    for (const int layer : {0, 1}) {
        made.tensors.remove(experts.arg(layer) + QStringLiteral("gate_up_proj"));
        for (int expert = 0; expert < 3; ++expert)
            for (const char* half : {"gate", "up"})
                made.tensors.insert(QStringLiteral("%1%2.%3_proj.weight")
                                        .arg(experts.arg(layer))
                                        .arg(expert)
                                        .arg(QLatin1String(half)),
                                    {QStringLiteral("BF16"),
                                     {5, 8},
                                     static_cast<char>('a' + 2 * expert + (*half == 'u'))});
    }
    made.write();
    const auto checkpoint = Checkpoint::open(made.path());
    QVERIFY2(checkpoint, checkpoint ? "" : checkpoint.error().sentence.c_str());
    const auto stack = checkpoint->weight("model.language_model.layers.1.experts.gate_up_proj");
    QCOMPARE(stack->experts, 3);
    QCOMPARE(stack->rows, 10);
    QCOMPARE(stack->columns, 8);
    QCOMPARE(stack->parts.size(), std::size_t{6});
    for (std::size_t part = 0; part < 6; ++part) {
        QCOMPARE(stack->parts[part].size(), std::size_t{5 * 8 * 2});
        QCOMPARE(std::to_integer<char>(stack->parts[part][0]), static_cast<char>('a' + part));
    }
}

void CheckpointTest::readsShards() {
    MadeCheckpoint made;
    made.writeSharded();
    QVERIFY(Checkpoint::open(made.path()));
    QVERIFY(QFile::remove(made.file("model-00002-of-00002.safetensors")));
    const auto missing = Checkpoint::open(made.path());
    QVERIFY(!missing);
    QCOMPARE(missing.error().kind, ErrorKind::NotFound);
    QCOMPARE(QString::fromStdString(missing.error().sentence),
             made.file("model-00002-of-00002.safetensors")
                 + QStringLiteral(" is not there: download it, or choose another folder."));
}

using Change = void (*)(MadeCheckpoint&);

void CheckpointTest::refusesWithASentence_data() {
    QTest::addColumn<Change>("change");
    QTest::addColumn<ErrorKind>("kind");
    QTest::addColumn<QString>("sentence");
    const auto row = [](const char* name, ErrorKind kind, Change change, const char* sentence) {
        QTest::newRow(name) << change << kind << QString::fromUtf8(sentence);
    };
    using Made = MadeCheckpoint;
    const QString layer = QStringLiteral("model.language_model.layers.0.");
    row(
        "missing", ErrorKind::Corrupt,
        [](Made& m) { m.tensors.remove(QStringLiteral("model.language_model.norm.weight")); },
        "The tensor model.language_model.norm.weight is missing: download the model's weights "
        "again.");
    row(
        "unknown", ErrorKind::Unsupported,
        [](Made& m) {
            m.tensors.insert(QStringLiteral("model.b"), {QStringLiteral("U8"), {1}});
            m.tensors.insert(QStringLiteral("model.c"), {QStringLiteral("U8"), {1}});
        },
        "The tensor model.b (and 1 more) in model.safetensors belongs to no model that config.json "
        "describes: choose a checkpoint of the Gemma 4 family as its makers saved it.");
    row(
        "other shape", ErrorKind::Corrupt,
        [](Made& m) {
            m.tensors[QStringLiteral("model.language_model.layers.0.self_attn.q_proj.weight")]
                .shape = {4, 8};
        },
        "The tensor model.language_model.layers.0.self_attn.q_proj.weight in model.safetensors is "
        "[4, 8], and config.json makes it [num_attention_heads · head_dim, hidden_size] = [8, 8]: "
        "download both again.");
    row(
        "integers", ErrorKind::Unsupported,
        [](Made& m) {
            m.tensors[QStringLiteral("model.language_model.layers.0.mlp.up_proj.weight")].type =
                QStringLiteral("I32");
        },
        "The tensor model.language_model.layers.0.mlp.up_proj.weight in model.safetensors is "
        "stored "
        "as I32, which Lapidary does not read yet: choose the model in BF16.");
    row(
        "head of another shape", ErrorKind::Corrupt,
        [](Made& m) {
            m.tensors.insert(QStringLiteral("lm_head.weight"), {QStringLiteral("BF16"), {9, 8}});
        },
        "The tensor lm_head.weight in model.safetensors is [9, 8], and config.json makes it "
        "[vocab_size, hidden_size] = [10, 8]: download both again.");
    row(
        "one name twice", ErrorKind::Corrupt,
        [](Made& m) {
            m.tensors.insert(QStringLiteral("model.norm.weight"), {QStringLiteral("BF16"), {8}});
        },
        "The tensor model.norm.weight in model.safetensors is there a second time as "
        "model.language_model.norm.weight in model.safetensors: download the model again.");
    row(
        "experts missing", ErrorKind::Corrupt,
        [](Made& m) {
            m = MadeCheckpoint(Made::Kind::Experts);
            m.tensors.remove(QStringLiteral("model.language_model.layers.1.experts.down_proj"));
        },
        "The tensor model.language_model.layers.1.experts.down_proj is missing, and num_experts in "
        "config.json is 3: download the model's weights again.");
    row(
        "one expert missing", ErrorKind::Corrupt,
        [](Made& m) {
            m = MadeCheckpoint(Made::Kind::Experts);
            m.tensors.remove(QStringLiteral("model.language_model.layers.1.experts.down_proj"));
            for (const int expert : {0, 2})
                m.tensors.insert(
                    QStringLiteral("model.language_model.layers.1.experts.%1.down_proj.weight")
                        .arg(expert),
                    {QStringLiteral("BF16"), {8, 5}});
        },
        "The tensor model.language_model.layers.1.experts.1.down_proj.weight is missing, and "
        "num_experts in config.json is 3: download the model's weights again.");
    row(
        "quantised", ErrorKind::Unsupported,
        [](Made& m) { m.config["quantization_config"] = {{"quant_method", "compressed-tensors"}}; },
        "The weights are quantised as compressed-tensors, which Lapidary does not read yet: choose "
        "the model in BF16.");
    row(
        "quantised, by the tensors alone", ErrorKind::Unsupported,
        [](Made& m) {
            m.tensors.insert(QStringLiteral("model.layers.0.mlp.up_proj.weight_scale_2"),
                             {QStringLiteral("F32"), {}});
        },
        "The weights are quantised as ModelOpt NVFP4, which Lapidary does not read yet: choose the "
        "model in BF16.");
}

void CheckpointTest::refusesWithASentence() {
    QFETCH(Change, change);
    QFETCH(ErrorKind, kind);
    MadeCheckpoint made;
    change(made);
    made.write();
    const auto checkpoint = Checkpoint::open(made.path());
    QVERIFY(!checkpoint);
    QTEST(QString::fromStdString(checkpoint.error().sentence), "sentence");
    QCOMPARE(checkpoint.error().kind, kind);
}

void CheckpointTest::namesFormatsItDoesNotRead() {
    const MadeCheckpoint made;
    QFile gguf(made.file("model-Q4_0.gguf"));
    QVERIFY(gguf.open(QIODevice::WriteOnly));
    const std::string rest = " holds its weights as GGUF, which Lapidary does not read yet: choose "
                             "a checkpoint in safetensors format.";
    for (const auto& path : {made.path(), made.path() / "model-Q4_0.gguf"}) {
        const auto checkpoint = Checkpoint::open(path);
        QVERIFY(!checkpoint);
        QCOMPARE(checkpoint.error().kind, ErrorKind::Unsupported);
        QCOMPARE(checkpoint.error().sentence, path.string() + rest);
    }
}

void CheckpointTest::renamesTensors_data() {
    QTest::addColumn<QString>("own");
    QTest::addColumn<QString>("canonical");
    const auto row = [](const char* own, const char* canonical) {
        QTest::newRow(own) << QString::fromUtf8(own) << QString::fromUtf8(canonical);
    };
    row("model.language_model.norm.weight", "model.language_model.norm.weight");
    row("model.norm.weight", "model.language_model.norm.weight");
    row("language_model.model.norm.weight", "model.language_model.norm.weight");
    row("model.layers.3.layer_scalar", "model.language_model.layers.3.layer_scalar");
    row("model.embed_tokens_per_layer.weight",
        "model.language_model.embed_tokens_per_layer.weight");
    row("model.per_layer_projection_norm.weight",
        "model.language_model.per_layer_projection_norm.weight");
    row("language_model.lm_head.weight", "lm_head.weight");
    row("vision_tower.std_bias", "model.vision_tower.std_bias");
    row("model.embed_vision.patch_ln1.bias", "model.vision_embedder.patch_ln1.bias");
    row("embed_vision.pos_embedding", "model.vision_embedder.pos_embedding");
    row("model.embed_vision.multimodal_embedder.embedding_projection.weight",
        "model.embed_vision.embedding_projection.weight");
    row("model.layers.2.moe.experts.gate_up_proj",
        "model.language_model.layers.2.experts.gate_up_proj");
    row("model.layers.2.moe.per_expert_scale",
        "model.language_model.layers.2.router.per_expert_scale");
    row("something.else", "something.else");
}

void CheckpointTest::renamesTensors() {
    QFETCH(QString, own);
    QTEST(QString::fromStdString(canonicalTensorName(own.toStdString())), "canonical");
    const auto expert = splitExpertName("a.experts.12.up_proj.weight");
    QVERIFY(expert && expert->stack == "a.experts.gate_up_proj" && expert->expert == 12
            && expert->half == 1);
    QCOMPARE(expertTensorName(*expert), "a.experts.12.up_proj.weight");
    QVERIFY(!splitExpertName("a.experts.012.up_proj.weight"));
}

void CheckpointTest::widensEveryHalf() {
    for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
        const int exponent = static_cast<int>((bits >> 10U) & 31U);
        const auto fraction = static_cast<double>(bits & 1023U);
        const double sign = (bits & 0x8000U) != 0 ? -1 : 1;
        const float value = floatFromHalf(static_cast<std::uint16_t>(bits));
        if (exponent == 31 && fraction != 0)
            QVERIFY(std::isnan(value));
        else if (exponent == 31)
            QVERIFY(std::isinf(value) && std::signbit(value) == (sign < 0));
        else if (exponent == 0)
            QVERIFY(value == sign * std::ldexp(fraction, -24));
        else
            QVERIFY(value == sign * std::ldexp(1024 + fraction, exponent - 25));
    }
}

static const Registered<CheckpointTest> registered;

#include "checkpoint_test.moc"
