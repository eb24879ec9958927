#pragma once

#include "cuda/launch.h"
#include "cuda/stream.h"

#include <cublasLt.h>

#include <cstdint>
#include <map>
#include <tuple>

namespace lapidary::kernels::cuda {

/// y = W x for many rows, by cuBLASLt. The algorithm of a shape is chosen once, by the library's
/// own estimate and not by timing, so that a run repeats bit for bit.
class MatrixProduct {
public:
    explicit MatrixProduct(Stream& stream);
    MatrixProduct(const MatrixProduct&) = delete;
    MatrixProduct& operator=(const MatrixProduct&) = delete;
    ~MatrixProduct();

    /// w [channels, columns] bf16, x [rows, columns] bf16, y [rows, channels] bf16 or f32
    void run(const Bf16* w, const Bf16* x, std::int64_t rows, std::int64_t channels,
             std::int64_t columns, void* y, bool single);

private:
    struct Plan;
    const Plan* planFor(std::int64_t rows, std::int64_t channels, std::int64_t columns,
                        bool single);

    Stream& stream_;
    cublasLtHandle_t handle_ = nullptr;
    void* workspace_ = nullptr;
    std::map<std::tuple<std::int64_t, std::int64_t, std::int64_t, bool>, std::unique_ptr<Plan>>
        plans_;
};

} // namespace lapidary::kernels::cuda
