#include "gemma4/tensor_loader.h"

#include "checkpoint/checkpoint.h"
#include "memory/footprint.h"

#include <kernels/assert.h>

#include <algorithm>
#include <utility>

namespace lapidary::engine {

using kernels::Tensor;
using kernels::Weight;
using kernels::WeightSource;

TensorLoader::TensorLoader(const Checkpoint& checkpoint, kernels::Backend& backend,
                           WeightChoice weights, Progress progress, std::stop_token stop)
    : checkpoint_(checkpoint)
    , backend_(backend)
    , weights_(weights)
    , progress_(std::move(progress))
    , stop_(std::move(stop))
    , packer_(backend.packer(
          weightBytes(checkpoint, weights, sizeOf(backend.activationType())).matrices,
          [this](std::size_t bytes) {
              count(bytes);
              return !stop_.stop_requested();
          })) {}

bool TensorLoader::has(const std::string& name) const {
    return checkpoint_.has(name);
}

Weight TensorLoader::matrix(const std::string& name) {
    const auto whole = source(name);
    return whole ? pack(name, *whole) : Weight{};
}

std::vector<Weight> TensorLoader::matrixParts(const std::string& name, std::int64_t parts) {
    std::vector<Weight> result(static_cast<std::size_t>(parts));
    const auto whole = source(name);
    if (!whole)
        return result;
    LAPIDARY_ASSERT(whole->rows % parts == 0 && whole->parts.empty());
    const std::size_t bytes = whole->data.size() / result.size();
    for (std::size_t i = 0; i < result.size(); ++i) {
        WeightSource part = *whole;
        part.rows = whole->rows / parts;
        part.data = whole->data.subspan(i * bytes, bytes);
        if (!whole->scales.empty())
            part.scales = whole->scales.subspan(i * static_cast<std::size_t>(part.rows),
                                                static_cast<std::size_t>(part.rows));
        result[i] = pack(name, part);
    }
    return result;
}

Weight TensorLoader::table(const std::string& name) {
    const auto whole = source(name);
    if (!whole)
        return {};
    auto weight = accept(backend_.keep(*whole));
    return weight ? std::move(*weight) : Weight{};
}

Tensor TensorLoader::vector(const std::string& name) {
    if (error_)
        return {};
    const auto values = accept(checkpoint_.values(name));
    return values ? vector(*values) : Tensor{};
}

Tensor TensorLoader::vector(std::span<const float> values) {
    if (error_)
        return {};
    auto buffer = accept(backend_.allocate(values.size_bytes()));
    if (!buffer)
        return {};
    const Tensor tensor(buffer->memory.get(), kernels::DType::F32,
                        {static_cast<std::int64_t>(values.size())});
    backend_.upload(std::as_bytes(values), tensor);
    packedBytes_ += values.size_bytes();
    memory_.push_back(std::move(*buffer));
    count(values.size_bytes());
    return tensor;
}

float TensorLoader::scalar(const std::string& name) {
    if (error_)
        return 0;
    const auto values = accept(checkpoint_.values(name));
    LAPIDARY_ASSERT(!values || values->size() == 1);
    packedBytes_ += sizeof(float);
    count(sizeof(float));
    return values ? values->front() : 0;
}

Expected<std::vector<kernels::Buffer>> TensorLoader::finish() {
    if (error_)
        return std::unexpected(*error_);
    if (auto done = packer_->finish(); !done)
        return std::unexpected(done.error());
    if (auto done = backend_.wait(); !done)
        return std::unexpected(done.error());
    if (auto intact = checkpoint_.checkIntact(); !intact)
        return std::unexpected(intact.error());
    return std::move(memory_);
}

template <class T>
std::optional<T> TensorLoader::accept(Expected<T> result) {
    if (!result) {
        error_ = std::move(result).error();
        return std::nullopt;
    }
    return std::move(*result);
}

std::optional<WeightSource> TensorLoader::source(const std::string& name) {
    if (!goOn())
        return std::nullopt;
    return accept(checkpoint_.weight(name));
}

Weight TensorLoader::pack(const std::string& name, const WeightSource& source) {
    if (!goOn())
        return {};
    const auto format = checkpoint_.packedFormat(checkpoint_.spec(name), weights_);
    const std::int64_t rows = source.experts * source.rows;
    // Cards round f32 to bf16.
    const std::size_t number =
        std::min(kernels::elementSize(format), sizeOf(backend_.activationType()));
    packedBytes_ += static_cast<std::size_t>(rows * source.columns) * number;
    if (format == kernels::WeightFormat::Fp8)
        packedBytes_ += static_cast<std::size_t>(rows) * sizeof(float);
    auto weight = accept(packer_->pack(name, source, format));
    return weight ? std::move(*weight) : Weight{};
}

bool TensorLoader::goOn() {
    if (!error_ && stop_.stop_requested())
        error_ = Error{.kind = ErrorKind::Cancelled, .sentence = "Loading was cancelled."};
    return !error_;
}

void TensorLoader::count(std::size_t bytes) {
    doneBytes_ += bytes;
    if (progress_)
        progress_(doneBytes_);
}

} // namespace lapidary::engine
