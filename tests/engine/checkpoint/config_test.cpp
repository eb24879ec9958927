#include "checkpoint/describe.h"
#include "checkpoint/model_config.h"
#include "checkpoint/tensor_list.h"
#include "registry.h"

#include <nlohmann/json.hpp>

#include <QFile>
#include <QTest>

#include <algorithm>

using namespace lapidary;
using namespace lapidary::engine;
using nlohmann::json;

namespace {

std::string released(const QString& name) {
    QFile file(QStringLiteral(LAPIDARY_TESTS "/engine/checkpoint/configs/%1.json").arg(name));
    return file.open(QIODevice::ReadOnly) ? file.readAll().toStdString() : std::string();
}

/// A configuration with one value replaced, or taken out when the new text is empty.
std::string changed(const QString& name, const QString& pointer, const QByteArray& value) {
    json config = json::parse(released(name));
    const json::json_pointer at(pointer.toStdString());
    if (value.isEmpty())
        config.at(at.parent_pointer()).erase(at.back());
    else
        config[at] = json::parse(value.toStdString());
    return config.dump();
}

} // namespace

class ConfigTest : public QObject {
    Q_OBJECT

private slots:
    void readsTheReleasedSizes_data();
    void readsTheReleasedSizes();
    void refusesWithASentence_data();
    void refusesWithASentence();
    void acceptsOtherSpellings_data();
    void acceptsOtherSpellings();
    void generationConfigWins();
    void readsACard();
};

