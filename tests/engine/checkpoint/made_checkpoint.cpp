#include "made_checkpoint.h"

#include "checkpoint/tensor_list.h"

#include <QFile>
#include <QTest>

using lapidary::engine::readModelConfig;
using nlohmann::json;

namespace {

qint64 byteCount(const MadeTensor& tensor) {
    qint64 bytes = tensor.type == u"BF16" || tensor.type == u"F16"     ? 2
                   : tensor.type == u"U8" || tensor.type == u"F8_E4M3" ? 1
                                                                       : 4;
    for (const std::int64_t dimension : tensor.shape)
        bytes *= dimension;
    return bytes;
}

QByteArray fileOf(const QMap<QString, MadeTensor>& tensors, const json& metadata) {
    json header = json::object();
    if (!metadata.empty())
        header["__metadata__"] = metadata;
    QByteArray data;
    for (const auto& [name, tensor] : tensors.asKeyValueRange()) {
        const qint64 begin = data.size();
        data += QByteArray(byteCount(tensor), tensor.fill);
        header[name.toStdString()] = {{"dtype", tensor.type.toStdString()},
                                      {"shape", tensor.shape},
                                      {"data_offsets", {begin, data.size()}}};
    }
    const QByteArray text = QByteArray::fromStdString(header.dump());
    QByteArray file;
    for (int byte = 0; byte < 8; ++byte)
        file += static_cast<char>(static_cast<quint64>(text.size()) >> (8 * byte));
    return file + text + data;
}

} // namespace

MadeCheckpoint::MadeCheckpoint(Kind kind) {
    const bool experts = kind == Kind::Experts;
    config = {{"model_type", "gemma4"},
              {"text_config",
               {{"hidden_size", 8},
                {"vocab_size", 10},
                {"num_hidden_layers", 2},
                {"num_attention_heads", 2},
                {"num_key_value_heads", 1},
                {"head_dim", 4},
                {"global_head_dim", 4},
                {"intermediate_size", 12},
                {"sliding_window", 16},
                {"max_position_embeddings", 64},
                {"rms_norm_eps", 1e-6},
                {"hidden_activation", "gelu_pytorch_tanh"},
                {"final_logit_softcapping", nullptr},
                {"attention_k_eq_v", false},
                {"hidden_size_per_layer_input", 0},
                {"enable_moe_block", experts},
                {"num_experts", 3},
                {"top_k_experts", 2},
                {"moe_intermediate_size", 5},
                {"layer_types", {"sliding_attention", "full_attention"}},
                {"rope_parameters",
                 {{"sliding_attention", {{"rope_type", "default"}, {"rope_theta", 1e4}}},
                  {"full_attention", {{"rope_type", "proportional"}, {"rope_theta", 1e6}}}}}}}};
    const auto read = readModelConfig(config.dump());
    QVERIFY2(read, read ? "" : read.error().sentence.c_str());
    for (const auto& spec : lapidary::engine::listTensors(*read))
        if (spec.use != lapidary::engine::TensorUse::Ignored)
            tensors.insert(QString::fromStdString(spec.name), {QStringLiteral("BF16"), spec.shape});
}

void MadeCheckpoint::quantise(const QString& name, Spelling spelling, char fill) {
    const MadeTensor plain = tensors.take(name);
    std::vector<std::int64_t> perRow = plain.shape;
    perRow.back() = 1;
    const auto add = [&](const QString& codes, const QString& scales) {
        tensors.insert(codes, {QStringLiteral("F8_E4M3"), plain.shape});
        tensors.insert(scales, {QStringLiteral("F32"), perRow, fill});
    };
    if (spelling == Spelling::CompressedTensors)
        return add(name, name + QStringLiteral("_scale"));
    const qsizetype leaf = name.lastIndexOf(u'.') + 1;
    const QString hidden = name.first(leaf) + u'_' + name.sliced(leaf) + u'_';
    if (spelling == Spelling::Torchao)
        add(hidden + QStringLiteral("qdata"), hidden + QStringLiteral("scale"));
    else
        add(name + QStringLiteral(":qdata"), name + QStringLiteral(":scale"));
    json names = json::parse(metadata.value("tensor_names", std::string("[]")));
    names.push_back(name.toStdString());
    metadata["tensor_names"] = names.dump();
    metadata[name.toStdString()] = json{
        {"_type", "Float8Tensor"},
        {"_data", {{"act_quant_kwargs", {{"_data", {{"hp_value_lb", nullptr}}}}}}},
        {"_tensor_data_names",
         {"qdata", "scale"}}}.dump();
}

void MadeCheckpoint::writeFile(const char* name, const QByteArray& content) const {
    QFile written(file(name));
    QVERIFY(written.open(QIODevice::WriteOnly));
    QCOMPARE(written.write(content), content.size());
}

void MadeCheckpoint::writeConfig() const {
    writeFile("config.json", QByteArray::fromStdString(config.dump()));
}

void MadeCheckpoint::write() const {
    writeConfig();
    writeFile("model.safetensors", fileOf(tensors, metadata));
}

void MadeCheckpoint::writeSharded() const {
    const char* const names[] = {"model-00001-of-00002.safetensors",
                                 "model-00002-of-00002.safetensors"};
    QMap<QString, MadeTensor> shards[2];
    json map = json::object();
    int next = 0;
    for (const auto& [name, tensor] : tensors.asKeyValueRange()) {
        shards[next].insert(name, tensor);
        map[name.toStdString()] = names[next];
        next = 1 - next;
    }
    writeConfig();
    writeFile("model.safetensors.index.json",
              QByteArray::fromStdString(json{{"weight_map", map}}.dump()));
    for (const int shard : {0, 1})
        writeFile(names[shard], fileOf(shards[shard], metadata));
}
