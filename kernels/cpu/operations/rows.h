#pragma once

#include "assert.h"
#include "tensor.h"

#include <cstdint>

namespace lapidary::kernels {

/// The numbers of a tensor of f32 or i32; the row r begins at r · rowSize().
inline float* floats(const Tensor& tensor) {
    LAPIDARY_ASSERT(!tensor.empty() && tensor.dtype == DType::F32);
    return static_cast<float*>(tensor.data);
}

inline std::int32_t* integers(const Tensor& tensor) {
    LAPIDARY_ASSERT(!tensor.empty() && tensor.dtype == DType::I32);
    return static_cast<std::int32_t*>(tensor.data);
}

inline float* rowOf(const Tensor& tensor, std::int64_t row) {
    return floats(tensor) + row * tensor.rowSize();
}

inline bool isVector(const Tensor& tensor, std::int64_t width) {
    return !tensor.empty() && tensor.dtype == DType::F32 && tensor.elements() == width;
}

/// The size of the last dimension.
inline std::int64_t widthOf(const Tensor& tensor) {
    LAPIDARY_ASSERT(tensor.rank > 0);
    return tensor.shape[static_cast<std::size_t>(tensor.rank - 1)];
}

} // namespace lapidary::kernels
