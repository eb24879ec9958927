#include "cli/quantized_folder.h"

#include "checkpoint/tensor_names.h"
#include "checkpoint/tensor_store.h"
#include "checkpoint/widen.h"
#include "cli/tensor_file.h"
#include "file/text_file.h"
#include "memory/size_text.h"

#include <kernels/quantise.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <format>
#include <fstream>
#include <map>
#include <utility>

namespace lapidary::cli {

using namespace engine;
namespace fs = std::filesystem;
using OrderedJson = nlohmann::ordered_json;

namespace {

constexpr std::size_t kLargestConfig = 16U << 20U;
constexpr std::uintmax_t kLargestCopy = 256U << 20U; ///< a tokenizer.json is 32 MB

OrderedJson typed(const char* type, OrderedJson data) {
    return {{"_type", type}, {"_data", std::move(data)}};
}

OrderedJson versioned(const char* type, int version, OrderedJson data) {
    return {{"_type", type}, {"_version", version}, {"_data", std::move(data)}};
}

OrderedJson productConfig() {
    return {{"emulate", false}, {"use_fast_accum", true}, {"pad_inner_dim", false}};
}

/// quantization_config of config.json.
OrderedJson quantizationConfig() {
    const OrderedJson perRow = versioned("PerRow", 1, {{"dim", -1}});
    const OrderedJson codes = typed("torch.dtype", "float8_e4m3fn");
    const OrderedJson settings = {{"activation_dtype", codes},
                                  {"weight_dtype", codes},
                                  {"granularity", OrderedJson::array({perRow, perRow})},
                                  {"mm_config", versioned("Float8MMConfig", 1, productConfig())},
                                  {"activation_value_lb", nullptr},
                                  {"activation_value_ub", nullptr},
                                  {"kernel_preference", typed("KernelPreference", "TORCH")},
                                  {"packing_format", typed("Float8PackingFormat", "PLAIN")},
                                  {"set_inductor_config", true}};
    return {{"quant_method", "torchao"},
            {"quant_type",
             {{"default", versioned("Float8DynamicActivationFloat8WeightConfig", 2, settings)}}},
            {"modules_to_not_convert", nullptr},
            {"include_input_output_embeddings", false},
            {"untie_embedding_weights", false}};
}

/// What torchao leaves in "__metadata__" of a quantised tensor.
std::string describeQuantized(std::span<const std::int64_t> shape) {
    std::vector<std::int64_t> block(shape.size(), 1);
    block.back() = shape.back();
    const OrderedJson input = {{"float8_dtype", typed("torch.dtype", "float8_e4m3fn")},
                               {"granularity", typed("PerRow", {{"dim", -1}})},
                               {"mm_config", nullptr},
                               {"hp_value_lb", nullptr},
                               {"hp_value_ub", nullptr},
                               {"kernel_preference", typed("KernelPreference", "TORCH")}};
    OrderedJson description =
        typed("Float8Tensor", {{"block_size", block},
                               {"mm_config", typed("Float8MMConfig", productConfig())},
                               {"act_quant_kwargs", typed("QuantizeTensorToFloat8Kwargs", input)},
                               {"kernel_preference", typed("KernelPreference", "TORCH")},
                               {"dtype", typed("torch.dtype", "bfloat16")}});
    description["_tensor_data_names"] = {"qdata", "scale"};
    return description.dump();
}

/// A tensor of the folder and whether it becomes codes.
struct Piece {
    const StoredTensor* stored = nullptr;
    bool quantised = false;

