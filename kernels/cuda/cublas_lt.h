#pragma once

#include "error.h"

#include <cublasLt.h>

#include <span>
#include <string>

namespace lapidary::kernels::cuda {

/// The calls of cuBLASLt that are used. The library is half a gigabyte and not part of the driver,
/// so it is looked for once a card is: the program starts without it.
struct CublasLt {
    decltype(&cublasLtCreate) create = nullptr;
    decltype(&cublasLtDestroy) destroy = nullptr;
    decltype(&cublasLtMatmulDescCreate) descCreate = nullptr;
    decltype(&cublasLtMatmulDescDestroy) descDestroy = nullptr;
    decltype(&cublasLtMatmulDescSetAttribute) descSetAttribute = nullptr;
    decltype(&cublasLtMatrixLayoutCreate) layoutCreate = nullptr;
    decltype(&cublasLtMatrixLayoutDestroy) layoutDestroy = nullptr;
    decltype(&cublasLtMatmulPreferenceCreate) preferenceCreate = nullptr;
    decltype(&cublasLtMatmulPreferenceDestroy) preferenceDestroy = nullptr;
    decltype(&cublasLtMatmulPreferenceSetAttribute) preferenceSetAttribute = nullptr;
    decltype(&cublasLtMatmulAlgoGetHeuristic) heuristic = nullptr;
    decltype(&cublasLtMatmul) matmul = nullptr;

    /// The library beside the program, of the system, or of NVIDIA's toolkit; kept until the
    /// process ends. Unsupported, with the remedy, where there is none. Any thread.
    [[nodiscard]] static const Expected<CublasLt>& find();

    /// The first of `files` that can be loaded; a name without a folder is looked for where the
    /// system looks.
    [[nodiscard]] static Expected<CublasLt> load(std::span<const std::string> files);
};

} // namespace lapidary::kernels::cuda
