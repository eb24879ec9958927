#include "cuda/matrix_product.h"

#include <format>

namespace lapidary::kernels::cuda {

namespace {

constexpr std::size_t kWorkspace = std::size_t{32} << 20U; // what NVIDIA advises for Hopper

/// What was behind a failure of the library. A full card fails in many ways: kernels are loaded as
/// they are first used.
cudaError_t reasonOf(cublasStatus_t status) {
    const cudaError_t last = cudaGetLastError();
    if (status == CUBLAS_STATUS_ALLOC_FAILED)
        return cudaErrorMemoryAllocation;
    return last != cudaSuccess ? last : cudaErrorUnknown;
}

} // namespace

struct MatrixProduct::Plan {
    const CublasLt& library;
    cublasLtMatmulDesc_t operation = nullptr;
    cublasLtMatrixLayout_t w = nullptr;
    cublasLtMatrixLayout_t x = nullptr;
    cublasLtMatrixLayout_t y = nullptr;
    cublasLtMatmulAlgo_t algorithm = {};

    explicit Plan(const CublasLt& calls) : library(calls) {}
    Plan(const Plan&) = delete;
    Plan& operator=(const Plan&) = delete;

    /// Where the scales of this call lie.
    void scale(const LargeProduct& product) const {
        library.descSetAttribute(operation, CUBLASLT_MATMUL_DESC_A_SCALE_POINTER, &product.wScales,
                                 sizeof product.wScales);
        library.descSetAttribute(operation, CUBLASLT_MATMUL_DESC_B_SCALE_POINTER, &product.xScales,
                                 sizeof product.xScales);
    }

    ~Plan() {
        library.layoutDestroy(y);
        library.layoutDestroy(x);
        library.layoutDestroy(w);
        library.descDestroy(operation);
    }
};

MatrixProduct::MatrixProduct(Stream& stream, const CublasLt& library)
    : stream_(stream), library_(library), multipliesCodes_(stream.capability() == 90) {
    stream_.check(cudaMalloc(&workspace_, kWorkspace), "taking the workspace of cuBLASLt");
    if (const cublasStatus_t made = library_.create(&handle_); made != CUBLAS_STATUS_SUCCESS)
        stream_.check(reasonOf(made), "starting cuBLASLt");
}

MatrixProduct::~MatrixProduct() {
    plans_.clear();
    cudaFree(workspace_);
    if (handle_ != nullptr)
        library_.destroy(handle_);
}

const MatrixProduct::Plan* MatrixProduct::planFor(const LargeProduct& product) {
    const auto& [rows, channels, columns] =
        std::tie(product.rows, product.channels, product.columns);
    const bool codes = product.wScales != nullptr;
    const auto key = std::tuple(rows, channels, columns, product.single, codes);
    if (const auto found = plans_.find(key); found != plans_.end())
        return found->second.get();

    // cuBLASLt is column-major: y [rows, channels] is channels × rows there, W is transposed.
    auto plan = std::make_unique<Plan>(library_);
    const auto u = [](std::int64_t value) { return static_cast<std::uint64_t>(value); };
    library_.descCreate(&plan->operation, CUBLAS_COMPUTE_32F, CUDA_R_32F);
    const cublasOperation_t transposed = CUBLAS_OP_T;
    library_.descSetAttribute(plan->operation, CUBLASLT_MATMUL_DESC_TRANSA, &transposed,
                              sizeof transposed);
    if (codes) {
        const cublasLtMatmulMatrixScale_t perRow = CUBLASLT_MATMUL_MATRIX_SCALE_OUTER_VEC_32F;
        library_.descSetAttribute(plan->operation, CUBLASLT_MATMUL_DESC_A_SCALE_MODE, &perRow,
                                  sizeof perRow);
        library_.descSetAttribute(plan->operation, CUBLASLT_MATMUL_DESC_B_SCALE_MODE, &perRow,
                                  sizeof perRow);
        plan->scale(product);
    }
    const cudaDataType_t input = codes ? CUDA_R_8F_E4M3 : CUDA_R_16BF;
    library_.layoutCreate(&plan->w, input, u(columns), u(channels), columns);
    library_.layoutCreate(&plan->x, input, u(columns), u(rows), columns);
    library_.layoutCreate(&plan->y, product.single ? CUDA_R_32F : CUDA_R_16BF, u(channels), u(rows),
                          channels);

    cublasLtMatmulPreference_t preference = nullptr;
    library_.preferenceCreate(&preference);
    library_.preferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                    &kWorkspace, sizeof kWorkspace);
    // Weights may begin anywhere that a file puts them.
    const std::uint32_t alignment = 16;
    library_.preferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES,
                                    &alignment, sizeof alignment);
    cublasLtMatmulHeuristicResult_t best = {};
    int found = 0;
    const cublasStatus_t status = library_.heuristic(
        handle_, plan->operation, plan->w, plan->x, plan->y, plan->y, preference, 1, &best, &found);
    library_.preferenceDestroy(preference);
    if (status != CUBLAS_STATUS_SUCCESS || found == 0) {
        stream_.check(cudaErrorNotSupported, std::format("cuBLASLt has no product of {} x {} x {}",
                                                         rows, channels, columns));
        return nullptr;
    }
    plan->algorithm = best.algo;
    return (plans_[key] = std::move(plan)).get();
}

void MatrixProduct::run(const LargeProduct& product) {
    const Plan* plan = planFor(product);
    if (plan == nullptr)
        return;
    if (product.wScales != nullptr)
        plan->scale(product);
    void* const y = product.y;
    const float one = 1;
    const float zero = 0;
    const cublasStatus_t queued = library_.matmul(
        handle_, plan->operation, &one, product.w, plan->w, product.x, plan->x, &zero, y, plan->y,
        y, plan->y, &plan->algorithm, workspace_, kWorkspace, stream_.handle());
    if (queued != CUBLAS_STATUS_SUCCESS)
        stream_.check(reasonOf(queued), "a matrix product of cuBLASLt");
}

} // namespace lapidary::kernels::cuda
