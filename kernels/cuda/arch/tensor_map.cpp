#include "cuda/arch/tensor_map.h"

#include <array>

#include <cudaTypedefs.h>

namespace lapidary::kernels::cuda {

cudaError_t makeTensorMap(const TensorBoxes& boxes, TensorMap& map) {
    // The driver is not linked: programs start where there is none.
    static const auto encode = [] {
        void* function = nullptr;
        cudaDriverEntryPointQueryResult found{};
        if (cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &function, 12000,
                                             cudaEnableDefault, &found)
                != cudaSuccess
            || found != cudaDriverEntryPointSuccess) {
            cudaGetLastError(); // it is told here, and is not the next call's
            function = nullptr;
        }
        return reinterpret_cast<PFN_cuTensorMapEncodeTiled_v12000>(function);
    }();
    if (encode == nullptr)
        return cudaErrorNotSupported;
    static_assert(sizeof(map) == sizeof(CUtensorMap));
    constexpr std::array<cuuint32_t, 5> kEvery = {1, 1, 1, 1, 1};
    const CUresult made =
        encode(reinterpret_cast<CUtensorMap*>(&map),
               boxes.halves ? CU_TENSOR_MAP_DATA_TYPE_BFLOAT16 : CU_TENSOR_MAP_DATA_TYPE_UINT8,
               static_cast<cuuint32_t>(boxes.sizes.size()), const_cast<void*>(boxes.tensor),
               boxes.sizes.data(), boxes.strides.data(), boxes.box.data(), kEvery.data(),
               CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B,
               CU_TENSOR_MAP_L2_PROMOTION_L2_128B, CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
    return static_cast<cudaError_t>(made); // the runtime's numbers are the driver's
}

} // namespace lapidary::kernels::cuda