    [[nodiscard]] std::size_t rows() const {
        return static_cast<std::size_t>(stored->view.elements() / stored->view.shape.back());
    }
    [[nodiscard]] std::size_t newBytes() const {
        return quantised ? static_cast<std::size_t>(stored->view.elements()) + 4 * rows()
                         : stored->view.bytes.size();
    }
};

using Shards = std::map<std::string, std::vector<Piece>>; ///< by file

Shards planShards(const Checkpoint& checkpoint) {
    std::map<std::string, const TensorSpec*, std::less<>> specs;
    for (const TensorSpec& spec : checkpoint.specs())
        specs.emplace(spec.name, &spec);
    Shards shards;
    for (const auto& [name, stored] : checkpoint.store().tensors()) {
        const auto expert = splitExpertName(name);
        const auto spec = specs.find(expert ? expert->stack : name);
        const bool quantised = spec != specs.end() && spec->second->quantisable
                               && spec->second->use == TensorUse::Matrix;
        shards[stored.fileName].push_back({.stored = &stored, .quantised = quantised});
    }
    return shards;
}

/// Tokenizer, templates, advice: files of a folder that hold no weights.
std::vector<fs::path> filesBeside(const fs::path& folder) {
    constexpr std::array kWeights = {".safetensors", ".bin", ".pt", ".pth", ".gguf"};
    std::vector<fs::path> files;
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
        const std::string name = entry->path().filename().string();
        if (entry->is_regular_file(error) && name != "config.json"
            && !name.ends_with(".safetensors.index.json")
            && !std::ranges::contains(kWeights, entry->path().extension().string())
            && entry->file_size(error) <= kLargestCopy)
            files.push_back(entry->path());
    }
    return files;
}

/// "M._weight_qdata" of "M.weight".
std::string partName(const std::string& name, const char* part) {
    const std::size_t leaf = name.rfind('.') + 1;
    return std::format("{}_{}_{}", name.substr(0, leaf), name.substr(leaf), part);
}

/// The bf16 bits of one row.
void readRow(const TensorView& view, std::size_t row, std::vector<std::uint16_t>& bits) {
    const std::size_t size = bits.size() * sizeOf(view.type);
    TensorView part = view;
    part.bytes = view.bytes.subspan(row * size, size);
    if (view.type == StoredType::BF16) {
        std::memcpy(bits.data(), part.bytes.data(), size);
        return;
    }
    std::vector<float> numbers(bits.size());
    widenToF32(part, std::as_writable_bytes(std::span(numbers)));
    std::ranges::transform(numbers, bits.begin(), kernels::toBf16Bits);
}

/// Codes to the file; returns the scales. Corrupt where there is no number to quantise.
Expected<std::vector<float>> appendCodes(const Piece& piece, TensorFile& file) {
    const TensorView& view = piece.stored->view;
    const std::int64_t columns = view.shape.back();
    std::vector<std::uint16_t> bits(static_cast<std::size_t>(columns));
    std::vector<std::uint8_t> codes(bits.size());
    std::vector<float> scales;
    for (std::size_t row = 0; row < piece.rows(); ++row) {
        readRow(view, row, bits);
        scales.push_back(kernels::quantiseRow(
            columns, [&](std::int64_t i) { return bits[static_cast<std::size_t>(i)]; },
            [&](std::int64_t i, std::uint8_t code) { codes[static_cast<std::size_t>(i)] = code; }));
        if (!std::isfinite(scales.back()))
            return fail(ErrorKind::Corrupt,
                        std::format("The tensor {} in {} has infinite numbers or none: download "
                                    "the model's weights again.",
                                    piece.stored->ownName, piece.stored->fileName));
        file.append(std::as_bytes(std::span(codes)));
    }
    return scales;
}

class Writer {
public:
    Writer(const Checkpoint& checkpoint, fs::path folder, const QuantizeProgress& progress)
        : checkpoint_(checkpoint)
        , folder_(std::move(folder))
        , progress_(progress)
        , shards_(planShards(checkpoint))
        , rest_(filesBeside(checkpoint.folder())) {}

    /// Of the tensors.
    [[nodiscard]] std::size_t newBytes() const {
        std::size_t sum = 0;
        for (const auto& [file, pieces] : shards_)
            for (const Piece& piece : pieces)
                sum += piece.newBytes();
        return sum;
    }

    /// Of the whole folder, but for headers.
    [[nodiscard]] std::size_t folderBytes() const {
        std::size_t sum = newBytes();
        for (const fs::path& path : rest_) {
            std::error_code error;
            const std::uintmax_t bytes = fs::file_size(path, error);
            sum += error ? 0 : bytes;
        }
        return sum;
    }

