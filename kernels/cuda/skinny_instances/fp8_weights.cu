#include "cuda/skinny_kernel.cuh"

namespace lapidary::kernels::cuda {

template int runSkinny<ProductFormat::Fp8Weights>(SkinnyOutput, const SkinnyLaunch&, cudaStream_t);

} // namespace lapidary::kernels::cuda