void ConfigTest::readsTheReleasedSizes_data() {
    QTest::addColumn<QString>("file");
    QTest::addColumn<QString>("name");
    QTest::addColumn<qulonglong>("parameters"); // gemma4.md 1.1, redundant K/V not counted
    QTest::addColumn<int>("textTensors");       // gemma4.md 3.5, the redundant ones included
    QTest::addColumn<int>("imageTensors");
    for (const char* ending : {"", ".saved"}) {
        const auto row = [&](const char* file, const char* name, qulonglong parameters, int text,
                             int image) {
            const QString whole = QString::fromUtf8(file) + QString::fromUtf8(ending);
            QTest::newRow(qPrintable(whole))
                << whole << QString::fromUtf8(name) << parameters << text << image;
        };
        row("e2b", "Gemma 4 E2B", 4'628'569'379, 600, 659);
        row("e4b", "Gemma 4 E4B", 7'463'013'418, 719, 659);
        row("12b", "Gemma 4 12B", 11'907'350'320, 666, 10);
        row("26b-a4b", "Gemma 4 26B-A4B", 25'233'141'790, 657, 356);
        row("31b", "Gemma 4 31B", 30'697'345'340, 832, 356);
    }
}

void ConfigTest::readsTheReleasedSizes() {
    QFETCH(QString, file);
    const Expected<ModelConfig> config = readModelConfig(released(file));
    QVERIFY2(config, config ? "" : config.error().sentence.c_str());
    QTEST(QString::fromStdString(releasedName(*config).value_or("")), "name");
    const std::vector<TensorSpec> specs = listTensors(*config);
    QTEST(static_cast<qulonglong>(textParameters(specs)), "parameters");
    const auto isImage = [](const TensorSpec& spec) { return spec.part == TensorPart::Vision; };
    const auto images = static_cast<int>(std::ranges::count_if(specs, isImage));
    QTEST(images, "imageTensors");
    // One of the list is the written-out head, which none of these files has.
    QTEST(static_cast<int>(specs.size()) - images - 1, "textTensors");

    if (file.startsWith(QLatin1String("e2b"))) {
        QCOMPARE(config->layers[14].kvDonor, 14);
        QCOMPARE(config->layers[34].kvDonor, 14);
        QCOMPARE(config->layers[33].kvDonor, 13);
        QCOMPARE(config->layers[14].mlpWidth, 6144);
        QCOMPARE(config->layers[15].mlpWidth, 12288);
        QCOMPARE(config->layers[4].kvHeads, 1);
        QCOMPARE(config->slidingWindow, 512);
        QCOMPARE(config->bidirectional, Bidirectional::None);
        QVERIFY(config->visionTower && config->visionTower->clippedLinears && config->hasAudio);
    }
    if (file.startsWith(QLatin1String("12b"))) {
        const LayerConfig& full = config->layers.back();
        QVERIFY(!full.sliding && full.keyIsValue && full.kvHeads == 1 && full.headDim == 512);
        QVERIFY(config->layers.front().sliding && !config->layers.front().keyIsValue);
        QCOMPARE(config->fullRotary.turningPairs(full.headDim), 64);
        QCOMPARE(config->slidingRotary.turningPairs(256), 128);
        QCOMPARE(config->slidingRotary.theta, 1e4);
        QCOMPARE(config->logitCap, 30.0F);
        QCOMPARE(config->bidirectional, Bidirectional::Vision);
        QCOMPARE(config->imageEmbedder->patchValues(), 6912);
    }
}

void ConfigTest::refusesWithASentence_data() {
    QTest::addColumn<QString>("base");
    QTest::addColumn<QString>("pointer");
    QTest::addColumn<QByteArray>("value");
    QTest::addColumn<ErrorKind>("kind");
    QTest::addColumn<QString>("sentence");
    const auto corrupt = [](const char* base, const char* pointer, const char* value,
                            const char* what) {
        QTest::addRow("%s %s %s", base, pointer, value)
            << QString::fromUtf8(base) << QString::fromUtf8(pointer) << QByteArray(value)
            << ErrorKind::Corrupt
            << QStringLiteral("config.json: %1: download or restore the file.")
                   .arg(QString::fromUtf8(what));
    };
    const auto unsupported = [](const char* base, const char* pointer, const char* value,
                                const char* sentence) {
        QTest::addRow("%s %s %s", base, pointer, value)
            << QString::fromUtf8(base) << QString::fromUtf8(pointer) << QByteArray(value)
            << ErrorKind::Unsupported << QString::fromUtf8(sentence);
    };
    const char* const other = ", which Lapidary does not run: choose another model";
    for (const char* key :
         {"hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
          "head_dim", "global_head_dim", "intermediate_size", "sliding_window", "vocab_size",
          "max_position_embeddings", "rms_norm_eps", "final_logit_softcapping", "attention_k_eq_v",
          "rope_parameters"})
        corrupt("12b", qPrintable(QStringLiteral("/text_config/%1").arg(QLatin1String(key))), "",
                qPrintable(QStringLiteral("text_config.%1 is missing").arg(QLatin1String(key))));
    corrupt("12b", "/model_type", "", "model_type is missing");
    corrupt("12b", "/text_config", "", "text_config is missing");
    corrupt("12b", "/text_config", "[]", "text_config is not an object");
    corrupt("12b", "/text_config/hidden_size", "0",
            "text_config.hidden_size must be a whole number from 1 to 131072");
    corrupt("12b", "/text_config/hidden_size", "3840.0",
            "text_config.hidden_size must be a whole number from 1 to 131072");
    corrupt("12b", "/text_config/hidden_size", "18446744073709551615",
            "text_config.hidden_size must be a whole number from 1 to 131072");
    corrupt("12b", "/text_config/num_hidden_layers", "47",
            "text_config.layer_types has 48 entries and text_config.num_hidden_layers is 47");
    corrupt("12b", "/text_config/layer_types", "[]",
            "text_config.layer_types has 0 entries and text_config.num_hidden_layers is 48");
    corrupt("12b", "/text_config/layer_types/3", "4",
            "each entry of text_config.layer_types must be a string");
    corrupt(
        "12b", "/text_config/num_key_value_heads", "3",
        "text_config.num_attention_heads is 16, which the 3 K/V heads of layer 0 do not divide");
    corrupt("12b", "/text_config/head_dim", "255", "the head size 255 of layer 0 is odd");
    corrupt("12b", "/text_config/rms_norm_eps", "\"small\"",
            "text_config.rms_norm_eps must be a number from 0 to 1");
    corrupt("12b", "/text_config/rope_parameters/full_attention", "",
            "text_config.rope_parameters.full_attention is missing");
    corrupt("12b", "/text_config/rope_parameters/sliding_attention/rope_theta", "",
            "text_config.rope_parameters.sliding_attention.rope_theta is missing");
    corrupt("12b", "/text_config/rope_parameters/full_attention/partial_rotary_factor", "1.5",
            "text_config.rope_parameters.full_attention.partial_rotary_factor must be a number "
            "from 0 to 1");
    corrupt("12b", "/text_config/pad_token_id", "262144",
            "text_config.pad_token_id must be a whole number from 0 to 262143");
    corrupt("12b", "/image_token_id", "255999", "boi_token_id and image_token_id are both 255999");
    corrupt("12b", "/eoi_token_id", "258880", "image_token_id and eoi_token_id are both 258880");
    corrupt("12b", "/image_token_id", "2", "bos_token_id and image_token_id are both 2");
    corrupt("e2b", "/boi_token_id", "1", "eos_token_id and boi_token_id are both 1");
    corrupt("e2b", "/image_token_id", "262144",
            "image_token_id is 262144, and text_config.vocab_size counts 262144 tokens");
    corrupt("12b", "/eos_token_id", "[1, 300000]",
            "eos_token_id is 300000, and text_config.vocab_size counts 262144 tokens");
    corrupt("12b", "/vision_config/mm_posemb_size", "", "vision_config.mm_posemb_size is missing");
    corrupt("12b", "/vision_config/model_patch_size", "47",
            "vision_config.model_patch_size is 47 and vision_config.patch_size times "
            "vision_config.pooling_kernel_size is 48");
    corrupt("12b.saved", "/text_config/per_layer_config/48", R"({"head_dim": 512})",
            "text_config.per_layer_config.48 is no layer of the 48 that "
            "text_config.num_hidden_layers counts");
    corrupt("12b.saved", "/text_config/per_layer_config/5", "{}",
            "text_config.per_layer_config.5 names a layer a second time");
    corrupt("e2b", "/text_config/num_kv_shared_layers", "35",
            "text_config.num_kv_shared_layers must be a whole number from 0 to 34");
    corrupt("e2b", "/text_config/num_kv_shared_layers", "32",
            "text_config.num_kv_shared_layers leaves layer 4 no owning layer of its type in "
            "text_config.layer_types");
    corrupt("e2b.saved", "/text_config/per_layer_config/34/head_dim", "256",
            "layer 34 shares the K/V of layer 14 and has other head sizes in "
            "text_config.per_layer_config");
    corrupt("e2b", "/text_config/hidden_size_per_layer_input", "",
            "text_config.hidden_size_per_layer_input is missing");
    corrupt("e2b", "/text_config/vocab_size_per_layer_input", "1000",
            "text_config.vocab_size_per_layer_input is 1000, less than text_config.vocab_size, "
            "which is 262144");
    corrupt("e2b", "/vision_config/head_dim", "66",
            "vision_config.head_dim is 66, which two axes of pairs do not divide");
    corrupt("e2b", "/vision_config/standardize", "", "vision_config.standardize is missing");
    corrupt("26b-a4b", "/text_config/num_experts", "", "text_config.num_experts is missing");
    corrupt("26b-a4b", "/text_config/moe_intermediate_size", "",
            "text_config.moe_intermediate_size is missing");
    corrupt("26b-a4b", "/text_config/top_k_experts", "129",
            "text_config.top_k_experts is 129 and text_config.num_experts is 128");
    corrupt("12b", "/quantization_config", "{}", "quantization_config.quant_method is missing");

    unsupported("12b", "/model_type", "\"llama\"",
                "config.json describes a llama model, and Lapidary runs the Gemma 4 family: choose "
                "a Gemma 4 model.");
    unsupported("12b", "/model_type", "\"gemma4_unified_assistant\"",
                "config.json describes a drafter (gemma4_unified_assistant), which only works "
                "beside its model: choose the model's folder.");
    const auto refused = [&](const char* base, const char* pointer, const char* value,
                             const char* what) {
        unsupported(base, pointer, value,
                    qPrintable(QStringLiteral("config.json: %1%2.")
                                   .arg(QString::fromUtf8(what), QLatin1String(other))));
    };
    refused("12b", "/tie_word_embeddings", "false",
            "tie_word_embeddings asks for a head of its own");
    refused("12b", "/text_config/tie_word_embeddings", "false",
            "text_config.tie_word_embeddings asks for a head of its own");
    refused("12b", "/text_config/attention_bias", "true",
            "text_config.attention_bias asks for biases in the attention");
    refused("12b", "/text_config/hidden_activation", "\"silu\"",
            "text_config.hidden_activation asks for silu");
    refused("12b", "/text_config/use_bidirectional_attention", "\"all\"",
            "text_config.use_bidirectional_attention is \"all\"");
    refused("12b", "/text_config/layer_types/0", "\"linear_attention\"",
            "text_config.layer_types has a layer of type \"linear_attention\"");
    refused("12b", "/text_config/rope_parameters/full_attention/rope_type", "\"yarn\"",
            "text_config.rope_parameters.full_attention.rope_type is \"yarn\"");
    refused("12b.saved", "/text_config/per_layer_config/05/intermediate_size", "7",
            "text_config.per_layer_config.05.intermediate_size differs from layer to layer");
    refused("12b", "/vision_config/model_type", "\"siglip\"",
            "vision_config.model_type is \"siglip\"");
    refused("31b", "/vision_config/num_key_value_heads", "8",
            "vision_config.num_key_value_heads is 8 and vision_config.num_attention_heads is 16");
}

void ConfigTest::refusesWithASentence() {
    QFETCH(QString, base);
    QFETCH(QString, pointer);
    QFETCH(QByteArray, value);
    QFETCH(ErrorKind, kind);
    const Expected<ModelConfig> config = readModelConfig(changed(base, pointer, value));
    QVERIFY(!config);
    QTEST(QString::fromStdString(config.error().sentence), "sentence");
    QCOMPARE(config.error().kind, kind);
}

void ConfigTest::acceptsOtherSpellings_data() {
    QTest::addColumn<QString>("base");
    QTest::addColumn<QString>("pointer");
    QTest::addColumn<QByteArray>("value");
    const auto row = [](const char* base, const char* pointer, const char* value) {
        QTest::addRow("%s %s", base, pointer)
            << QString::fromUtf8(base) << QString::fromUtf8(pointer) << QByteArray(value);
    };
    row("31b", "/text_config/layer_types", "");                         // every sixth layer is full
    row("12b", "/text_config/layer_types/47", "\"sliding_attention\""); // the last one always is
    row("12b", "/text_config/hidden_size_per_layer_input", "");
    row("12b", "/text_config/use_bidirectional_attention", "");
    row("e2b", "/text_config/num_experts", "");
    row("e2b", "/vision_config/rope_parameters", "");
    row("26b-a4b", "/architectures", "");
    row("12b", "/unknown", "{\"deep\": [[[[1]]]]}");
}

void ConfigTest::acceptsOtherSpellings() {
    QFETCH(QString, base);
    QFETCH(QString, pointer);
    QFETCH(QByteArray, value);
    const Expected<ModelConfig> one = readModelConfig(released(base));
    const Expected<ModelConfig> other = readModelConfig(changed(base, pointer, value));
    QVERIFY2(other, other ? "" : other.error().sentence.c_str());
    QCOMPARE(describeVariant(*other), describeVariant(*one));
    QCOMPARE(textParameters(listTensors(*other)), textParameters(listTensors(*one)));
    QCOMPARE(other->bidirectional, one->bidirectional);
}

void ConfigTest::generationConfigWins() {
    const auto config = readModelConfig(released(QStringLiteral("12b")));
    QVERIFY(config);
    const auto none = readGenerationConfig("", *config);
    QCOMPARE(none->eosTokens, (std::vector<std::int32_t>{1, 106}));
    const auto some = readGenerationConfig(
        R"({"eos_token_id": [1, 106, 50], "temperature": 0.5, "top_k": 7, "top_p": 0.25,
            "suppress_tokens": [258882, 258883]})",
        *config);
    QVERIFY(some);
    QCOMPARE(some->eosTokens, (std::vector<std::int32_t>{1, 106, 50}));
    QCOMPARE(some->sampling.temperature, 0.5F);
    QCOMPARE(some->sampling.topK, 7);
    QCOMPARE(some->sampling.topP, 0.25F);
    QCOMPARE(some->suppressedTokens, (std::vector<std::int32_t>{258882, 258883}));
    const auto wrong = readGenerationConfig(R"({"top_p": 2})", *config);
    QVERIFY(!wrong);
    QCOMPARE(wrong.error().sentence, "generation_config.json: top_p must be a number from 0 to 1: "
                                     "download or restore the file.");
    for (const char* beyond : {R"({"suppress_tokens": [5, 262144]})", R"({"eos_token_id": -1})"})
        QVERIFY2(!readGenerationConfig(beyond, *config), beyond);
}

void ConfigTest::readsACard() {
    const auto card = readModelCard(R"({"name": "Pebble", "notice": "Small.", "other": 1})");
    QVERIFY(card);
    QCOMPARE(card->name, "Pebble");
    QCOMPARE(card->notice, "Small.");
    QVERIFY(!readModelCard(R"({"notice": 1})"));
    const auto config = readModelConfig(released(QStringLiteral("e4b")));
    QCOMPARE(nameForPeople("/m/own/", *card, *config), "Pebble");
    QCOMPARE(nameForPeople("/m/own/", {}, *config), "Gemma 4 E4B");
    auto small = *config;
    small.hidden = 8;
    QCOMPARE(nameForPeople("/m/own/", {}, small), "own");
}

static const Registered<ConfigTest> registered;

#include "config_test.moc"
