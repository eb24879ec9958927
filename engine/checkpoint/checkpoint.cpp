#include "checkpoint/checkpoint.h"

#include "checkpoint/synthetic_weights.h"
#include "checkpoint/tensor_store.h"
#include "checkpoint/weight_reader.h"
#include "file/text_file.h"

#include <kernels/assert.h>

#include <utility>

namespace lapidary::engine {

namespace {

constexpr std::size_t kLargestConfig = 16U << 20U;

} // namespace

Expected<FolderConfig> readFolderConfig(const std::filesystem::path& folder) {
    const Expected<std::string> text = readTextFile(folder / "config.json", kLargestConfig);
    if (!text && text.error().kind == ErrorKind::NotFound)
        return std::unexpected(foreignFormat(folder).value_or(text.error()));
    if (!text)
        return std::unexpected(text.error());
    Expected<ModelConfig> model = readModelConfig(*text);
    if (!model)
        return std::unexpected(model.error());
    const Expected<std::string> advice =
        readTextFile(folder / "generation_config.json", kLargestConfig);
    if (!advice && advice.error().kind != ErrorKind::NotFound)
        return std::unexpected(advice.error());
    Expected<GenerationConfig> generation = readGenerationConfig(advice.value_or(""), *model);
    if (!generation)
        return std::unexpected(generation.error());
    return FolderConfig{std::move(*model), std::move(*generation)};
}

Checkpoint::Checkpoint() = default;
Checkpoint::Checkpoint(Checkpoint&&) noexcept = default;
Checkpoint& Checkpoint::operator=(Checkpoint&&) noexcept = default;
Checkpoint::~Checkpoint() = default;

Expected<Checkpoint> Checkpoint::open(const std::filesystem::path& folder) {
    Expected<FolderConfig> config = readFolderConfig(folder);
    if (!config)
        return std::unexpected(config.error());
    Checkpoint checkpoint;
    checkpoint.folder_ = folder;
    checkpoint.config_ = std::move(config->model);
    checkpoint.generation_ = std::move(config->generation);
    // A format without a reader is refused before its files are looked at.
    if (Expected<void> method = checkQuantMethod(checkpoint.config_); !method)
        return std::unexpected(method.error());

    Expected<TensorStore> store = TensorStore::open(folder);
    if (!store)
        return std::unexpected(store.error());
    checkpoint.store_ = std::make_unique<TensorStore>(std::move(*store));
    checkpoint.specs_ = listTensors(checkpoint.config_);
    for (std::size_t i = 0; i < checkpoint.specs_.size(); ++i)
        checkpoint.specOf_.emplace(checkpoint.specs_[i].name, i);
    Expected<std::unique_ptr<WeightReader>> reader =
        openWeights(folder, checkpoint.config_, *checkpoint.store_);
    if (!reader)
        return std::unexpected(reader.error());
    checkpoint.reader_ = std::move(*reader);
    if (Expected<void> checked = checkpoint.reader_->check(checkpoint.specs_); !checked)
        return std::unexpected(checked.error());
    return checkpoint;
}

Expected<Checkpoint> Checkpoint::synthetic(ModelConfig config) {
    Checkpoint checkpoint;
    checkpoint.config_ = std::move(config);
    checkpoint.config_.visionTower.reset();
    checkpoint.config_.imageEmbedder.reset();
    checkpoint.config_.bidirectional = Bidirectional::None;
    checkpoint.specs_ = listTensors(checkpoint.config_);
    for (std::size_t i = 0; i < checkpoint.specs_.size(); ++i)
        checkpoint.specOf_.emplace(checkpoint.specs_[i].name, i);
    checkpoint.reader_ = std::make_unique<SyntheticWeights>();
    if (Expected<void> checked = checkpoint.reader_->check(checkpoint.specs_); !checked)
        return std::unexpected(checked.error());
    return checkpoint;
}

std::string Checkpoint::format() const {
    return reader_->format();
}

std::size_t Checkpoint::fileBytes() const {
    return store_ ? store_->fileBytes() : 0;
}

kernels::WeightFormat Checkpoint::packedFormat(const TensorSpec& spec, WeightChoice weights) const {
    return weights == WeightChoice::Fp8 && spec.quantisable ? kernels::WeightFormat::Fp8
                                                            : reader_->weightFormat(spec);
}

std::size_t Checkpoint::packedBytes(const TensorSpec& spec, WeightChoice weights) const {
    const kernels::WeightFormat format = packedFormat(spec, weights);
    const std::int64_t scales =
        format == kernels::WeightFormat::Fp8 ? spec.elements() / spec.shape.back() : 0;
    return static_cast<std::size_t>(spec.elements()) * elementSize(format)
           + static_cast<std::size_t>(scales) * sizeof(float);
}

bool Checkpoint::has(std::string_view name) const {
    const auto found = specOf_.find(name);
    return found != specOf_.end() && specs_[found->second].use != TensorUse::Ignored;
}

const TensorSpec& Checkpoint::spec(std::string_view name) const {
    const auto found = specOf_.find(name);
    LAPIDARY_ASSERT(found != specOf_.end());
    return specs_[found->second];
}

Expected<kernels::WeightSource> Checkpoint::weight(std::string_view name) const {
    const TensorSpec& wanted = spec(name);
    LAPIDARY_ASSERT(wanted.use == TensorUse::Matrix);
    Expected<kernels::WeightSource> source = reader_->weight(wanted);
    if (Expected<void> intact = checkIntact(); !intact)
        return std::unexpected(intact.error());
    return source;
}

Expected<std::vector<float>> Checkpoint::values(std::string_view name) const {
    const TensorSpec& wanted = spec(name);
    LAPIDARY_ASSERT(wanted.use == TensorUse::Values);
    std::vector<float> values = reader_->values(wanted);
    if (Expected<void> intact = checkIntact(); !intact)
        return std::unexpected(intact.error());
    return values;
}

Expected<void> Checkpoint::checkIntact() const {
    return store_ ? store_->checkIntact() : Expected<void>();
}

} // namespace lapidary::engine