    Expected<void> writeAll() {
        for (const auto& [name, pieces] : shards_)
            if (auto written = writeShard(name, pieces); !written)
                return written;
        if (shards_.size() > 1) {
            const OrderedJson index = {{"metadata", {{"total_size", newBytes()}}},
                                       {"weight_map", weightMap_}};
            if (auto written = writeText("model.safetensors.index.json", index); !written)
                return written;
        }
        const Expected<std::string> text =
            readTextFile(checkpoint_.folder() / "config.json", kLargestConfig);
        if (!text)
            return std::unexpected(text.error());
        // It was read once already, when the checkpoint was opened.
        OrderedJson config = OrderedJson::parse(*text, nullptr, false);
        config["quantization_config"] = quantizationConfig();
        if (auto written = writeText("config.json", config); !written)
            return written;
        if (auto copied = copyRest(); !copied)
            return copied;
        return checkpoint_.checkIntact();
    }

private:
    Expected<void> writeShard(const std::string& name, const std::vector<Piece>& pieces) {
        std::vector<TensorFile::Tensor> tensors;
        OrderedJson names = OrderedJson::array();
        TensorFile::Metadata metadata = {{"format", "pt"}};
        for (const Piece& piece : pieces) {
            const TensorView& view = piece.stored->view;
            const std::string& own = piece.stored->ownName;
            names.push_back(own);
            metadata[own] = piece.quantised ? describeQuantized(view.shape)
                                            : std::string(R"({"_type": "Tensor"})");
            if (!piece.quantised) {
                add(tensors, name,
                    {own, std::string(nameOf(view.type)), view.shape, sizeOf(view.type)});
                continue;
            }
            std::vector<std::int64_t> perRow = view.shape;
            perRow.back() = 1;
            add(tensors, name, {partName(own, "qdata"), "F8_E4M3", view.shape, 1});
            add(tensors, name, {partName(own, "scale"), "F32", perRow, 4});
        }
        metadata["tensor_names"] = names.dump();
        auto file = TensorFile::create(folder_ / name, tensors, metadata);
        if (!file)
            return std::unexpected(file.error());
        for (const Piece& piece : pieces) {
            if (piece.quantised) {
                const Expected<std::vector<float>> scales = appendCodes(piece, *file);
                if (!scales)
                    return std::unexpected(scales.error());
                file->append(std::as_bytes(std::span(*scales)));
            } else {
                file->append(piece.stored->view.bytes);
            }
            doneBytes_ += piece.stored->view.bytes.size();
            if (!progress_(doneBytes_, checkpoint_.fileBytes()))
                return fail(ErrorKind::Cancelled, "Interrupted: nothing was written.");
            if (!file->good())
                break;
        }
        return file->close();
    }

    void add(std::vector<TensorFile::Tensor>& tensors, const std::string& file,
             TensorFile::Tensor tensor) {
        weightMap_[tensor.name] = file;
        tensors.push_back(std::move(tensor));
    }

    Expected<void> writeText(const char* name, const OrderedJson& json) {
        std::ofstream file(folder_ / name, std::ios::binary);
        file << json.dump(2) << '\n';
        file.close();
        if (file)
            return {};
        return fail(ErrorKind::NoSpace,
                    std::format("{} could not be written to its end. Free some disk space.", name));
    }

    Expected<void> copyRest() {
        for (const fs::path& path : rest_) {
            std::error_code error;
            if (!fs::copy_file(path, folder_ / path.filename(), error))
                return fail(ErrorKind::NoSpace,
                            std::format("{} could not be copied ({}). Free some disk space and try "
                                        "again.",
                                        path.string(), error.message()));
        }
        return {};
    }

    const Checkpoint& checkpoint_;
    fs::path folder_;
    const QuantizeProgress& progress_;
    Shards shards_;
    std::vector<fs::path> rest_;
    OrderedJson weightMap_ = OrderedJson::object();
    std::size_t doneBytes_ = 0;
};

} // namespace

Expected<void> writeQuantized(const Checkpoint& checkpoint, const fs::path& out,
                              const QuantizeProgress& progress) {
    std::error_code error;
    if (!checkpoint.config().quantization.method.empty() || checkpoint.format().starts_with("FP8"))
        return fail(ErrorKind::Unsupported,
                    std::format("{} is quantised already. Choose the model in BF16.",
                                checkpoint.folder().string()));
    if (fs::equivalent(checkpoint.folder(), out, error))
        return fail(ErrorKind::Denied,
                    std::format("{} is the model's own folder. Name a new one.", out.string()));
    fs::path unfinished = out;
    unfinished += ".unfinished";
    for (const fs::path& path : {out, unfinished})
        if (fs::exists(fs::symlink_status(path, error)))
            return fail(ErrorKind::Denied, std::format("{} is there already. Remove it, or name "
                                                       "another folder.",
                                                       path.string()));
    Writer writer(checkpoint, unfinished, progress);
    const fs::path parent = fs::absolute(out, error).parent_path();
    const fs::space_info space = fs::space(parent, error);
    if (error)
        return fail(ErrorKind::NotFound,
                    std::format("{} cannot be written to. Name a folder inside one that exists.",
                                parent.string()),
                    error.message());
    if (space.available < writer.folderBytes())
        return fail(ErrorKind::NoSpace,
                    std::format("{} are needed in {} and {} are free. Free some disk space.",
                                sizeForPeople(writer.folderBytes()), parent.string(),
                                sizeForPeople(space.available)));
    if (!fs::create_directory(unfinished, error))
        return fail(ErrorKind::Denied,
                    std::format("{} cannot be made. Name a folder that you may write to.",
                                unfinished.string()),
                    error.message());
    Expected<void> written = writer.writeAll();
    if (written) {
        fs::rename(unfinished, out, error);
        if (!error)
            return {};
        written = fail(ErrorKind::Denied,
                       std::format("{} cannot be made. Name another folder.", out.string()));
    }
    std::error_code ignored; // there is nothing left to do about it
    fs::remove_all(unfinished, ignored);
    return written;
}

} // namespace lapidary::cli
