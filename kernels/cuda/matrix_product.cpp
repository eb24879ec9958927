#include "cuda/matrix_product.h"

#include <format>

namespace lapidary::kernels::cuda {

namespace {

constexpr std::size_t kWorkspace = std::size_t{32} << 20U; // what NVIDIA advises for Hopper

} // namespace

struct MatrixProduct::Plan {
    cublasLtMatmulDesc_t operation = nullptr;
    cublasLtMatrixLayout_t w = nullptr;
    cublasLtMatrixLayout_t x = nullptr;
    cublasLtMatrixLayout_t y = nullptr;
    cublasLtMatmulAlgo_t algorithm = {};

    Plan() = default;
    Plan(const Plan&) = delete;
    Plan& operator=(const Plan&) = delete;
    ~Plan() {
        cublasLtMatrixLayoutDestroy(y);
        cublasLtMatrixLayoutDestroy(x);
        cublasLtMatrixLayoutDestroy(w);
        cublasLtMatmulDescDestroy(operation);
    }
};

MatrixProduct::MatrixProduct(Stream& stream) : stream_(stream) {
    if (cublasLtCreate(&handle_) != CUBLAS_STATUS_SUCCESS)
        stream_.check(cudaErrorInitializationError, "starting cuBLASLt");
    stream_.check(cudaMalloc(&workspace_, kWorkspace), "taking the workspace of cuBLASLt");
}

MatrixProduct::~MatrixProduct() {
    plans_.clear();
    cudaFree(workspace_);
    if (handle_ != nullptr)
        cublasLtDestroy(handle_);
}

const MatrixProduct::Plan* MatrixProduct::planFor(std::int64_t rows, std::int64_t channels,
                                                  std::int64_t columns, bool single) {
    const auto key = std::tuple(rows, channels, columns, single);
    if (const auto found = plans_.find(key); found != plans_.end())
        return found->second.get();

    // cuBLASLt is column-major: y [rows, channels] is channels × rows there, W is transposed.
    auto plan = std::make_unique<Plan>();
    const auto u = [](std::int64_t value) { return static_cast<std::uint64_t>(value); };
    cublasLtMatmulDescCreate(&plan->operation, CUBLAS_COMPUTE_32F, CUDA_R_32F);
    const cublasOperation_t transposed = CUBLAS_OP_T;
    cublasLtMatmulDescSetAttribute(plan->operation, CUBLASLT_MATMUL_DESC_TRANSA, &transposed,
                                   sizeof transposed);
    cublasLtMatrixLayoutCreate(&plan->w, CUDA_R_16BF, u(columns), u(channels), columns);
    cublasLtMatrixLayoutCreate(&plan->x, CUDA_R_16BF, u(columns), u(rows), columns);
    cublasLtMatrixLayoutCreate(&plan->y, single ? CUDA_R_32F : CUDA_R_16BF, u(channels), u(rows),
                               channels);

    cublasLtMatmulPreference_t preference = nullptr;
    cublasLtMatmulPreferenceCreate(&preference);
    cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                         &kWorkspace, sizeof kWorkspace);
    // Weights may begin anywhere that a file puts them.
    const std::uint32_t alignment = 16;
    cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES,
                                         &alignment, sizeof alignment);
    cublasLtMatmulHeuristicResult_t best = {};
    int found = 0;
    const cublasStatus_t status = cublasLtMatmulAlgoGetHeuristic(
        handle_, plan->operation, plan->w, plan->x, plan->y, plan->y, preference, 1, &best, &found);
    cublasLtMatmulPreferenceDestroy(preference);
    if (status != CUBLAS_STATUS_SUCCESS || found == 0) {
        stream_.check(cudaErrorNotSupported, std::format("cuBLASLt has no product of {} x {} x {}",
                                                         rows, channels, columns));
        return nullptr;
    }
    plan->algorithm = best.algo;
    return (plans_[key] = std::move(plan)).get();
}

void MatrixProduct::run(const Bf16* w, const Bf16* x, std::int64_t rows, std::int64_t channels,
                        std::int64_t columns, void* y, bool single) {
    const Plan* plan = planFor(rows, channels, columns, single);
    if (plan == nullptr)
        return;
    const float one = 1;
    const float zero = 0;
    if (cublasLtMatmul(handle_, plan->operation, &one, w, plan->w, x, plan->x, &zero, y, plan->y, y,
                       plan->y, &plan->algorithm, workspace_, kWorkspace, stream_.handle())
        != CUBLAS_STATUS_SUCCESS)
        stream_.check(cudaErrorUnknown, "a matrix product of cuBLASLt");
}

} // namespace lapidary::kernels::cuda
