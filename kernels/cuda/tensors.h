#pragma once

#include "assert.h"
#include "cuda/launch.h"
#include "tensor.h"

#include <cstdint>

/// What kernels take of a Tensor; a wrong type is a bug.
namespace lapidary::kernels::cuda {

inline Bf16* halves(const Tensor& tensor) {
    LAPIDARY_ASSERT(!tensor.empty() && tensor.dtype == DType::BF16);
    return static_cast<Bf16*>(tensor.data);
}

inline float* floats(const Tensor& tensor) {
    LAPIDARY_ASSERT(!tensor.empty() && tensor.dtype == DType::F32);
    return static_cast<float*>(tensor.data);
}

inline float* floatsOrNone(const Tensor& tensor) {
    return tensor.empty() ? nullptr : floats(tensor);
}

inline std::int32_t* integers(const Tensor& tensor) {
    LAPIDARY_ASSERT(!tensor.empty() && tensor.dtype == DType::I32);
    return static_cast<std::int32_t*>(tensor.data);
}

inline int narrow(std::int64_t value) {
    return static_cast<int>(value);
}

/// Copies of 16 bytes need rows of bf16 that begin on 16 bytes.
inline bool vectorised(std::int64_t width) {
    return width % 8 == 0;
}

} // namespace lapidary::kernels::cuda
