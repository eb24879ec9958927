#pragma once

#include "cuda/cublas_lt.h"
#include "cuda/launch.h"
#include "cuda/stream.h"

#include <cstdint>
#include <map>
#include <tuple>

namespace lapidary::kernels::cuda {

/// w [channels, columns], x [rows, columns], both bf16, or both e4m3 with scales [channels] and
/// [rows]; y [rows, channels] bf16, or f32 where `single`.
struct LargeProduct {
    const void* w = nullptr;
    const float* wScales = nullptr; ///< null: bf16
    const void* x = nullptr;
    const float* xScales = nullptr;
    void* y = nullptr;
    std::int64_t rows = 0, channels = 0, columns = 0;
    bool single = false;
};

/// y = W x for many rows, by cuBLASLt. The algorithm of a shape is chosen once, by the library's
/// own estimate and not by timing, so that a run repeats bit for bit.
class MatrixProduct {
public:
    MatrixProduct(Stream& stream, const CublasLt& library);
    MatrixProduct(const MatrixProduct&) = delete;
    MatrixProduct& operator=(const MatrixProduct&) = delete;
    ~MatrixProduct();

    /// Whether the card multiplies e4m3 with a scale a row on both sides: compute capability 9.0
    /// alone (formats.md 9.2).
    [[nodiscard]] bool multipliesCodes() const { return multipliesCodes_; }

    void run(const LargeProduct& product);

private:
    struct Plan;
    const Plan* planFor(const LargeProduct& product);

    Stream& stream_;
    const CublasLt& library_;
    cublasLtHandle_t handle_ = nullptr;
    void* workspace_ = nullptr;
    bool multipliesCodes_;
    std::map<std::tuple<std::int64_t, std::int64_t, std::int64_t, bool, bool>,
             std::unique_ptr<Plan>>
        plans_;
};

} // namespace lapidary::kernels::cuda
