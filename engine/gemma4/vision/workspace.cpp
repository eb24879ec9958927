#include "gemma4/vision/workspace.h"

#include <bit>
#include <utility>

namespace lapidary::engine {

using kernels::DType;
using kernels::Tensor;

namespace {

/// To nearest, ties to even; pixels are finite.
std::uint16_t toBf16(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    return static_cast<std::uint16_t>((bits + 0x7FFFU + ((bits >> 16U) & 1U)) >> 16U);
}

} // namespace

Tensor Workspace::take(DType type, std::initializer_list<std::int64_t> shape) {
    Tensor tensor(nullptr, type, shape);
    if (error_)
        return tensor;
    auto buffer = backend_.allocate(tensor.bytes());
    if (!buffer) {
        error_ = std::move(buffer).error();
        return tensor;
    }
    tensor.data = buffer->memory.get();
    buffers_.push_back(std::move(*buffer));
    return tensor;
}

Tensor Workspace::take(std::span<const std::int32_t> indices) {
    const Tensor tensor = take(DType::I32, {static_cast<std::int64_t>(indices.size())});
    if (!tensor.empty())
        backend_.upload(std::as_bytes(indices), tensor);
    return tensor;
}

Tensor Workspace::take(std::span<const float> pixels, std::int64_t rows) {
    const Tensor tensor = take({rows, static_cast<std::int64_t>(pixels.size()) / rows});
    if (tensor.empty())
        return tensor;
    if (tensor.dtype == DType::F32) {
        backend_.upload(std::as_bytes(pixels), tensor);
        return tensor;
    }
    std::vector<std::uint16_t> rounded;
    rounded.reserve(pixels.size());
    for (const float pixel : pixels)
        rounded.push_back(toBf16(pixel));
    backend_.upload(std::as_bytes(std::span(rounded)), tensor);
    return tensor;
}

Expected<void> Workspace::finish() const {
    if (error_)
        return std::unexpected(*error_);
    return {};
}

} // namespace lapidary::engine
